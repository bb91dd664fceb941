"""A survey opens every file of a listing once: which ones are usable, and which of them fit a specification."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from captcha_core.errors import DataError, SpecError
from captcha_core.sources.folders import Entry, Listing
from captcha_core.sources.labels.reading import Reject
from captcha_core.sources.probe import Clip, Picture, probe
from captcha_core.spec.captcha import (
    CaptchaSpec,
)
from captcha_core.spec.sample import Sample


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
