"""A reading: one way to find the labels of all files, with what it gives and how much that is like labels."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from captcha_core.spec.captcha import composed

SAME = 0.98  # of the files: readings that agree on as many are one


@dataclass(frozen=True, slots=True)
class Reject:
    """A file that is left out, and why, in one sentence."""

    name: str
    reason: str


@dataclass(frozen=True)
class Reading:
    """One way to find the labels of all files.

    Args:
        rule: A value of ``--label-from``, ``pattern`` or ``file``.
        words: The rule in words, as ``TEXT_anything.png``.
        option: What selects it on the command line.
        labels: File -> text, None for what has no label yet.
        score: How much the texts are like labels, 0 to 1; above 1 where a file of labels says so.
        fault: What speaks against it most, in words.
        splits: File -> split, where the source names one.
        sources: The files that hold the labels.
        rejects: Files and lines that it cannot use.
        notes: What is odd about it.
    """

    rule: str
    words: str
    option: str
    labels: Mapping[str, str | None]
    score: float = 1.0
    fault: str = ""
    splits: Mapping[str, str] = field(default_factory=dict)
    sources: frozenset[str] = frozenset()
    rejects: tuple[Reject, ...] = ()
    notes: tuple[str, ...] = ()

    def agrees(self, other: "Reading") -> bool:
        """Tell whether another reading gives nearly the same labels."""
        both = [name for name in self.labels if name in other.labels]
        equal = sum(self.labels[name] == other.labels[name] for name in both)
        return bool(both) and equal >= SAME * max(len(self.labels), len(other.labels))

    def examples(self, count: int = 3) -> str:
        """Return a few files with the text that they get, spread over all."""
        found = [(name, text) for name, text in self.labels.items() if text]
        chosen = found[:: max(1, len(found) // count)][:count]
        return ", ".join(f"{printable(PurePosixPath(name).name)} -> {text}" for name, text in chosen)


def label_text(text: str) -> str:
    """Return a label as it comes in: composed characters, no space around it."""
    return composed(text).strip()


def without_spaces(text: str) -> str | None:
    """Return a label without the spaces in it, which no alphabet holds; None where nothing is left."""
    return "".join(label_text(text).split()) or None


def without_ending(name: str) -> str:
    """Return a file's name without what follows its last dot; names such as ``.hidden`` have no ending."""
    return re.sub(r"(?<=[^/])\.[^./]*$", "", name)


def printable(name: str) -> str:
    """Return a file's name as it can be printed: on disk it need not be Unicode."""
    return name.encode(errors="backslashreplace").decode()
