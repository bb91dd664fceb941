"""Public sets side by side: the builtin reader, readers after 50 and after all labels, and ddddocr where it is."""

import contextlib
import importlib.util
import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from captcha_core.audit.doubt import Reader
from captcha_core.dataset.import_files import write_import
from captcha_core.dataset.in_memory import with_split, write_samples
from captcha_core.dataset.split import KEEP
from captcha_core.dataset.store import Dataset
from captcha_core.errors import DataError
from captcha_core.evaluation.metrics import Proportion
from captcha_core.solver import Solver
from captcha_core.sources.folders import list_labelled
from captcha_core.sources.import_spec import SpecOverrides, spec_of
from captcha_core.sources.import_survey import fit, survey
from captcha_core.sources.public_sets import PublicSet, recognise
from captcha_core.spec.sample import Sample
from captcha_core.workflows.train import train

SPLIT = "0.6/0.1/0.3"
FEW = 50


@dataclass(frozen=True)
class Row:
    """What was read of the test captchas of one set, case folded; None where a way was not tried or cannot."""

    name: str
    n: int
    builtin: Proportion | None
    few: Proportion | None
    every: Proportion | None
    ddddocr: Proportion | None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        ways = {way: getattr(self, way) for way in ("builtin", "few", "every", "ddddocr")}
        return {"set": self.name, "n": self.n, **{way: one and one.as_dict() for way, one in ways.items()}}


def benchmark_sets(folders: Sequence[Path], minutes: float) -> Iterator[Row]:
    """Yield a row for each folder with a public set.

    Args:
        folders: Where the sets lie; nothing is downloaded.
        minutes: Training after 50 labels, and again after all of them; 0 trains nothing.

    Raises:
        DataError: If a folder holds none of the known sets.
    """
    for folder in folders:
        yield _row(known_set(folder), folder, minutes)


def known_set(folder: Path) -> PublicSet:
    """Return the set that a folder holds.

    Raises:
        DataError: If it holds none of the known ones.
    """
    found = recognise(folder)
    if not found:
        raise DataError(
            f"expected a public set that captchalab zoo list names, received {folder} with other files; import it and "
            "use captchalab evaluate and train."
        )
    return found[0].known


def _row(known: PublicSet, folder: Path, minutes: float) -> Row:
    with tempfile.TemporaryDirectory() as place:
        dataset = imported(known, folder, Path(place) / known.name)
        tested = [sample for sample in dataset.samples("test") if sample.text]
        few = every = None
        if minutes:
            every = _trained(dataset, minutes)
            few = _trained(_only_few(dataset, Path(place) / f"{known.name}-{FEW}"), minutes)
        return Row(known.name, len(tested), _by_builtin(dataset, tested), few, every, _by_ddddocr(tested))


def imported(known: PublicSet, folder: Path, out: Path) -> Dataset:
    """Import a set as its labels are written."""
    listing = list_labelled(folder)
    seen = survey(listing, case_sensitive=not known.case_insensitive)
    spec = spec_of(seen, SpecOverrides(case_sensitive=not known.case_insensitive))
    fit(seen, spec)
    return write_import(out, listing, seen, spec, split=SPLIT)


def _only_few(dataset: Dataset, out: Path) -> Dataset:
    """Write a data set with few labels to learn from, a fifth of them to steer by, and the same test split."""
    kept = [with_split(one, "test") for one in dataset.samples("test")]
    for split, count in (("train", FEW - FEW // 5), ("validation", FEW // 5)):
        kept += [with_split(one, split) for one in dataset.spread(split, count)]
    return write_samples(out, dataset.spec, kept, "public set", KEEP)


def _trained(dataset: Dataset, minutes: float) -> Proportion:
    return train(data=dataset.path, minutes=minutes).report.exact_match


def _by_builtin(dataset: Dataset, samples: Sequence[Sample]) -> Proportion | None:
    solver = Solver.load("builtin")
    if dataset.spec.media != solver.spec.media or not Reader.knows(solver.spec, dataset.spec):
        return None
    reader = solver.told(dataset.spec)
    answers = [reader.attempt(sample.media) for sample in samples]
    return _proportion(samples, [one.text if one else "" for one in answers])


def _by_ddddocr(samples: Sequence[Sample]) -> Proportion | None:
    if importlib.util.find_spec("ddddocr") is None or not samples or samples[0].media.startswith(b"RIFF"):
        return None
    read = _ddddocr()
    return _proportion(samples, [read(sample.media) for sample in samples])


def _ddddocr() -> Callable[[bytes], str]:
    """Return how its usual model reads a picture."""
    with contextlib.redirect_stdout(io.StringIO()):  # it greets
        import ddddocr

        engine: Any = ddddocr.DdddOcr(show_ad=False)
    return lambda media: str(engine.classification(media))


def _proportion(samples: Sequence[Sample], read: Sequence[str]) -> Proportion:
    hits = sum(one.casefold() == (sample.text or "").casefold() for one, sample in zip(read, samples, strict=True))
    return Proportion(hits, len(samples))
