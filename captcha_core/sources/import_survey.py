"""Opens every file of a listing once: what is usable, and which specification the usable ones have in common."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from captcha_core.errors import DataError, SpecError
from captcha_core.sources.folders import Entry, Listing, Reject
from captcha_core.sources.probe import Clip, Picture, look_at
from captcha_core.spec.captcha import DIGITS, LOWER, MAX_LENGTH, UPPER, CaptchaSpec
from captcha_core.spec.sample import Sample

COLOURED_SHARE = 0.01  # of the pictures: fewer are accidents


@dataclass(frozen=True)
class SpecOverrides:
    """What the user says about the captchas; None where the files are to say it."""

    alphabet: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    case_sensitive: bool = True
    channels: int | None = None
    height_px: int | None = None
    width_px: int | None = None
    rate_hz: int | None = None
    max_seconds: float | None = None


@dataclass
class Survey:
    """What was seen in the files of a listing.

    Args:
        entries: The readable ones. ``ids`` are their content hashes, ``looks`` what they look like.
        rejects: All others, with reasons.
        media_bytes: Sum of the sizes of the files.
        copies: Rejects that only lack the label that another file of the same content has, with entry, id and look.
    """

    entries: list[Entry] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    looks: list[Picture | Clip] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    media_bytes: int = 0
    copies: dict[Reject, tuple[Entry, str, Picture | Clip]] = field(default_factory=dict)

    @property
    def media(self) -> Literal["image", "audio"]:
        """What most of the files are."""
        clips = sum(isinstance(look, Clip) for look in self.looks)
        return "audio" if clips * 2 > len(self.looks) else "image"

    @property
    def sizes_px(self) -> Counter[tuple[int, int]]:
        """How many pictures have each (height, width)."""
        return Counter(look.size_px for look in self.looks if isinstance(look, Picture))

    @property
    def rates_hz(self) -> Counter[int]:
        """How many clips have each sample rate."""
        return Counter(look.rate_hz for look in self.looks if isinstance(look, Clip))

    @property
    def lengths(self) -> Counter[int]:
        """How many labels have each length."""
        return Counter(len(entry.text) for entry in self.entries if entry.text is not None)

    @property
    def repeated(self) -> int:
        """How many files are there once more."""
        return len(self.ids) - len(set(self.ids))

    def drop(self, reasons: Mapping[int, str]) -> None:
        """Move entries, by their places, to the rejects."""
        self.rejects += [Reject(self.entries[place].name, reason) for place, reason in reasons.items()]
        stay = [place for place in range(len(self.entries)) if place not in reasons]
        self.entries = [self.entries[place] for place in stay]
        self.ids = [self.ids[place] for place in stay]
        self.looks = [self.looks[place] for place in stay]

    def take_back(self) -> None:
        """Move the copies whose labelled file was dropped from the rejects to the entries."""
        there = set(self.ids)
        alone = {reject: copy for reject, copy in self.copies.items() if copy[1] not in there}
        for entry, identity, look in alone.values():
            self.entries.append(entry)
            self.ids.append(identity)
            self.looks.append(look)
        self.rejects = [reject for reject in self.rejects if reject not in alone]


def survey(
    listing: Listing, progress: Callable[[int], None] = lambda files: None, case_sensitive: bool = True
) -> Survey:
    """Open every file of a listing.

    The same file under two labels is accepted once: one label must be wrong, and it is a reject with that reason. So
    is the copy without a label of a file that has one, unless :func:`fit` finds that the label cannot be.
    Labels that differ in case alone are two only where case matters. Where pictures and clips are mixed, the fewer are
    rejects.
    """
    seen = Survey(rejects=list(listing.rejects))
    for entry in listing.entries:
        progress(1)
        try:
            media = listing.files.read(entry.name)
            look = look_at(media)
        except DataError as error:
            seen.rejects.append(Reject(entry.name, str(error)))
            continue
        seen.entries.append(entry)
        seen.ids.append(Sample(media, None).id)
        seen.looks.append(look)
        seen.media_bytes += len(media)
    seen.drop(_of_other_media(seen))
    reasons = _contradictions(seen, case_sensitive)
    seen.copies = {
        Reject(seen.entries[place].name, reason): (seen.entries[place], seen.ids[place], seen.looks[place])
        for place, reason in reasons.items()
        if seen.entries[place].text is None
    }
    seen.drop(reasons)
    return seen


def _of_other_media(seen: Survey) -> dict[int, str]:
    wanted, name = (Picture, "an image") if seen.media == "image" else (Clip, "a clip")
    reason = f"expected {name} as most files are, received the other; import pictures and clips apart."
    return {place: reason for place, look in enumerate(seen.looks) if not isinstance(look, wanted)}


def _contradictions(seen: Survey, case_sensitive: bool) -> dict[int, str]:
    def folded(text: str | None) -> str | None:
        return text if case_sensitive or text is None else text.casefold()

    first: dict[str, Entry] = {}
    for entry, identity in zip(seen.entries, seen.ids, strict=True):
        if entry.text is not None:
            first.setdefault(identity, entry)
    reasons = {}
    for place, (entry, identity) in enumerate(zip(seen.entries, seen.ids, strict=True)):
        other = first.get(identity, entry)
        if entry.text is None and other.text is not None:
            reasons[place] = f"expected a file that is new, received what {other.name} is as well, and labelled."
        elif folded(other.text) != folded(entry.text):
            reasons[place] = (
                f"expected one label for each file, received {entry.text!r} for what {other.name} has as "
                f"{other.text!r}; remove the wrong one."
            )
    return reasons


def spec_of(seen: Survey, overrides: SpecOverrides) -> CaptchaSpec:
    """Work out the specification: the commonest size, whole ranges of characters, the lengths that occur.

    Raises:
        DataError: If there is no readable file.
        SpecError: If the overrides cannot be, or nothing tells the alphabet.
    """
    if not seen.entries:
        first = f" ({seen.rejects[0].name}: {seen.rejects[0].reason})" if seen.rejects else ""
        raise DataError(f"expected at least one readable labelled captcha, received none{first}.")
    texts = {entry.text for entry in seen.entries if entry.text and len(entry.text) <= MAX_LENGTH}  # others: no labels
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
        "alphabet": overrides.alphabet or observed_alphabet("".join(texts), overrides.case_sensitive),
        "min_length": overrides.min_length or min(map(len, texts)),
        "max_length": overrides.max_length or max(map(len, texts)),
        "case_sensitive": overrides.case_sensitive,
    }
    return CaptchaSpec.build(**labels, **(_image_fields if seen.media == "image" else _audio_fields)(seen, overrides))


def _image_fields(seen: Survey, overrides: SpecOverrides) -> dict[str, Any]:
    sizes_px = seen.sizes_px
    common = max(sizes_px, key=lambda size_px: (sizes_px[size_px], size_px))
    coloured = sum(isinstance(look, Picture) and look.coloured for look in seen.looks)
    return {
        "media": "image",
        "height_px": overrides.height_px or common[0],
        "width_px": overrides.width_px or common[1],
        "channels": overrides.channels or (3 if coloured > COLOURED_SHARE * len(seen.looks) else 1),
    }


def _audio_fields(seen: Survey, overrides: SpecOverrides) -> dict[str, Any]:
    rates_hz = seen.rates_hz
    longest = max(look.seconds for look in seen.looks if isinstance(look, Clip))
    return {
        "media": "audio",
        "sample_rate_hz": overrides.rate_hz or max(rates_hz, key=lambda rate_hz: (rates_hz[rate_hz], rate_hz)),
        "max_seconds": overrides.max_seconds or math.ceil(longest * 10) / 10,
    }


def observed_alphabet(characters: str, case_sensitive: bool = True) -> str:
    """Return the alphabet of observed characters, ranges made whole: one digit means all ten.

    Only letters and digits count: other characters in names are accidents unless an alphabet is given.
    """
    seen = {character for character in characters if character.isalnum()}
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
    reasons = {}
    for place, entry in enumerate(seen.entries):
        try:
            text = None if entry.text is None else spec.label(entry.text)
            seen.entries[place] = Entry(entry.name, text, entry.split)
        except SpecError as error:
            reasons[place] = str(error)
    seen.drop(reasons | _too_long(seen, spec))
    seen.take_back()
    seen.drop(_too_long(seen, spec))  # of those that came back
    if not seen.entries:
        last = seen.rejects[-1]
        raise DataError(f"expected labels that fit the specification, received none ({last.name}: {last.reason})")


def _too_long(seen: Survey, spec: CaptchaSpec) -> dict[int, str]:
    return {
        place: f"expected a clip of at most {spec.seconds:g} s, received {look.seconds:.1f} s; raise --max-seconds."
        for place, look in enumerate(seen.looks)
        if isinstance(look, Clip) and spec.media == "audio" and look.seconds > spec.seconds
    }
