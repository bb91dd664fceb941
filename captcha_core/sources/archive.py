"""The files of a folder, of a pattern such as ``*.png`` or of a zip archive, which is never unpacked to disk."""

import glob
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from captcha_core.errors import DataError
from captcha_core.media.audio import MAX_BYTES  # clips may be larger than images
from captcha_core.media.sniff import FILE_ENDINGS, ZIP
from captcha_core.plugins import registered
from captcha_core.sources.encodings import guess_text

MAX_FILES = 5_000_000
LOCKED, UTF8_NAMES = 0x1, 0x800  # flags of a member of a zip archive
PACKED = {
    b"Rar!": "a RAR archive", b"7z\xbc\xaf\x27\x1c": "a 7z archive", b"\x1f\x8b": "a gzip file", b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file", b"\x28\xb5\x2f\xfd": "a Zstandard file",
}  # fmt: skip
DOCUMENTS = {  # zip archives by a file in them: tables and texts
    "[Content_Types].xml": "an Excel or Word document", "mimetype": "an OpenDocument",
}  # fmt: skip
UNPACK, LOOSE = "unpack it first", "save each captcha as a picture that is named after its text"
CONTAINERS = {  # endings of files that hold many captchas and are not looked into, and what to do with one
    **dict.fromkeys((".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst"), UNPACK), ".zip": "import that file",
    **dict.fromkeys((".parquet", ".arrow", ".npy", ".npz", ".h5", ".hdf5", ".mat", ".pkl", ".pt"), LOOSE),
}  # fmt: skip
SPREADSHEETS = (".xlsx", ".xlsm", ".xls", ".ods", ".numbers")
LEFT_FOLDERS = frozenset(
    ("__macosx", "@eadir", "$recycle.bin", "__pycache__", "#recycle", "lost+found", "system volume information")
)
LEFT_FILES = frozenset(["thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"])
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
        for top, folders, files in os.walk(self.folder, onerror=_refuse_folder):
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
            raise unreadable(error) from None


class GlobFiles(FolderFiles):
    """The regular files that a pattern such as ``new/*.png`` or ``**/*.gif`` matches, below the folder before it."""

    def __init__(self, pattern: Path) -> None:
        plain = next(number for number, part in enumerate(pattern.parts) if glob.has_magic(part))
        super().__init__(Path(*pattern.parts[:plain]))
        self.pattern = Path(*pattern.parts[plain:]).as_posix()

    def names(self) -> list[str]:
        """Return the paths of the files that match, below the folder."""
        try:
            found = [path for path in self.folder.glob(self.pattern) if path.is_file()]
        except ValueError as error:
            raise DataError(f"expected a pattern such as **/*.png, received {self.pattern}: {error}.") from None
        _check_number(len(found), self.folder)
        return sorted(path.relative_to(self.folder).as_posix() for path in found)


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
        if any(member.flag_bits & LOCKED for member in archive.filelist):
            raise DataError(
                "expected a zip archive without a password, received one whose files are locked with it; unpack it, "
                "and name the folder."
            )
        return archive

    @cached_property
    def _members(self) -> dict[str, zipfile.ZipInfo]:
        """Name -> member, the last of those of one name. Old programs write names in the encoding of their machine."""
        members = self._archive.filelist
        old = [member for member in members if not member.flag_bits & UTF8_NAMES and not member.filename.isascii()]
        raw = b"\n".join(member.filename.encode("cp437", errors="replace") for member in old)
        names = guess_text(raw, ("cp866", "cp437")).split("\n") if old else []
        decoded = dict(zip((member.filename for member in old), names, strict=False)) if len(names) == len(old) else {}
        return {decoded.get(member.filename, member.filename): member for member in members}

    def names(self) -> list[str]:
        """Return the names of all members that are no folders."""
        return sorted(name for name in self._members if not name.endswith("/"))

    def read(self, name: str, limit: int = MAX_BYTES) -> bytes:
        """Unpack a member, as :meth:`Files.read` has it."""
        _check_climb(name)
        try:
            member = self._members[name]
            if member.file_size > limit:
                raise _too_large(name, f"{member.file_size:,}", limit)
            with self._archive.open(member) as file:
                return _limited(file.read(limit + 1), name, limit)
        except KeyError:
            raise DataError(f"expected a member of the archive, received {name!r}; correct the name.") from None
        except DAMAGED as error:
            raise DataError(f"expected a readable member, received {name!r} ({error}); pack it again.") from None


