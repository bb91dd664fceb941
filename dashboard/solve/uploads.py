"""What people hand in: files and zips, told apart by their bytes, within limits, named harmlessly."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from captcha_core.errors import DataError
from captcha_core.media.sniff import ZIP, Kind, kind_of
from captcha_core.sources.archive import ZipFiles

MAX_MB = 64  # of one file to upload
MAX_FILE_BYTES = 16 * 2**20
MAX_TOTAL_BYTES = 128 * 2**20
MAX_FILES = 500
MAX_ENTRIES = 20_000  # of a zip, folders and all
ENTRY = b"PK\x01\x02"  # begins what a zip says of a member
SYSTEM_FILES = ("__MACOSX", ".DS_Store", "Thumbs.db")


@dataclass(frozen=True)
class Item:
    """One captcha that somebody handed in."""

    name: str
    media: bytes
    kind: Kind


@dataclass(frozen=True)
class Refused:
    """A file that is not looked at, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Intake:
    """What came out of a pile of files."""

    items: tuple[Item, ...]
    refused: tuple[Refused, ...]


def take(files: Sequence[tuple[str, bytes]]) -> Intake:
    """Sort a pile of files: captchas, the members of zips, and what is neither with the reason.

    Args:
        files: Names and contents. Names are for people alone: what a file is, its first bytes say.
    """
    items: list[Item] = []
    refused: list[Refused] = []
    total = 0
    for name, content in _unpacked(files, refused):
        if len(items) >= MAX_FILES:
            refused.append(Refused(name, f"expected at most {MAX_FILES} captchas at a time; hand in the rest later."))
            break
        total += len(content)
        if total > MAX_TOTAL_BYTES:
            refused.append(Refused(name, f"expected at most {MAX_TOTAL_BYTES >> 20} MB at a time; hand in less."))
            break
        try:
            items.append(Item(base_name(name), content, kind_of(content)))
        except DataError as error:
            refused.append(Refused(base_name(name), str(error)))
    return Intake(tuple(items), tuple(refused))


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
        reason = f"expected a zip with at most {MAX_ENTRIES:,} files and folders, received one with more; split it."
        refused.append(Refused(base_name(name), reason))
        return
    archive = ZipFiles(io.BytesIO(content))
    try:
        members = [member for member in archive.names() if not _of_the_system(member)]
    except DataError as error:
        refused.append(Refused(base_name(name), str(error)))
        return
    for member in members[: MAX_FILES + 1]:
        try:
            yield member, archive.read(member, MAX_FILE_BYTES)
        except DataError as error:
            refused.append(Refused(base_name(member), str(error)))


def _of_the_system(name: str) -> bool:
    return any(part in SYSTEM_FILES or part.startswith("._") for part in PurePosixPath(name).parts)
