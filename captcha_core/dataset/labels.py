"""The label log: who read which captcha as what, and when. Lines are only ever added.

It is a journal, so two people at once lose nothing and a power failure costs at most the line that was being written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from captcha_core.errors import DataError, disk_error
from captcha_core.journal import Journal
from captcha_core.spec.captcha import CaptchaSpec

LOG = "labels.jsonl"
MAX_NAME = 80


class Label(BaseModel):
    """One line of the log.

    Attributes:
        id: Content hash of the sample.
        text: The label; None where the captcha was skipped, or a model's label is taken back.
        by: A person's hand or a model.
        who: Name of the person, or of the model.
        when: UTC, ISO 8601.
        model: Which model made the guess that was shown, None without one.
        guess: What it guessed.
        confidence: How sure it was, 0 to 1.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    text: str | None
    by: Literal["hand", "model"]
    who: str
    when: str
    model: str | None = None
    guess: str | None = None
    confidence: float | None = None

    @field_validator("id", "text", "who", "model", "guess")
    @classmethod
    def _can_be_written(cls, value: str | None) -> str | None:
        if value is not None:
            value.encode()  # half a surrogate pair is a string, and cannot be stored
        return value

    @field_validator("when")
    @classmethod
    def _is_time(cls, when: str) -> str:
        datetime.fromisoformat(when).timestamp()
        return when

    @property
    def accepted(self) -> bool:
        """Whether a person took the model's guess as it was."""
        return self.by == "hand" and self.text is not None and self.text == self.guess


def now() -> str:
    """Return the time as the log writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class LabelLog:
    """The log of one data set, a file in its folder.

    Args:
        path: The file; it need not be there yet.
        spec: Labels must fit it.
    """

    path: Path
    spec: CaptchaSpec

    @classmethod
    def of(cls, folder: Path, spec: CaptchaSpec) -> "LabelLog":
        """Return the log of the data set in a folder."""
        return cls(folder / LOG, spec)

    def add(self, labels: Iterable[Label]) -> list[Label]:
        """Check labels and append them.

        Returns:
            The labels as the alphabet writes them.

        Raises:
            SpecError: If a label is outside the alphabet or the lengths; then none is written.
            DataError: If the data set is gone or the disk does not take them.
        """
        checked = [self._checked(label) for label in labels]
        if not checked:
            return []  # no empty log beside data that nobody labels
        if not self.path.parent.is_dir():  # the lock would make it
            raise DataError(f"expected a data set at {self.path.parent}, received none; try again, or write it anew.")
        try:
            Journal(self.path).append(label.model_dump_json() for label in checked)
        except OSError as error:
            raise disk_error(self.path, error) from None
        return checked

    def _checked(self, label: Label) -> Label:
        text = None if label.text is None else self.spec.label(label.text)
        return label.model_copy(update={"text": text, "who": label.who[:MAX_NAME]})

    def read(self) -> tuple[list[Label], int]:
        """Return all labels in the order they came, and how many lines are damaged or just being written."""
        labels, damaged = [], 0
        for line in Journal(self.path).lines():
            try:
                labels.append(Label.model_validate_json(line))
            except ValidationError:
                damaged += 1
        return labels, damaged


def latest(labels: Sequence[Label]) -> dict[str, Label]:
    """Return what counts for each sample: the newest word of a person, else the newest of a model.

    A person who skips says nothing about the text, so a label given before stays.
    """
    hand: dict[str, Label] = {}
    model: dict[str, Label] = {}
    for label in labels:
        if label.by == "model":
            model[label.id] = label
        elif label.text is not None or label.id not in hand:
            hand[label.id] = label
    merged = dict(model)
    for identity, label in hand.items():
        if label.text is not None or identity not in merged:
            merged[identity] = label
    return merged


@dataclass(frozen=True)
class Tally:
    """How the labelling by hand stands: labels given, guesses accepted among those that had one, speed."""

    given: int
    guessed: int
    accepted: int
    per_minute: float

    @property
    def accepted_share(self) -> float | None:
        """Share of the guesses that were accepted, None where there was no guess."""
        return self.accepted / self.guessed if self.guessed else None


def tally(labels: Sequence[Label], pause_s: float = 60.0, window: int = 50) -> Tally:
    """Count labels by hand; the speed is that of the last ``window`` labels, breaks above ``pause_s`` left out."""
    mine = [label for label in labels if label.by == "hand" and label.text is not None]
    times = [datetime.fromisoformat(label.when).timestamp() for label in mine[-window:]]
    gaps = [b - a for a, b in pairwise(times) if 0 <= b - a <= pause_s]
    guessed = [label for label in mine if label.guess is not None]
    speed = 60 * len(gaps) / sum(gaps) if gaps and sum(gaps) > 0 else 0.0
    return Tally(len({label.id for label in mine}), len(guessed), sum(label.accepted for label in guessed), speed)
