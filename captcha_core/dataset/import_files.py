"""Labelled files become a data set: survey, specification, split, shards, and the list of what was left out."""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from captcha_core.dataset.split import DEFAULT_SPLIT, KEEP, SPLITS, found_rule, key_of
from captcha_core.dataset.store import Dataset, Plan
from captcha_core.dataset.writer import write_dataset
from captcha_core.errors import DataError, disk_error
from captcha_core.files import no_formula, write_file
from captcha_core.sources.archive import Files
from captcha_core.sources.folders import Entry, Listing, read_sample
from captcha_core.sources.import_survey import Survey
from captcha_core.sources.labels.reading import Reject
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

SHARD_BYTES = 32 * 2**20
SHARD_ROWS = 2000
REJECTS = "rejects.csv"


@dataclass(frozen=True)
class FoundSamples:
    """Gives the surveyed files of a range as samples; the contents must still be those that were surveyed."""

    files: Files
    entries: Sequence[Entry]
    ids: Sequence[str]

    def __call__(self, indices: range) -> list[Sample]:
        """Return the samples of these indices."""
        samples = []
        for index in indices:
            sample = read_sample(self.files, self.entries[index])
            if sample.id != self.ids[index]:
                name = self.entries[index].name
                raise DataError(f"expected {name} to stay as it was, received a changed file; import again.")
            samples.append(sample)
        return samples


def write_import(
    folder: Path,
    listing: Listing,
    seen: Survey,
    spec: CaptchaSpec,
    *,
    split: str = DEFAULT_SPLIT,
    split_by: Literal["content", "text"] = "content",
    progress: Callable[[int], None] = lambda _: None,
) -> Dataset:
    """Write surveyed files as a data set, and ``rejects.csv`` beside it where something was left out.

    Raises:
        SpecError: If the split cannot be.
        DataError: If the folder holds something else or cannot be written, or a split that is kept is none.
    """
    if split == KEEP:
        _check_splits(seen.entries)
    keys = [key_of(file.id, file.entry.text, split_by) for file in seen.files]
    mean_bytes = max(1, seen.media_bytes // max(1, len(seen.files)))
    plan = Plan(
        source="import",
        spec=spec,
        count=len(seen.files),
        split=found_rule(split, split_by, keys),
        found=_hash_found(seen),
        shard_size=max(1, min(SHARD_ROWS, SHARD_BYTES // mean_bytes)),
        generator="import 1",
    )
    draw = FoundSamples(listing.files, seen.entries, seen.ids)
    dataset = write_dataset(folder, plan, draw, progress=progress)
    if seen.rejects:
        _write_rejects(folder / REJECTS, seen.rejects)
    else:
        (folder / REJECTS).unlink(missing_ok=True)  # of an earlier import, before its faults were corrected
    return dataset


def _check_splits(entries: Sequence[Entry]) -> None:
    odd = next((entry for entry in entries if entry.split not in (None, *SPLITS)), None)
    if odd is not None:
        raise DataError(
            f"expected train, validation or test for every file whose split is kept, received {odd.split!r} for "
            f"{odd.name}; correct the column, or leave --split {KEEP} out."
        )


def _hash_found(seen: Survey) -> str:
    """Return a hash of every name, content and label, by which a stopped import is known again."""
    total = hashlib.sha256()
    for file in seen.files:
        entry = file.entry
        total.update(json.dumps([entry.name, file.id, entry.text, entry.split]).encode())
    return total.hexdigest()


def _write_rejects(path: Path, rejects: Sequence[Reject]) -> None:
    """Write file and reason of everything that was left out, as a CSV.

    Raises:
        DataError: If the disk does not take it.
    """
    file = io.StringIO(newline="")
    table = csv.writer(file)
    table.writerow(["file", "reason"])
    table.writerows(
        (no_formula(reject.name), no_formula(reject.reason)) for reject in sorted(rejects, key=lambda r: r.name)
    )
    try:
        write_file(path, file.getvalue().encode(errors="backslashreplace"))
    except OSError as error:
        raise disk_error(path, error) from None
