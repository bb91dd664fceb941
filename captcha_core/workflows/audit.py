"""Search a data set for what may be wrong with it, inside an MLflow run: one list, worst first."""

import contextlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from captcha_core import native
from captcha_core.audit import doubt, looks, texts
from captcha_core.audit.doubt import Reader, Reading
from captcha_core.audit.finding import Finding, Place, counts, worst_first
from captcha_core.audit.sheet import SHOWN, page
from captcha_core.dataset.labels import LabelLog, latest
from captcha_core.dataset.split import SPLITS
from captcha_core.dataset.store import Dataset
from captcha_core.errors import DataError, SpecError
from captcha_core.files import write_file
from captcha_core.progress import progress_bar
from captcha_core.solver import BATCH, Solver
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from captcha_core.tracking.names import Artifact, Kind, Metric, Tag
from captcha_core.tracking.runs import start_run
from captcha_core.workflows.fold_readers import Folds, read_out_of_fold

BUILTIN, FOLDS, NOBODY, AUTO = "builtin", "folds", "none", "auto"
READS_WELL = 0.85  # share of labels from which on the builtin reader judges a set without a training


@dataclass(frozen=True)
class AuditOptions:
    """What is asked of an audit.

    Args:
        reader: ``builtin``, ``folds``, ``none``, the address of a model that was not trained on the set, or ``auto``:
            the builtin reader where it reads the set well, else folds.
        folds: How readers are trained.
        half_width: Of the 95 % interval that a figure on the test split may have.
    """

    reader: str = AUTO
    folds: Folds = field(default_factory=Folds)
    half_width: float = 0.03


