"""A survey opens every file of a listing once: which ones are usable, and which specification they have in common."""

import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

from captcha_core.errors import DataError, SpecError
from captcha_core.media.frames import commonest_frame
from captcha_core.sources.folders import Entry, Listing
from captcha_core.sources.labels.reading import Reject
from captcha_core.sources.labels.scoring import LabelHints
from captcha_core.sources.probe import Clip, Picture, probe
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
from captcha_core.spec.sample import Sample

COLOURED_SHARE = 0.01  # of the pictures: fewer are accidents
SIGNS_SHARE = 0.2  # of the labels
LONGER_CLIPS = 1.1  # than any there is will come later, too
SUMS_SHARE = 0.95  # of the labels: the others are faults
SUM_LETTERS = 3  # in sums, such as x: more are words, whose other letters will come


@dataclass(frozen=True)
class SpecOverrides:
    """What the user states about the captchas; None where the files decide."""

    alphabet: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    case_sensitive: bool = True
    answer: AnswerKind | None = None
    frame: Frame | None = None
    channels: int | None = None
    height_px: int | None = None
    width_px: int | None = None
    rate_hz: int | None = None
    max_seconds: float | None = None

    @property
    def hints(self) -> LabelHints:
        """What it says of the labels."""
        return LabelHints(self.min_length, self.max_length, self.alphabet, self.case_sensitive)


@dataclass(frozen=True, slots=True)
class UsableFile:
    """A readable file: its entry, the hash of its content, and what the content is."""

    entry: Entry
    id: str
    content: Picture | Clip


@dataclass
class Survey:
    """What the files of a listing hold.

    Args:
        files: The readable ones.
        rejects: All others, with reasons.
        media_bytes: Sum of the sizes of the files.
        copies: Rejects that only lack the label that another file of the same content has.
        signs: Signs in the labels are meant: they were written as labels, not cut out of names.
    """

    files: list[UsableFile] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    media_bytes: int = 0
    copies: dict[Reject, UsableFile] = field(default_factory=dict)
    signs: bool = False

    @property
    def entries(self) -> list[Entry]:
        """The entries of the readable files."""
        return [file.entry for file in self.files]

    @property
    def ids(self) -> list[str]:
        """The content hashes of the readable files."""
        return [file.id for file in self.files]

    @property
    def pictures(self) -> list[Picture]:
        """The readable files that are pictures."""
        return [file.content for file in self.files if isinstance(file.content, Picture)]

    @property
    def clips(self) -> list[Clip]:
        """The readable files that are clips."""
        return [file.content for file in self.files if isinstance(file.content, Clip)]

    @property
    def media(self) -> Literal["image", "audio"]:
        """What most of the files are."""
        return "audio" if len(self.clips) * 2 > len(self.files) else "image"

    @property
    def sizes_px(self) -> Counter[tuple[int, int]]:
        """How many pictures have each (height, width)."""
        return Counter(picture.size_px for picture in self.pictures)

    @property
    def rates_hz(self) -> Counter[int]:
        """How many clips have each sample rate."""
        return Counter(clip.rate_hz for clip in self.clips)

    @property
    def lengths(self) -> Counter[int]:
        """How many labels have each length."""
        return Counter(len(entry.text) for entry in self.entries if entry.text is not None)

    @property
    def repeated(self) -> int:
        """How many files repeat the content of another one."""
        return len(self.files) - len(set(self.ids))

    def drop(self, reason_of: Callable[[UsableFile], str | None]) -> list[UsableFile]:
        """Move the files for which there is a reason to the rejects, and return them."""
        reasons = [reason_of(file) for file in self.files]
        dropped = [file for file, reason in zip(self.files, reasons, strict=True) if reason]
        self.rejects += [Reject(f.entry.name, reason) for f, reason in zip(self.files, reasons, strict=True) if reason]
        self.files = [file for file, reason in zip(self.files, reasons, strict=True) if not reason]
        return dropped

    def restore_copies(self) -> None:
        """Move the copies whose labelled file was dropped from the rejects to the files."""
        there = set(self.ids)
        alone = {reject: copy for reject, copy in self.copies.items() if copy.id not in there}
        self.files += alone.values()
        self.rejects = [reject for reject in self.rejects if reject not in alone]


