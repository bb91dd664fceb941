"""Samples in memory written as a data set: letters, collected captchas, captchas with new labels."""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from filelock import FileLock

from captcha_core.dataset.labels import LOG
from captcha_core.dataset.split import DEFAULT_SPLIT, KEEP, KEY_DIGITS, found_rule
from captcha_core.dataset.store import MANIFEST, Dataset, Plan
from captcha_core.dataset.writer import write_dataset
from captcha_core.errors import DataError
from captcha_core.files import replace_folder, require_replaceable
from captcha_core.journal import Journal
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

SHARD_ROWS = 2000


def write_samples(
    folder: Path, spec: CaptchaSpec, samples: Sequence[Sample], source: str, split: str = DEFAULT_SPLIT
) -> Dataset:
    """Write samples as a data set.

    Args:
        folder: New, or empty.
        spec: What the samples are.
        samples: Labelled or not, at least one.
        source: How they came about, for ``dataset.json``.
        split: Shares, counts, or ``keep`` for the split that each sample's origin names.

    Raises:
        DataError: If there is no sample, or the folder cannot be written.
    """
    if not samples:
        raise DataError(f"expected samples to write into {folder}, received none; collect or label some first.")
    keys = [int(sample.id[:KEY_DIGITS], 16) for sample in samples]
    found = hashlib.sha256(json.dumps([[sample.id, sample.text] for sample in samples]).encode()).hexdigest()
    plan = Plan(
        source=source,
        spec=spec,
        count=len(samples),
        split=found_rule(split, "content", keys),
        found=found,
        shard_size=SHARD_ROWS,
        generator=f"{source} 1",
    )
    return write_dataset(folder, plan, lambda indices: [samples[index] for index in indices])


def replace_samples(folder: Path, spec: CaptchaSpec, samples: Sequence[Sample], source: str) -> Dataset:
    """Write samples as :func:`write_samples` does, in place of an older data set of the same source.

    The new one is written beside the old one and swapped in, so the folder is never without a whole data set for
    longer than a rename takes; a kill within that is repaired by :func:`recover`. Labels that people gave in the old
    one stay: its log moves on to the new one. Two processes at once must take turns by :func:`locked`.

    Raises:
        DataError: If the folder holds anything else, or this process works in it.
    """
    named, folder = folder, require_replaceable(folder)
    recover(folder)
    there = Dataset.open(folder).manifest.source if (folder / MANIFEST).is_file() else None
    if there != source and folder.exists() and any(folder.iterdir()):
        what = f"a data set made by {there}" if there else "other files"
        raise DataError(f"expected a new folder or an older result in {folder}, received {what}; choose another --out.")
    fresh, old = _beside(folder)
    write_samples(fresh, spec, samples, source, KEEP)
    with Journal(folder / LOG).lock() if folder.exists() else contextlib.nullcontext():
        if (folder / LOG).is_file():
            Journal(fresh / LOG).append_bytes((folder / LOG).read_bytes())
        replace_folder(fresh, folder, old)
    return Dataset.open(named)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a folder that is to be replaced: another process that replaces it waits."""
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        yield


def recover(folder: Path) -> None:
    """Put the older data set back if a kill came while it was replaced, and remove what else that left."""
    fresh, old = _beside(folder)
    if old.exists() and not (folder / MANIFEST).is_file():
        log, lock = folder / LOG, folder / f"{LOG}.lock"
        if folder.exists() and {*folder.iterdir()} - {log, lock}:
            return  # these are another person's files
        if log.is_file():  # a label was given in that very moment
            Journal(old / LOG).append_bytes(log.read_bytes())
        shutil.rmtree(folder, ignore_errors=True)
        old.rename(folder)
    for rest in (fresh, old):
        shutil.rmtree(rest, ignore_errors=True)


def _beside(folder: Path) -> tuple[Path, Path]:
    folder = folder.resolve()  # hidden: NAME.old may be what a person put there
    return folder.with_name(f".{folder.name}.new"), folder.with_name(f".{folder.name}.old")


def with_split(sample: Sample, split: str) -> Sample:
    """Return the sample with the split named in its origin, as ``keep`` wants it."""
    return replace(sample, origin={**sample.origin, "split": split})
