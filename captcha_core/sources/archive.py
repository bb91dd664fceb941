"""The files of an import, in a folder or a zip archive, which is never unpacked to disk."""

import lzma
import os
import struct
import zipfile
import zlib
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from captcha_core.errors import DataError
from captcha_core.media.audio import MAX_BYTES  # clips may be larger than images
from captcha_core.plugins import registered

MAX_FILES = 5_000_000
DAMAGED = (  # what zipfile and its decoders raise at archives that are not whole
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError, NotImplementedError,
    ValueError, OverflowError, MemoryError,
)  # fmt: skip


class Files(Protocol):
    """Files by name. Picklable: workers open the place for themselves."""

    def names(self) -> list[str]:
        """Return the names of all files, '/' between folders, in a fixed order."""

    def read(self, name: str, limit: int = MAX_BYTES) -> bytes:
        """Return the bytes of one file, at most ``limit`` of them.

        Raises:
            DataError: If it cannot be read, is too large or leads out of the place.
        """


class FolderFiles:
    """The regular files under a folder; a link out of it is not followed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """Return the paths of all files below the folder."""
        found: list[str] = []
        for top, folders, files in os.walk(self.folder, onerror=_unreadable):
            folders.sort()
            found += [(Path(top) / file).relative_to(self.folder).as_posix() for file in files]
            _check_number(len(found), self.folder)
        return sorted(found)

    def read(self, name: str, limit: int = MAX_BYTES) -> bytes:
        """Read a file, as :meth:`Files.read` has it."""
        _check_climb(name)
        path = self.folder / name
        try:
            if not path.is_file():  # a pipe or device would never end
                found = "something else" if path.exists() else "none"
                raise DataError(f"expected a regular file, received {found} at {name!r}; correct the name.")
            if not path.resolve().is_relative_to(self.folder.resolve()):
                raise DataError(
                    f"expected a file in the folder itself, received {name!r}, a link out of it; put the file there."
                )
            with path.open("rb") as file:
                return _limited(file.read(limit + 1), name, limit)
        except (OSError, ValueError) as error:
            raise DataError(f"expected a readable file, received {error}; see to that.") from None


class ZipFiles:
    """The members of a zip archive, read one by one within limits, whatever their headers claim.

    Args:
        place: The archive's path, or the archive itself, which then cannot be pickled.
    """

    def __init__(self, place: Path | BinaryIO) -> None:
        self.place = place

    def __getstate__(self) -> dict[str, object]:
        return {"place": self.place}

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        try:
            archive = zipfile.ZipFile(self.place)
        except DAMAGED as error:
            where = f" at {self.place}" if isinstance(self.place, Path) else ""
            raise DataError(
                f"expected a whole zip archive{where}, received a damaged one ({error}); get it again."
            ) from None
        _check_number(len(archive.filelist), self.place)
        return archive

    def names(self) -> list[str]:
        """Return the names of all members that are no folders."""
        return sorted({member.filename for member in self._archive.filelist if not member.filename.endswith("/")})

    def read(self, name: str, limit: int = MAX_BYTES) -> bytes:
        """Unpack a member, as :meth:`Files.read` has it."""
        _check_climb(name)
        try:
            member = self._archive.getinfo(name)
            if member.file_size > limit:
                raise _too_large(name, f"{member.file_size:,}", limit)
            with self._archive.open(member) as file:
                return _limited(file.read(limit + 1), name, limit)
        except KeyError:
            raise DataError(f"expected a member of the archive, received {name!r}; correct the name.") from None
        except DAMAGED as error:
            raise DataError(f"expected a readable member, received {name!r} ({error}); pack it again.") from None


def open_files(place: Path) -> Files:
    """Return the files of a folder, a zip archive or, for ``NAME:REST``, a plugin's source.

    Raises:
        DataError: If the place is neither.
    """
    name, colon, rest = str(place).partition(":")
    if colon and name in registered("source"):
        files: Files = registered("source")[name](rest)
        return files
    if place.is_dir():
        return FolderFiles(place)
    if place.is_file() and zipfile.is_zipfile(place):
        return ZipFiles(place)
    received = f"the file {place}" if place.exists() else f"{place}, which does not exist"
    raise DataError(
        f"expected a folder, a zip archive, a CSV or TFRecord files to import, received {received}; name one of these."
    )


def _unreadable(error: OSError) -> None:
    raise DataError(f"expected a readable folder, received {error}; see to that.") from None


def _check_climb(name: str) -> None:
    """Refuse names that could lead out of the folder or archive they are in."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
        raise DataError(
            f"expected a name inside the folder or archive, received {name!r}; such paths are not followed."
        )


def _check_number(number: int, place: object) -> None:
    if number > MAX_FILES:
        raise DataError(f"expected at most {MAX_FILES:,} files in {place}, received more; import it in parts.")


def _limited(content: bytes, name: str, limit: int) -> bytes:
    if len(content) > limit:
        raise _too_large(name, "more", limit)
    return content


def _too_large(name: str, received: str, limit: int) -> DataError:
    return DataError(f"expected a file of at most {limit:,} bytes, received {received} in {name!r}; make it smaller.")
