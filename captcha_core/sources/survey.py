"""Opens every file of a listing once: what is usable, and which specification the usable ones have in common."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from captcha_core.errors import DataError, SpecError
from captcha_core.media.image import decode_image
from captcha_core.sources.folders import Entry, Listing, Reject
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.charset import DIGITS, LOWER, UPPER
from captcha_core.spec.sample import Sample

COLOUR_LEVELS = 24  # red, green and blue of a grey JPEG differ by a few levels; colours differ by more
COLOUR_SHARE = 0.001


@dataclass(frozen=True)
class Wishes:
    """What the user says about the captchas; None where the files are to say it."""

    alphabet: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    case_sensitive: bool = True
    channels: int | None = None
    height_px: int | None = None
    width_px: int | None = None


@dataclass
class Survey:
    """What was seen in the files of a listing.

    Args:
        entries: The readable ones. ``ids`` are their content hashes.
        rejects: All others, with reasons.
        sizes_px: How many have each (height, width).
        lengths: How many labels have each length.
        coloured: How many show colour.
        media_bytes: Sum of the sizes of the files.
    """

    entries: list[Entry] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    sizes_px: Counter[tuple[int, int]] = field(default_factory=Counter)
    lengths: Counter[int] = field(default_factory=Counter)
    coloured: int = 0
    media_bytes: int = 0

    def keep(self, keep: list[bool]) -> None:
        """Drop the entries that are false in ``keep``; their reasons are among the rejects already."""
        self.entries = [entry for entry, stays in zip(self.entries, keep, strict=True) if stays]
        self.ids = [identity for identity, stays in zip(self.ids, keep, strict=True) if stays]


def survey(listing: Listing, progress: Callable[[int], None] = lambda files: None) -> Survey:
    """Open every file of a listing.

    The same picture under two labels is accepted once: one label must be wrong, and it is a reject with that reason.
    """
    seen = Survey(rejects=list(listing.rejects))
    labels: dict[str, Entry] = {}
    for entry in listing.entries:
        progress(1)
        try:
            media = listing.files.read(entry.name)
            size_px, coloured = _look(media)
        except DataError as error:
            seen.rejects.append(Reject(entry.name, str(error)))
            continue
        identity = Sample(media, None).id
        first = labels.setdefault(identity, entry)
        if first.text != entry.text:
            reason = (
                f"expected one label for each picture, received {entry.text!r} for the one that {first.name} has as "
                f"{first.text!r}; remove the wrong one."
            )
            seen.rejects.append(Reject(entry.name, reason))
            continue
        seen.entries.append(entry)
        seen.ids.append(identity)
        seen.sizes_px[size_px] += 1
        seen.lengths[len(entry.text or "")] += 1
        seen.coloured += coloured
        seen.media_bytes += len(media)
    return seen


def _look(media: bytes) -> tuple[tuple[int, int], bool]:
    """Return (height, width) of an image and whether it shows colour."""
    pixels = decode_image(media, channels=3)
    spread = pixels.max(axis=2).astype(int) - pixels.min(axis=2)
    height, width = spread.shape
    return (height, width), bool((spread > COLOUR_LEVELS).mean() > COLOUR_SHARE)


def spec_of(seen: Survey, wishes: Wishes) -> CaptchaSpec:
    """Work out the specification: the commonest size, whole ranges of characters, the lengths that occur.

    Raises:
        DataError: If there is no readable file.
        SpecError: If the wishes cannot be, or nothing tells the alphabet.
    """
    if not seen.entries:
        first = f" ({seen.rejects[0].name}: {seen.rejects[0].reason})" if seen.rejects else ""
        raise DataError(f"expected at least one readable labelled captcha, received none{first}.")
    lengths = [length for length in seen.lengths if length] or [0]
    common = max(seen.sizes_px, key=lambda size_px: (seen.sizes_px[size_px], size_px))
    in_colour = seen.coloured * 100 > len(seen.entries)
    texts = {entry.text for entry in seen.entries if entry.text}
    if not texts and (wishes.alphabet is None or wishes.min_length is None or wishes.max_length is None):
        raise SpecError(
            "expected labels to work out the alphabet and the lengths, received none; give --alphabet and --length."
        )
    return CaptchaSpec.build(
        media="image",
        alphabet=wishes.alphabet or observed_alphabet("".join(texts), wishes.case_sensitive),
        min_length=wishes.min_length or min(lengths),
        max_length=wishes.max_length or max(lengths),
        case_sensitive=wishes.case_sensitive,
        height_px=wishes.height_px or common[0],
        width_px=wishes.width_px or common[1],
        channels=wishes.channels or (3 if in_colour else 1),
    )


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

    Raises:
        DataError: If none fits.
    """
    keep = []
    for place, entry in enumerate(seen.entries):
        try:
            text = None if entry.text is None else spec.label(entry.text)
        except SpecError as error:
            seen.rejects.append(Reject(entry.name, str(error)))
            keep.append(False)
        else:
            seen.entries[place] = Entry(entry.name, text, entry.split)
            keep.append(True)
    seen.keep(keep)
    if not seen.entries:
        last = seen.rejects[-1]
        raise DataError(f"expected labels that fit the specification, received none ({last.name}: {last.reason})")
