"""An append-only file of JSON lines that several processes share and a power failure does not spoil.

Lines are added whole, under a lock, and are on the disk before the writer goes on. A line that was cut off stays where
it is, on a line of its own; whoever reads passes over what is no whole record.
"""

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from filelock import FileLock
from pydantic import BaseModel, ValidationError

from captcha_core.files import force

Record = TypeVar("Record", bound=BaseModel)


@dataclass(frozen=True)
class Journal:
    """One such file.

    Args:
        path: The file; it need not be there yet. Its lock lies beside it.

    Raises:
        OSError: From all methods, if the disk does not do its part.
    """

    path: Path

    def lock(self) -> FileLock:
        """Return the lock that a writer holds."""
        return FileLock(f"{self.path}.lock")

    def append(self, lines: Iterable[str]) -> None:
        """Add records, one JSON object a line, without their line ends."""
        with self.lock():
            self.append_bytes("".join(f"{line}\n" for line in lines).encode())

    def append_bytes(self, content: bytes) -> None:
        """Add whole lines under a lock that the caller holds."""
        with self.path.open("ab") as file:
            file.write(b"\n" * self._is_cut() + content)
            force(file)

    def lines(self) -> list[bytes]:
        """Return all lines that hold something, in their order; the last one may be cut off."""
        content = self.path.read_bytes() if self.path.is_file() else b""
        return [line for line in content.split(b"\n") if line.strip()]

    def records(self, kind: type[Record]) -> list[Record]:
        """Return the whole records of a kind, in their order; damaged lines are passed over."""
        found = []
        for line in self.lines():
            with contextlib.suppress(ValidationError):  # cut off by a kill
                found.append(kind.model_validate_json(line))
        return found

    def _is_cut(self) -> bool:
        """Say whether the last line is without its end."""
        if not self.path.is_file() or not self.path.stat().st_size:
            return False
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