def survey(listing: Listing, progress: Callable[[int], None] = lambda _: None, case_sensitive: bool = True) -> Survey:
    """Open every file of a listing.

    The same file under two labels is accepted once: one label must be wrong, and it is a reject with that reason. So
    is the copy without a label of a file that has one, unless :func:`fit` finds that the label cannot be.
    Labels that differ in case alone are two only where case matters. Where pictures and clips are mixed, the fewer are
    rejects.
    """
    seen = Survey(rejects=list(listing.rejects), signs=listing.rule not in ("name", "name-start", "name-end"))
    for entry in listing.entries:
        progress(1)
        try:
            media = listing.files.read(entry.name)
            seen.files.append(UsableFile(entry, Sample(media, None).id, probe(media)))
        except DataError as error:
            seen.rejects.append(Reject(entry.name, str(error)))
            continue
        seen.media_bytes += len(media)
    empty = "expected a picture with something on it, received one of a single colour; get it again or leave it out."
    seen.drop(lambda file: empty if isinstance(file.content, Picture) and file.content.blank else None)
    wanted, name = (Picture, "an image") if seen.media == "image" else (Clip, "a clip")
    reason = f"expected {name} as most files are, received the other; import pictures and clips apart."
    seen.drop(lambda file: None if isinstance(file.content, wanted) else reason)
    before = len(seen.rejects)
    contradicting = seen.drop(_contradictions(seen, case_sensitive))
    rejects = zip(seen.rejects[before:], contradicting, strict=True)
    seen.copies = {reject: file for reject, file in rejects if file.entry.text is None}
    return seen


def _contradictions(seen: Survey, case_sensitive: bool) -> Callable[[UsableFile], str | None]:
    """Return what gives the reason against a file whose label is not that of the first file of the same content."""

    def folded(text: str | None) -> str | None:
        return text if case_sensitive or text is None else text.casefold()

    first: dict[str, Entry] = {}
    for file in seen.files:
        if file.entry.text is not None:
            first.setdefault(file.id, file.entry)

    def reason(file: UsableFile) -> str | None:
        entry, other = file.entry, first.get(file.id, file.entry)
        if entry.text is None and other.text is not None:
            return f"expected a file that is new, received what {other.name} is as well, and labelled."
        if folded(other.text) == folded(entry.text):
            return None
        return (
            f"expected one label for each file, received {entry.text!r} for what {other.name} has as {other.text!r}; "
            "remove the wrong one."
        )

    return reason


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
    texts = {text for text in texts if overrides.hints.allows(text)} or texts  # what is left out shapes nothing
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


def fit(seen: Survey, spec: CaptchaSpec) -> None:
    """Write the labels as the specification does; those outside it become rejects.

    An unlabelled copy of such a file is no reject any more: it waits for its label.

    Raises:
        DataError: If none fits.
    """
    labelled = {file: _label_or_reason(file.entry, spec) for file in seen.files}
    seen.drop(lambda file: labelled[file][1])
    seen.files = [replace(file, entry=replace(file.entry, text=labelled[file][0])) for file in seen.files]
    seen.drop(partial(_too_long, spec))
    seen.restore_copies()
    seen.drop(partial(_too_long, spec))  # of those that came back
    if not seen.files:
        last = seen.rejects[-1]
        raise DataError(f"expected labels that fit the specification, received none ({last.name}: {last.reason})")


def _label_or_reason(entry: Entry, spec: CaptchaSpec) -> tuple[str | None, str | None]:
    """Return an entry's label as the specification writes it, and why there is none."""
    try:
        return (None if entry.text is None else spec.label(entry.text)), None
    except SpecError as error:
        return None, str(error)


def _too_long(spec: CaptchaSpec, file: UsableFile) -> str | None:
    clip = file.content
    if not isinstance(clip, Clip) or spec.media != "audio" or clip.seconds <= spec.seconds:
        return None
    return f"expected a clip of at most {spec.seconds:g} s, received {clip.seconds:.1f} s; raise --max-seconds."
