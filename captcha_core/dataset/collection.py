"""Captchas as they are collected, one file each, so that a stopped collection continues where it stood."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.store import Dataset
from captcha_core.errors import DataError, disk_error
from captcha_core.files import write_file
from captcha_core.journal import Journal
from captcha_core.media.sniff import suffix_of
from captcha_core.sources.folders import list_labelled
from captcha_core.sources.import_spec import SpecOverrides, spec_of
from captcha_core.sources.import_survey import survey
from captcha_core.spec.sample import Sample


@dataclass(frozen=True)
class CollectionBuffer:
    """The folder beside a data set that is yet to be written.

    Args:
        out: Folder of the data set; the buffer is ``OUT.part``.

    Raises:
        DataError: From all methods, if the disk does not do its part.
    """

    out: Path

    @property
    def folder(self) -> Path:
        """The buffer's own folder."""
        out = self.out.resolve()
        return out.with_name(f"{out.name}.part")

    @property
    def _index(self) -> Journal:
        return Journal(self.folder / "index.jsonl")

    def samples(self) -> list[Sample]:
        """Return the captchas in the order they came, without those that a stop cut off in their file or line."""
        found = []
        for line in self._index.lines():
            try:
                record = json.loads(line)
                media = (self.folder / "files" / record["file"]).read_bytes()
            except (ValueError, OSError):
                continue
            sample = Sample(media, None, record["file"], record["origin"])
            if sample.id == record["id"]:
                found.append(sample)
        return found

    def add(self, sample: Sample) -> None:
        """Store a sample, which is on the disk when this returns."""
        name = f"{sample.id}{suffix_of(sample.media)}"
        record = {"file": name, "id": sample.id, "origin": dict(sample.origin)}
        try:
            (self.folder / "files").mkdir(parents=True, exist_ok=True)
            write_file(self.folder / "files" / name, sample.media)
            self._index.append([json.dumps(record)])
        except OSError as error:
            raise disk_error(self.folder, error) from None

    def finish(self, overrides: SpecOverrides, split: str, progress: Callable[[int], None] = lambda _: None) -> Dataset:
        """Write the data set, without labels, and remove the buffer.

        Raises:
            SpecError: If the specification cannot be worked out.
        """
        samples = self.samples()
        if not samples:
            raise DataError(f"expected collected captchas in {self.folder}, received none; collect some first.")
        spec = spec_of(survey(list_labelled(self.folder / "files", "none"), progress), overrides)
        dataset = write_samples(self.out, spec, samples, "browser", split)
        shutil.rmtree(self.folder, ignore_errors=True)
        return dataset
