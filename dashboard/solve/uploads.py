"""What people upload: pictures, clips and zips, recognised by their bytes, within limits, with harmless names."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from captcha_core.errors import DataError
from captcha_core.media.audio import MAX_BYTES as MAX_CLIP_BYTES
from captcha_core.media.sniff import MAX_IMAGE_BYTES, ZIP, Kind, describe, format_of, remedy
from captcha_core.sources.archive import ZipFiles
from dashboard.widgets.text import plain

MAX_MB = 64  # of one file to upload
MAX_FILE_BYTES = 16 * 2**20
MAX_TOTAL_BYTES = 128 * 2**20
MAX_FILES = 500
MAX_ENTRIES = 20_000  # of a zip, folders and all
ENTRY = b"PK\x01\x02"  # begins what a zip says of a member
SYSTEM_FILES = ("__MACOSX", ".DS_Store", "Thumbs.db")


@dataclass(frozen=True)
class Upload:
    """One captcha that somebody uploaded."""

    name: str
    media: bytes
    kind: Kind


@dataclass(frozen=True)
class Refused:
    """A file that is not looked at, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Uploads:
    """The captchas among some files, and what was refused."""

    accepted: tuple[Upload, ...]
    refused: tuple[Refused, ...]


def take(files: Sequence[tuple[str, bytes]]) -> Uploads:
    """Sort files: captchas, the members of zips, and what is neither with the reason.

    Args:
        files: Names and contents. Names are for people alone: what a file is, its first bytes say.
    """
    uploads: list[Upload] = []
    refused: list[Refused] = []
    total = 0
    for name, content in _unpacked(files, refused):
        total += len(content)
        if len(uploads) >= MAX_FILES or total > MAX_TOTAL_BYTES:
            limit = f"{MAX_FILES} captchas and {_mb(MAX_TOTAL_BYTES)} at a time"
            refused.append(Refused(name, f"This and what follows is too much: the limit is {limit}. Upload it later."))
            break
        try:
            uploads.append(Upload(base_name(name), content, _kind_within_limits(content)))
        except DataError as error:
            refused.append(Refused(base_name(name), plain(error)))
    return Uploads(tuple(uploads), tuple(refused))


def _kind_within_limits(content: bytes) -> Kind:
    """Return whether a file is a picture or a clip.

    Raises:
        DataError: If it is neither, or larger than the solver takes; in a sentence for who uploaded it.
    """
    found = format_of(content)
    if found is None:
        known = describe(content) if content else "an empty file"
        raise DataError(f"This is {known}, which no model reads; {remedy(content)}.")
    limit, noun = (MAX_IMAGE_BYTES, "picture") if found.kind == "image" else (MAX_CLIP_BYTES, "clip")
    if len(content) > limit:
        raise DataError(f"This {noun} is {_mb(len(content))}; the limit is {_mb(limit)}.")
    return found.kind


def _mb(number: int) -> str:
    return f"{number / 2**20:,.0f} MB" if number % 2**20 == 0 else f"{number / 2**20:,.1f} MB"


def base_name(name: str) -> str:
    """Return a file's name without folders or control characters, 120 characters at most."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return "".join(character for character in last if character.isprintable())[:120] or "file"


def _unpacked(files: Sequence[tuple[str, bytes]], refused: list[Refused]) -> Iterator[tuple[str, bytes]]:
    for name, content in files:
        if content.startswith(ZIP):
            yield from _members(name, content, refused)
        else:
            yield name, content


def _members(name: str, content: bytes, refused: list[Refused]) -> Iterator[tuple[str, bytes]]:
    """Yield the members of a zip, each read up to the limit whatever its header claims. Nothing touches the disk."""
    if content.count(ENTRY) > MAX_ENTRIES:  # each would take time and memory before it is looked at
        reason = f"This zip holds more than {MAX_ENTRIES:,} files and folders, which is the limit. Split it."
        refused.append(Refused(base_name(name), reason))
        return
    archive = ZipFiles(io.BytesIO(content))
    try:
        members = [member for member in archive.names() if not _of_the_system(member)]
    except DataError as error:
        refused.append(Refused(base_name(name), plain(error)))
        return
    for member in members[: MAX_FILES + 1]:
        try:
            yield member, archive.read(member, MAX_FILE_BYTES)
        except DataError as error:
            refused.append(Refused(base_name(member), plain(error)))


def _of_the_system(name: str) -> bool:
    return any(part in SYSTEM_FILES or part.startswith("._") for part in PurePosixPath(name).parts)
