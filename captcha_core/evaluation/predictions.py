"""What was read of a set of samples, sample by sample: the form in which two models are compared."""

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from captcha_core.errors import DataError
from captcha_core.evaluation import metrics
from captcha_core.evaluation.report import Report

COLUMNS = ("id", "text", "read", "confidence")


@dataclass(frozen=True)
class Predictions:
    """Answers to samples that are known by their content.

    Args:
        ids: Content hashes of the samples (N).
        truth: Their labels.
        read: What was read, None where nothing could be.
        confidence: How sure the model was.
    """

    ids: Sequence[str]
    truth: Sequence[str]
    read: Sequence[str | None]
    confidence: Sequence[float]

    @classmethod
    def of(cls, report: Report) -> "Predictions":
        """Return what a report holds."""
        return cls([sample.id for sample in report.samples], report.truth, report.read, report.confidences)

    @classmethod
    def from_file(cls, path: Path) -> "Predictions":
        """Read the ``predictions.csv`` of a report from its file.

        Raises:
            DataError: If it is none.
            OSError: If it cannot be read.
        """
        return cls.from_csv(path.read_bytes().decode("utf-8", "replace"))

    @classmethod
    def from_csv(cls, text: str) -> "Predictions":
        """Read the ``predictions.csv`` of a report.

        Raises:
            DataError: If it is none.
        """
        try:
            rows = list(csv.DictReader(io.StringIO(text)))
            return cls(
                [row["id"] for row in rows],
                [row["text"] for row in rows],
                [row["read"] or None for row in rows],
                [float(row["confidence"]) for row in rows],
            )
        except (KeyError, TypeError, ValueError, csv.Error):
            raise DataError(
                f"expected predictions with the columns {', '.join(COLUMNS)}, received another table; evaluate the run "
                "again."
            ) from None

    @cached_property
    def right(self) -> np.ndarray:
        """Whether each sample was read, bool (N,)."""
        return metrics.right(self.truth, self.read)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the samples and labels in any order: two sets with one digest can be compared."""
        rows = sorted(f"{identity} {text}\n" for identity, text in zip(self.ids, self.truth, strict=True))
        return hashlib.sha256("".join(rows).encode()).hexdigest()

    def ordered_as(self, other: "Predictions") -> "Predictions":
        """Return the same predictions in the order of another set.

        Raises:
            DataError: If the two are not of the same samples with the same labels.
        """
        if self.digest != other.digest:
            mine, theirs = set(self.ids), set(other.ids)
            why = f"{len(mine - theirs):,} samples only here and {len(theirs - mine):,} only there"
            why = why if mine != theirs else "other labels for the same samples"
            raise DataError(
                f"expected predictions of the same data, received {why}; compare on one data set with --data DIR."
            )
        places: dict[tuple[str, str], list[int]] = defaultdict(list)
        for place, key in enumerate(zip(self.ids, self.truth, strict=True)):
            places[key].append(place)
        order = [places[key].pop(0) for key in zip(other.ids, other.truth, strict=True)]
        return Predictions(
            [self.ids[place] for place in order],
            [self.truth[place] for place in order],
            [self.read[place] for place in order],
            [self.confidence[place] for place in order],
        )
