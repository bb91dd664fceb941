"""Labelled files for tests of importing, drawn here."""

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from captcha_core.media.image import encode_png
from captcha_core.sources.labels.columns import Row, best_table
from captcha_core.sources.labels.matching import NameIndex
from captcha_core.sources.labels.scoring import LabelHints
from captcha_core.sources.labels.tables import read_tables


def picture(text: str, shape: tuple[int, ...] = (16, 32), coloured: bool = False) -> bytes:
    """A PNG that differs for each text."""
    rng = np.random.default_rng(list(text.encode()))
    grey = rng.integers(0, 256, shape, dtype=np.uint8)
    if not coloured:
        return encode_png(grey)
    return encode_png(np.stack([grey, 255 - grey, grey // 2], axis=-1))


def fill(folder: Path, names: dict[str, bytes]) -> Path:
    for name, content in names.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def pack(path: Path, names: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    return path


def in_format(kind: str, mode: str, text: str = "1234") -> bytes:
    """The same noise in another file format and mode."""
    file = io.BytesIO()
    Image.open(io.BytesIO(picture(text))).convert(mode).save(file, kind)
    return file.getvalue()


def huge_png_header(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG that claims to be enormous."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


TEXTS = ("0421", "9913", "7350", "2268", "0042", "8167")


def parse_rows(content: bytes, name: str, names: Sequence[str] = ()) -> list[Row]:
    """Return the rows of a table on their own, for files of the names."""
    return best_table(list(read_tables(content, name)), name, NameIndex(names), "", LabelHints()).rows
