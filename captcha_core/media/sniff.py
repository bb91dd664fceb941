"""What a file is, by its first bytes and nothing that somebody says of it: the one table of magic numbers."""

import io
import struct
from dataclasses import dataclass
from typing import Literal

from PIL import Image, UnidentifiedImageError

from captcha_core.errors import DataError

Kind = Literal["image", "audio"]
PNG, OGG, ZIP = b"\x89PNG\r\n\x1a\n", b"OggS", b"PK\x03\x04"
IMAGE_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")  # as Pillow calls them
MAX_IMAGE_BYTES = 8 * 2**20
HEAD_BYTES = 2**16  # a size is looked for in as many: some files hold a million empty pieces before it


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file that is read: its name, the ending of its files, and whether it is a picture or a clip."""

    name: str
    suffix: str
    kind: Kind


FORMATS = {
    PNG: Format("PNG", ".png", "image"),
    b"\xff\xd8\xff": Format("JPEG", ".jpg", "image"),
    b"GIF87a": Format("GIF", ".gif", "image"),
    b"GIF89a": Format("GIF", ".gif", "image"),
    b"BM": Format("BMP", ".bmp", "image"),
    b"fLaC": Format("FLAC", ".flac", "audio"),
    OGG: Format("OGG", ".ogg", "audio"),
    b"ID3": Format("MP3", ".mp3", "audio"),
}
RIFF_FORMATS = {b"WEBP": Format("WebP", ".webp", "image"), b"WAVE": Format("WAV", ".wav", "audio")}
OTHERS = {ZIP: "a zip archive", b"%PDF": "a PDF", b"RIFF": "a RIFF file", b"<": "markup"}
SUFFIXES = tuple(dict.fromkeys(one.suffix for one in (*FORMATS.values(), *RIFF_FORMATS.values())))


def format_of(media: bytes) -> Format | None:
    """Return the format of a picture or clip, None for anything else."""
    if media.startswith(b"RIFF"):
        return RIFF_FORMATS.get(media[8:12])
    if media[:1] == b"\xff" and media[1:2] >= b"\xe0":  # the eleven bits that begin an MPEG frame
        return FORMATS[b"ID3"]
    return next((found for magic, found in FORMATS.items() if media.startswith(magic)), None)


def suffix_of(media: bytes) -> str:
    """Return the ending that a file with these bytes is given."""
    found = format_of(media)
    return found.suffix if found else ".bin"


def kind_of(media: bytes) -> Kind:
    """Return whether the bytes are a picture or a clip.

    Raises:
        DataError: If they are neither a usual picture nor a usual clip.
    """
    found = format_of(media)
    if found is None:
        received = f"{len(media):,} bytes of another kind" if media else "no bytes at all"
        raise DataError(
            f"expected a PNG, JPEG, GIF, BMP or WebP picture or a WAV, FLAC, OGG or MP3 clip, received {received}; "
            "send the file itself."
        )
    return found.kind


def describe(media: bytes) -> str:
    """Return what the bytes seem to be, as an error says it."""
    if not media:
        return "no bytes at all"
    if found := format_of(media):
        article = "an" if found.name in ("MP3", "OGG") else "a"
        return f"{article} {found.name} {'picture' if found.kind == 'image' else 'clip'}"
    known = next((name for magic, name in OTHERS.items() if media.startswith(magic)), None)
    return known or f"{len(media):,} bytes that begin with {media[:8].hex(' ')}"


def size_of(image: bytes) -> tuple[int, int]:
    """Return (height, width) in pixels as the header says, without decoding the picture.

    Raises:
        DataError: If the header cannot be read.
    """
    head = image[: MAX_IMAGE_BYTES if image.startswith(b"RIFF") else HEAD_BYTES]  # WebP's is read with all that follows
    try:
        width, height = Image.open(io.BytesIO(head), formats=IMAGE_FORMATS).size
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError):
        raise DataError(
            f"expected a whole picture with its size in its first {HEAD_BYTES:,} bytes, received a damaged or another "
            "one; get it again, or choose the model."
        ) from None
    return height, width
