"""What kind a file is, and how large its picture, by its first bytes and nothing that somebody says of it."""

import io
import struct
from typing import Literal

from PIL import Image, UnidentifiedImageError

from captcha_core.errors import DataError
from captcha_core.media.image import FORMATS, MAX_BYTES

Kind = Literal["image", "audio"]
HEAD_BYTES = 2**16  # a size is looked for in as many: some files hold a million empty pieces before it


def kind_of(media: bytes) -> Kind:
    """Return whether the bytes are a picture or a clip.

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
    head = image[: MAX_BYTES if image.startswith(b"RIFF") else HEAD_BYTES]  # WebP's is read with all that follows
    try:
        width, height = Image.open(io.BytesIO(head), formats=FORMATS).size
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError):
        raise DataError(
            f"expected a whole picture with its size in its first {HEAD_BYTES:,} bytes, received a damaged or another "
            "one; get it again, or choose the model."
        ) from None
    return height, width
