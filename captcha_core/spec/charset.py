"""Text to class ids and back, and every rule about labels.

Class 0 is the blank: the CTC blank, and the filler behind short texts. Characters have the ids 1 to K in the
order of the alphabet, so every head of every network has K + 1 classes.
"""

import string
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from captcha_core.errors import SpecError

DIGITS = string.digits
LOWER = string.ascii_lowercase
UPPER = string.ascii_uppercase
BLANK = 0


@dataclass(frozen=True)
class Charset:
    """The characters a captcha can hold, in class order.

    Args:
        alphabet: Unique characters, at least two.
        case_sensitive: When false, labels are folded to the case that the alphabet uses.

    Raises:
        SpecError: If the alphabet is empty, repeats a character or contradicts ``case_sensitive``.
    """

    alphabet: str
    case_sensitive: bool = True

    def __post_init__(self) -> None:
        if len(self.alphabet) < 2:
            raise SpecError(f"expected an alphabet of at least two characters, received {self.alphabet!r}; add some.")
        seen = Counter(self._fold(character) for character in self.alphabet)
        twice = sorted({c for c in self.alphabet if seen[self._fold(c)] > 1})
        if twice:
            how = "" if self.case_sensitive else " (upper and lower case count as one when case_sensitive is false)"
            raise SpecError(
                f"expected every character of the alphabet once{how}, received {''.join(twice)!r} more than once; "
                "remove the repetition."
            )
        bad = [c for c in self.alphabet if c.isspace() or not c.isprintable()]
        if bad:
            raise SpecError(f"expected printable characters in the alphabet, received {bad[0]!r}; remove it.")

    @property
    def classes(self) -> int:
        """Number of classes K + 1, the blank included."""
        return len(self.alphabet) + 1

    def _fold(self, character: str) -> str:
        return character if self.case_sensitive else character.casefold()

    @cached_property
    def _ids(self) -> dict[str, int]:
        ids = {character: index for index, character in enumerate(self.alphabet, start=1)}
        if not self.case_sensitive:
            for character, index in list(ids.items()):
                ids.setdefault(character.lower(), index)
                ids.setdefault(character.upper(), index)
        return ids

    def normalise(self, text: str) -> str:
        """Return the text as the alphabet writes it.

        Raises:
            SpecError: If a character is not in the alphabet.
        """
        try:
            return "".join(self.alphabet[self._ids[character] - 1] for character in text)
        except KeyError as missing:
            raise SpecError(
                f"expected characters of {self.alphabet!r}, received {missing.args[0]!r} in the label {text!r}; "
                "correct the label or widen the alphabet."
            ) from None

    def encode(self, texts: Iterable[str], length: int) -> np.ndarray:
        """Return int32 class ids (B, L), filled with the blank behind each text.

        Raises:
            SpecError: If a text is longer than ``length`` or holds a foreign character.
        """
        rows = list(texts)
        ids = np.full((len(rows), length), BLANK, dtype=np.int32)
        for row, text in enumerate(rows):
            if len(text) > length:
                raise SpecError(f"expected at most {length} characters, received {len(text)} in {text!r}.")
            normal = self.normalise(text)
            ids[row, : len(text)] = [self._ids[character] for character in normal]
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of class ids, blanks left out."""
        return "".join(self.alphabet[index - 1] for index in ids if index != BLANK)
