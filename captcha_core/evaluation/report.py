"""What a model read of a set of samples, as numbers, tables and pictures."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from captcha_core.evaluation import metrics
from captcha_core.evaluation.drift import Histograms
from captcha_core.files import no_formula
from captcha_core.spec.answer import Answer
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

WORST = 50
LOOKED_AT = 2000  # captchas: more make no test of drift sharper while some hundred live ones are compared


@dataclass(frozen=True)
class Report:
    """Samples with what was read of them; None for one that could not be read, which counts as wrong.

    Args:
        spec: Labels are compared as its alphabet writes them.
        samples: Labelled samples (N).
        answers: An answer each (N), or None.
    """

    spec: CaptchaSpec
    samples: Sequence[Sample]
    answers: Sequence[Answer | None]

    @cached_property
    def truth(self) -> list[str]:
        """The labels."""
        return [self.spec.charset.normalise(sample.text or "") for sample in self.samples]

    @cached_property
    def read(self) -> list[str | None]:
        """The texts that were read, None where nothing could be."""
        return [None if answer is None else answer.text for answer in self.answers]

    @cached_property
    def confidences(self) -> list[float]:
        """How sure the model was, 0 where nothing could be read."""
        return [0.0 if answer is None else answer.confidence for answer in self.answers]

    @cached_property
    def exact_match(self) -> metrics.Proportion:
        """Share of samples whose whole text was read."""
        return metrics.exact_match(self.truth, self.read)

    @cached_property
    def answers_match(self) -> metrics.Proportion | None:
        """Share of sums whose answer was found, None for captchas that are no sums."""
        if self.spec.answer != "arithmetic":
            return None
        hits = metrics.answered(self.truth, self.read)
        return metrics.Proportion(int(hits.sum()), len(hits))

    @cached_property
    def by_operator(self) -> dict[str, metrics.Proportion]:
        """The same for each operator; empty for captchas that are no sums."""
        return {} if self.answers_match is None else metrics.exact_match_by_operator(self.truth, self.read)

    @cached_property
    def numbers(self) -> dict[str, float]:
        """Every metric by its field name; ``n`` and the 95 % interval beside the headline, the time if one was read."""
        times = [answer.elapsed_ms for answer in self.answers if answer is not None]
        latency = {"latency_p50_ms": float(np.median(times))} if times else {}
        found = self.answers_match
        low, high = found.interval if found else (0.0, 1.0)
        names = ("answer_exact_match", "answer_exact_match_low", "answer_exact_match_high")
        sums = dict(zip(names, (found.value, low, high), strict=True)) if found else {}
        return {
            **metrics.headline(self.truth, self.read, self.confidences),
            "unreadable": float(sum(answer is None for answer in self.answers)),
            **sums,
            **latency,
        }

    @property
    def histograms(self) -> Histograms:
        """What the captchas look like, against which live ones are held."""
        return Histograms.of(self.samples[:LOOKED_AT], self.answers[:LOOKED_AT], self.spec)

    def worst(self, count: int = WORST) -> list[int]:
        """Indices of the worst samples: wrong ones first, the surest of them before the others, then the least sure."""
        wrong = ~metrics.right(self.truth, self.read)
        sure = np.array(self.confidences)
        order = np.lexsort((np.where(wrong, -sure, sure), ~wrong))
        return [int(index) for index in order[:count]]

    def file_name(self, rank: int, index: int) -> str:
        """Return a name for a sample's file that holds its label and what was read."""
        suffix = Path(self.samples[index].path).suffix or (".png" if self.spec.media == "image" else ".wav")
        return f"{rank:02d}_{_plain(self.truth[index])}_{_plain(self.read[index] or '')}{_plain(suffix)}"

    def write(self, folder: Path) -> None:
        """Write metrics.json, predictions.csv, confusion.csv, by_length.csv, by_character.csv, of sums
        by_operator.csv, and worst/ pictures.
        """
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "metrics.json").write_text(json.dumps(self.numbers, indent=1), encoding="utf-8")
        _table(
            folder / "predictions.csv",
            ("id", "path", "text", "read", "confidence"),
            [
                (sample.id, no_formula(sample.path), text, "" if guess is None else guess, f"{confidence:.6f}")
                for sample, text, guess, confidence in zip(
                    self.samples, self.truth, self.read, self.confidences, strict=True
                )
            ],
        )
        pairs = metrics.confusion(self.truth, self.read)
        _table(folder / "confusion.csv", ("character", "read", "count"), [(*pair, n) for pair, n in pairs.items()])
        tables: dict[str, Mapping[Any, metrics.Proportion]] = {
            "length": metrics.exact_match_by_length(self.truth, self.read),
            "character": metrics.exact_match_by_character(self.truth, self.read),
            **({"operator": self.by_operator} if self.by_operator else {}),
        }
        for name, groups in tables.items():
            rows = [(key, share.value, *share.interval, share.n) for key, share in groups.items()]
            _table(folder / f"by_{name}.csv", (name, "exact_match", "low", "high", "n"), rows)
        self._write_worst(folder / "worst")

    def _write_worst(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        rows = []
        for rank, index in enumerate(self.worst()):
            name = self.file_name(rank, index)
            (folder / name).write_bytes(self.samples[index].media)
            rows.append((name, self.truth[index], self.read[index] or "", f"{self.confidences[index]:.6f}"))
        _table(folder / "worst.csv", ("file", "text", "read", "confidence"), rows)


def _plain(text: str) -> str:
    """Return the text as it may stand in a file name."""
    return re.sub(r"[^A-Za-z0-9.]", "-", text)


def _table(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    path.write_text(file.getvalue(), encoding="utf-8")
