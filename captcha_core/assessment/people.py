"""How people fare: published figures with their sources, and people measured on the captchas themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from pydantic import BaseModel, ConfigDict

from captcha_core.errors import DataError, disk_error
from captcha_core.evaluation.metrics import Proportion
from captcha_core.journal import Journal

LOG = "people.jsonl"  # in the folder of a data set


@dataclass(frozen=True)
class Published:
    """A published figure of people.

    Args:
        low: Least and
        high: greatest share of captchas that people type right.
        seconds: How long one takes.
        who: How many people, which captchas.
    """

    media: str
    low: float
    high: float
    seconds: str
    who: str
    source: str


BURSZTEIN = "Bursztein and others, How Good Are Humans at Solving CAPTCHAs?, IEEE Security and Privacy 2010"
PUBLISHED = (
    Published(
        "image", 0.50, 0.84, "9 to 15", "distorted text; 1,400 people, 14,000 captchas of all kinds",
        "Searles and others, An Empirical Study and Evaluation of Modern CAPTCHAs, USENIX Security 2023",
    ),
    Published(
        "image", 0.71, 0.71, "9.8", "three people agree, 13 schemes of pictures; 318,000 captchas with those of sound",
        BURSZTEIN,
    ),
    Published("audio", 0.31, 0.31, "28.4", "three people agree, 8 schemes of sound", BURSZTEIN),
    Published(
        "audio", 0.39, 0.52, "-", "older schemes of sound; over 78.2 % for the authors' own",
        "reCAPGen, 2019",
    ),
)  # fmt: skip


class Attempt(BaseModel):
    """One captcha that a person typed. The name is what he calls himself; nothing else of him is kept.

    Attributes:
        id: Content hash of the captcha.
        who: A name of his choice.
        right: Whether he typed it as its label has it.
        seconds: From its showing to his answer.
        when: UTC, ISO 8601.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    who: str
    right: bool
    seconds: float
    when: str


@dataclass(frozen=True)
class Measured:
    """People measured on the captchas of a data set."""

    right: Proportion
    seconds: float
    people: int
    captchas: int


def keep(folder: Path, attempt: Attempt) -> None:
    """Add an attempt to the log of a data set.

    Raises:
        DataError: If the data set is gone or the disk does not take it.
    """
    if not folder.is_dir():
        raise DataError(f"expected a data set at {folder}, received none; choose another.")
    try:
        Journal(folder / LOG).append([attempt.model_dump_json()])
    except OSError as error:
        raise disk_error(folder / LOG, error) from None


def attempts(folder: Path) -> list[Attempt]:
    """Return what was kept in a data set; damaged lines are passed over."""
    return Journal(folder / LOG).records(Attempt)


def measured(kept: Sequence[Attempt]) -> Measured | None:
    """Return how people fared, None where nobody has been measured."""
    if not kept:
        return None
    return Measured(
        Proportion(sum(one.right for one in kept), len(kept)),
        median(one.seconds for one in kept),
        len({one.who for one in kept}),
        len({one.id for one in kept}),
    )
