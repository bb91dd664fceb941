"""The specification that files have in common: what somebody states of it, and the rest as a survey found it."""

import math
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from captcha_core.errors import DataError, SpecError
from captcha_core.media.frames import commonest_frame
from captcha_core.sources.import_survey import Survey
from captcha_core.sources.labels.scoring import LabelHints
from captcha_core.spec.arithmetic import is_sum, operators_of
from captcha_core.spec.captcha import (
    DIGITS,
    LOWER,
    MAX_LENGTH,
    MAX_SECONDS,
    MAX_SIDE_PX,
    MIN_SIDE_PX,
    UPPER,
    AnswerKind,
    CaptchaSpec,
    Frame,
)

COLOURED_SHARE = 0.01  # of the pictures: fewer are accidents
SIGNS_SHARE = 0.2  # of the labels
LONGER_CLIPS = 1.1  # than any there is will come later, too
SUMS_SHARE = 0.95  # of the labels: the others are faults
SUM_LETTERS = 3  # in sums, such as x: more are words, whose other letters will come


@dataclass(frozen=True)
class SpecOverrides(LabelHints):
    """What the user states about the captchas, of the labels and of the rest; None where the files decide."""

    answer: AnswerKind | None = None
    frame: Frame | None = None
    channels: int | None = None
    height_px: int | None = None
    width_px: int | None = None
    rate_hz: int | None = None
    max_seconds: float | None = None


def spec_of(seen: Survey, overrides: SpecOverrides) -> CaptchaSpec:
    """Work out the specification: the commonest size, whole ranges of characters, the lengths that occur.

    Raises:
        DataError: If there is no readable file.
        SpecError: If the overrides cannot be, or nothing tells the alphabet.
    """
    if not seen.files:
        first = f" ({seen.rejects[0].name}: {seen.rejects[0].reason})" if seen.rejects else ""
        raise DataError(f"expected at least one readable labelled captcha, received none{first}.")
    texts = {entry.text for entry in seen.entries if entry.text and len(entry.text) <= MAX_LENGTH}  # others: no labels
    answer = overrides.answer or ("arithmetic" if _are_asked(texts) else "text")
    if answer == "arithmetic":
        texts = _written_sums(texts)
    texts = {text for text in texts if overrides.allows(text)} or texts  # what is left out shapes nothing
    if not texts and None in (overrides.alphabet, overrides.min_length, overrides.max_length):
        for entry in seen.entries:
            if entry.text:
                raise SpecError(
                    f"expected labels of at most {MAX_LENGTH} characters, received {len(entry.text)} in {entry.name}; "
                    "correct them or name another --label-from."
                )
        raise SpecError(
            "expected labels to work out the alphabet and the lengths, received none; give --alphabet and --length."
        )
    labels = {
        "alphabet": overrides.alphabet
        or (_alphabet_of_sums(texts) if answer == "arithmetic" else "")
        or observed_alphabet(
            "".join(texts), overrides.case_sensitive, seen.signs or _with_signs(texts) or answer == "arithmetic"
        ),
        "min_length": overrides.min_length or min(map(len, texts)),
        "max_length": overrides.max_length or max(map(len, texts)),
        "case_sensitive": overrides.case_sensitive,
        "answer": answer,
    }
    return CaptchaSpec.build(**labels, **(_image_fields if seen.media == "image" else _audio_fields)(seen, overrides))


def _are_asked(texts: Collection[str]) -> bool:
    """Tell whether the texts are sums to be worked out; a number and a count with a dash between are none."""
    sums = [text for text in texts if is_sum(text)]
    return len(sums) > SUMS_SHARE * len(texts) and any(operators_of(text) != "-" or "=" in text for text in sums)


def _written_sums(texts: Collection[str]) -> set[str]:
    """Return the sums among texts, without spaces.

    Raises:
        SpecError: If there is none: the commonest case is that somebody wrote down the answers.
    """
    sums = {"".join(text.split()) for text in texts if is_sum(text)}
    if not sums and texts:
        example = min(texts)
        numbers = all(text.lstrip("-").isdecimal() for text in texts)
        what = f"answers alone, such as {example!r}" if numbers else f"others, such as {example!r}"
        advice = "write the sum that the picture shows into each label" if numbers else "correct the labels"
        raise SpecError(
            f"expected labels that are sums such as 3+4=? (--answer arithmetic), received {what}; {advice}, or import "
            "with --answer text: then the label itself is what is to be read."
        )
    return sums


def _alphabet_of_sums(texts: Collection[str]) -> str:
    """Return digits, signs and the few letters that are signs, such as x; empty where there are words."""
    seen = set("".join(texts))
    letters = sorted(seen & set(LOWER + UPPER))
    return (
        ""
        if len(letters) > SUM_LETTERS
        else observed_alphabet("".join(seen - set(letters)), signs=True) + "".join(letters)
    )


def _with_signs(texts: Collection[str]) -> bool:
    """Tell whether so many texts have signs that they are no accidents of names, as in sums."""
    return sum(not text.isalnum() for text in texts) > SIGNS_SHARE * len(texts)


def _image_fields(seen: Survey, overrides: SpecOverrides) -> dict[str, Any]:
    sizes_px = seen.sizes_px
    common = max(sizes_px, key=lambda size_px: (sizes_px[size_px], size_px))
    height_px, width_px = overrides.height_px or common[0], overrides.width_px or common[1]
    if not all(MIN_SIDE_PX <= side_px <= MAX_SIDE_PX for side_px in (height_px, width_px)):
        raise SpecError(
            f"expected pictures of {MIN_SIDE_PX} to {MAX_SIDE_PX:,} pixels a side, received {common[0]} x {common[1]} "
            "(height x width); give --height and --width, which networks then see them at."
        )
    coloured = sum(picture.coloured for picture in seen.pictures)
    return {
        "media": "image",
        "height_px": height_px,
        "width_px": width_px,
        "frame": overrides.frame or commonest_frame(picture.frame for picture in seen.pictures),
        "channels": overrides.channels or (3 if coloured > COLOURED_SHARE * len(seen.files) else 1),
    }


def _audio_fields(seen: Survey, overrides: SpecOverrides) -> dict[str, Any]:
    rates_hz = seen.rates_hz
    longest = max(clip.seconds for clip in seen.clips)
    roomy = max(longest, min(LONGER_CLIPS * longest, MAX_SECONDS))
    return {
        "media": "audio",
        "sample_rate_hz": overrides.rate_hz or max(rates_hz, key=lambda rate_hz: (rates_hz[rate_hz], rate_hz)),
        "max_seconds": overrides.max_seconds or math.ceil(roomy * 10) / 10,
    }


def observed_alphabet(characters: str, case_sensitive: bool = True, signs: bool = False) -> str:
    """Return the alphabet of observed characters, ranges made whole: one digit means all ten.

    Args:
        characters: Of all labels.
        case_sensitive: Upper and lower case are two.
        signs: Other characters than letters and digits count; in names they are accidents.
    """
    seen = {c for c in characters if c.isalnum() or (signs and c.isprintable() and not c.isspace())}
    seen |= {c for c in characters if unicodedata.category(c).startswith("M")}  # vowel signs of Thai, Hindi and others
    if not case_sensitive and seen & set(LOWER):
        seen = {character.lower() for character in seen}
    elif not case_sensitive:
        seen = {character.upper() for character in seen}
    ranges = [whole for whole in (DIGITS, LOWER, UPPER) if seen & set(whole)]
    return "".join([*ranges, *sorted(seen - set(DIGITS + LOWER + UPPER))])