def open_files(place: Path) -> Files:
    """Return the files of a folder, a zip archive, a pattern or, for ``NAME:REST``, a plugin's source.

    Raises:
        DataError: If the place is none of these.
    """
    name, colon, rest = str(place).partition(":")
    if colon and name in registered("source"):
        files: Files = registered("source")[name](rest)
        return files
    if place.is_dir():
        return FolderFiles(place)
    if place.is_file() and zipfile.is_zipfile(place):
        files = ZipFiles(place)
        if kind := next((kind for name, kind in DOCUMENTS.items() if name in files.names()), None):
            raise DataError(
                f"expected a folder, a zip archive or a file of labels, received {place}, {kind}; save its table as "
                "CSV, beside the captchas, and name that file."
            )
        return files
    if is_pattern(place):
        return GlobFiles(place)
    received = _other_file(place) if place.is_file() else f"{place}, which does not exist"
    raise DataError(
        f"expected a folder, a zip archive, a file of labels or TFRecord files to import, received {received}; name "
        "one of these."
    )


def is_pattern(place: Path) -> bool:
    """Tell whether a path is a pattern, for shells that leave them to the program and for patterns in quotes."""
    return glob.has_magic(str(place)) and not place.exists()


def _other_file(place: Path) -> str:
    """Return what a file that is no archive we read seems to be."""
    try:
        with place.open("rb") as file:
            head = file.read(300)
    except OSError:
        head = b""
    if head.startswith(ZIP):
        return f"the zip archive {place}, which is cut short or damaged (its list of files at the end is missing)"
    packed = next((name for magic, name in PACKED.items() if head.startswith(magic)), None)
    packed = "a tar archive" if head[257:262] == b"ustar" else packed
    held = CONTAINERS.get(place.suffix.lower())
    if packed or held == UNPACK:
        return f"{packed or 'an archive'}, {place}, which is to be unpacked first"
    return f"the table or array {place}, which is not looked into ({held})" if held else f"the file {place}"


def data_sets_in(names: Sequence[str]) -> tuple[str, ...]:
    """Return the folders of data sets among those of all files, each with its last '/'."""
    folders = [name.removesuffix("dataset.json") for name in names if name.endswith("/dataset.json")]
    return tuple(top for top in folders if any(n.startswith(top) and n.endswith(".parquet") for n in names))


def require_loose(names: Sequence[str], where: Path) -> None:
    """Refuse a place whose captchas lie in other files: a data set, an archive in a folder, tables and arrays.

    Raises:
        DataError: If it is one.
    """
    if "dataset.json" in names:
        raise DataError(
            f"expected captchas as files, received the data set {where}; captchalab evaluate, train and audit take it "
            "as it is, and captchalab export-data writes its files."
        )
    endings = [PurePosixPath(name).suffix.lower() for name in names]
    held = [name for name, ending in zip(names, endings, strict=True) if ending in CONTAINERS]
    if held and FILE_ENDINGS.isdisjoint(endings) and endings.count("") <= len(held):  # without an ending: captchas
        more = f" and {len(held) - 1:,} more" if len(held) > 1 else ""
        what = CONTAINERS[PurePosixPath(held[0]).suffix.lower()]
        raise DataError(f"expected pictures or clips in {where}, received {held[0]}{more}; {what}.")


def is_left_by_a_system(name: str) -> bool:
    """Tell whether a file is one that Mac, Windows or a tool leaves behind: hidden ones and previews."""
    *folders, file = name.lower().split("/")
    if file in LEFT_FILES or file.startswith("~$") or _is_hidden(file):
        return True
    return any(folder in LEFT_FOLDERS or _is_hidden(folder) for folder in folders)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") and not name.startswith("..") and name != "."


def _refuse_folder(error: OSError) -> None:
    raise DataError(f"expected a readable folder, received {error}; see to that.") from None


def unreadable(error: Exception) -> DataError:
    """Return the error of a file that the operating system does not let us read."""
    return DataError(f"expected a readable file, received {error}; see to that.")


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
