"""How much one request, and all of them together, may ask for; and what a body really holds."""

import binascii
from dataclasses import dataclass
from typing import Literal

from captcha_core.errors import DataError
from captcha_core.media.image import FORMATS, MAX_BYTES

Kind = Literal["image", "audio"]
HEAD_BYTES = 2**16  # a size is looked for in as many: some files hold a million empty pieces before it


@dataclass(frozen=True, slots=True)
class ServingLimits:
    """Bounds of a server.

    Args:
        max_body_bytes: Longest request body. A base64 text is a third longer than its media.
        max_held_bytes: Bodies held in memory at one time, all requests together.
        max_batch: Media in one batch.
        max_waiting: Media that wait for a worker; the next one gets a 503 at once.
        max_fetches: URLs fetched at one time.
        deadline_s: Time for one request, from its first byte to the answer.
    """

    max_body_bytes: int = 24 * 2**20
    max_held_bytes: int = 256 * 2**20
    max_batch: int = 64
    max_waiting: int = 128
    max_fetches: int = 16
    deadline_s: float = 10.0


def kind_of(media: bytes) -> Kind:
    """Return what the bytes are, by their own first bytes and nothing that somebody says of them.

    Raises:
        DataError: If they are neither a usual picture nor a usual clip.
    """
    head = media[:12]
    if head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM")):
        return "image"
    if head.startswith(b"RIFF") and head[8:12] in (b"WEBP", b"WAVE"):
        return "image" if head[8:12] == b"WEBP" else "audio"
    if head.startswith((b"fLaC", b"OggS", b"ID3")) or (head[:1] == b"\xff" and head[1:2] >= b"\xe0"):
        return "audio"
    received = f"{len(media):,} bytes of another kind" if media else "no bytes at all"
    raise DataError(
        f"expected a PNG, JPEG, GIF, BMP or WebP picture or a WAV, FLAC, OGG or MP3 clip, received {received}; send "
        "the file itself."
    )


def size_of(image: bytes) -> tuple[int, int]:
    """Return (height, width) in pixels as the header says, without decoding the picture.

    Raises:
        DataError: If the header cannot be read.
    """
    import io
    import struct

    from PIL import Image, UnidentifiedImageError

    head = image[: MAX_BYTES if image.startswith(b"RIFF") else HEAD_BYTES]  # WebP's is read with all that follows
    try:
        width, height = Image.open(io.BytesIO(head), formats=FORMATS).size
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError):
        raise DataError(
            f"expected a whole picture with its size in its first {HEAD_BYTES:,} bytes, received a damaged or another "
            "one; get it again, or choose the model."
        ) from None
    return height, width


def strict_base64(text: str) -> bytes:
    """Decode base64 of the standard alphabet, padded, without a blank or anything behind it.

    Raises:
        DataError: If it is anything else.
    """
    try:
        return binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise DataError(
            "expected standard base64 with its padding and nothing else, received another text; encode the file's "
            "bytes."
        ) from None