@dataclass(frozen=True)
class Audit:
    """What came of it: findings, worst first, who read the captchas, and with how many labels he agrees."""

    dataset: Dataset
    findings: Sequence[Finding]
    reader: str
    read_share: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as JSON holds it."""
        return {
            "data": str(self.dataset.path),
            "digest": self.dataset.digest,
            "counts": self.dataset.counts,
            "reader": self.reader,
            "read_share": self.read_share,
            "kinds": counts(self.findings),
            "findings": [one.as_dict() for one in self.findings],
        }

    def write_sheet(self, path: Path) -> None:
        """Write the findings as one HTML file with pictures."""
        wanted = {place.id for one in self.findings[:SHOWN] for place in one.places}
        media = {one.id: one.media for split in SPLITS for one in self.dataset.samples(split) if one.id in wanted}
        read = (
            "" if self.read_share is None else f"{self.reader}, which agrees with {self.read_share:.1%} of the labels"
        )
        facts = {
            "Data set": str(self.dataset.path),
            "Digest": self.dataset.digest,
            "Captchas": ", ".join(f"{split} {count:,}" for split, count in self.dataset.counts.items()),
            "Labels read by": read or self.reader,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, page(f"Audit of {self.dataset.path.resolve().name}", facts, self.findings, media).encode())


def audit_logged(dataset: Dataset, options: AuditOptions) -> Audit:
    """Audit a data set as :func:`audit` does, inside a run that keeps the list and the sheet."""
    name = dataset.path.resolve().name
    with start_run(f"audit {name}", {Tag.KIND: Kind.AUDIT}) as run:
        run.params(
            {"data": {"name": name, "digest": dataset.digest, "counts": dataset.counts}, "reader": options.reader}
        )
        run.data(name, dataset.digest, str(dataset.path.resolve()), dataset.counts, "audit")
        found = audit(dataset, options)
        run.metrics({Metric.FINDINGS: float(len(found.findings))})
        kinds = counts(found.findings).items()
        run.metrics({f"{Metric.FINDINGS}_{kind.replace(' ', '_')}": float(count) for kind, count in kinds})
        if found.read_share is not None:
            run.metrics({Metric.READ_SHARE: found.read_share})
        run.tags(
            {Tag.NOTE: f"{len(found.findings):,} findings in {name} ({dataset.digest[:12]}), read by {found.reader}."}
        )
        with tempfile.TemporaryDirectory() as folder:
            write_file(Path(folder, Artifact.AUDIT), json.dumps(found.as_dict(), indent=1).encode())
            found.write_sheet(Path(folder, Artifact.AUDIT_SHEET))
            run.folder(Path(folder), "")
    return found


def audit(dataset: Dataset, options: AuditOptions) -> Audit:
    """Search a data set; what people have corrected or confirmed in its label log counts as they wrote it.

    Raises:
        DataError: If it cannot be read, is too small for the folds, or a named reader does not know its characters.
    """
    with progress_bar("looking at", sum(dataset.counts.values()), "captchas") as advance:
        seen = [
            replace(look, place=place) for look, place in _as_corrected(dataset, looks.look_at_all(dataset, advance))
        ]
    places = [look.place for look in seen]
    findings = [
        *looks.faults(seen),
        *looks.odd_sizes(seen),
        *looks.twins(seen),
        *texts.all_of_texts(places, dataset.spec, options.half_width),
    ]
    reader, readings = _read(dataset, places, options)
    share = doubt.agreement(places, readings) if readings else None
    if readings and share is not None and share >= doubt.USABLE:
        confirmed = _confirmed(dataset)
        findings += [one for one in doubt.doubtful_labels(places, readings) if one.places[0].id not in confirmed]
    elif share is not None:
        reader += ", too weak to judge labels"
    return Audit(dataset, worst_first(findings), reader, share)


def _as_corrected(dataset: Dataset, seen: Sequence[looks.Look]) -> list[tuple[looks.Look, Place]]:
    known = latest(LabelLog.of(dataset.path, dataset.spec).read()[0])
    texts_by_hand = {one.id: one.text for one in known.values() if one.by == "hand" and one.text is not None}
    return [(look, replace(look.place, text=texts_by_hand.get(look.place.id, look.place.text))) for look in seen]


def _confirmed(dataset: Dataset) -> set[str]:
    """Return the captchas that a person has read: nobody is asked twice."""
    known = latest(LabelLog.of(dataset.path, dataset.spec).read()[0])
    return {one.id for one in known.values() if one.by == "hand" and one.text is not None}


def _read(dataset: Dataset, places: Sequence[Place], options: AuditOptions) -> tuple[str, list[Reading | None]]:
    """Return who has read the captchas, and what; nothing where nobody was asked or everything is without a label."""
    if options.reader == NOBODY or all(place.text is None for place in places):
        return NOBODY, []
    samples = [
        replace(sample, text=place.text)
        for sample, place in zip((one for split in SPLITS for one in dataset.samples(split)), places, strict=True)
    ]
    if options.reader != FOLDS:
        uri = BUILTIN if options.reader == AUTO else options.reader
        readings = read_by(Solver.load(uri), dataset.spec, samples)
        if readings is None and options.reader != AUTO:
            raise DataError(
                f"expected a reader that knows the characters {dataset.spec.alphabet!r}, received {uri}, which does "
                "not; use --reader folds, or a model that does."
            )
        if readings is not None and (options.reader != AUTO or doubt.agreement(places, readings) >= READS_WELL):
            return uri, readings
    if options.folds.count < 2:
        raise SpecError(f"expected at least 2 folds, received {options.folds.count}; give --folds 3, or --reader none.")
    native.start_keras()
    with progress_bar("training readers", options.folds.count, "folds") as advance:
        readings = read_out_of_fold(dataset, samples, options.folds, advance)
    return f"{options.folds.count} readers, each of another fold", readings


def read_by(solver: Solver, spec: CaptchaSpec, samples: Sequence[Sample]) -> list[Reading | None] | None:
    """Return what a model makes of labelled captchas, None in place of it where it does not know their characters."""
    if not Reader.knows(solver.spec, spec):
        return None
    reader = Reader(solver.bundle.config.head, solver.spec, spec)
    readings: list[Reading | None] = [None] * len(samples)
    with progress_bar("reading", len(samples), "captchas") as advance:
        for first in range(0, len(samples), BATCH):
            seen = {}
            for row, sample in enumerate(samples[first : first + BATCH], first):
                with contextlib.suppress(DataError):
                    if sample.text is not None:
                        seen[row] = solver.features(sample.media)
            logits = [*solver.logits(np.stack([*seen.values()]))] if seen else []
            for row, one in zip(seen, logits, strict=True):
                readings[row] = reader.weigh(one, samples[row].text or "")
            advance(min(BATCH, len(samples) - first))
    return readings
