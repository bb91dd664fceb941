"""A captcha in whatever form a Python program has it, as the bytes of a file."""

import io
import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from captcha_core.errors import DataError
from captcha_core.files import read_media
from captcha_core.media.image import encode_png

Media = bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO | Image.Image | np.ndarray


def media_bytes(media: Media) -> bytes:
    """Return the bytes of a captcha given as bytes, path, open file, PIL picture or pixels.

    Raises:
        DataError: If it is none of these, or cannot be read.
    """
    if isinstance(media, bytes):
        return media
    if isinstance(media, bytearray | memoryview):
        return bytes(media)
    if isinstance(media, str | os.PathLike):
        return read_media(Path(media))
    if isinstance(media, Image.Image):
        return _of_picture(media)
    if isinstance(media, np.ndarray):
        return _of_pixels(media)
    content = media.read() if hasattr(media, "read") else None
    if isinstance(content, bytes):
        return content
    raise _unknown("a file opened for text; open it with mode 'rb'" if content is not None else type(media).__name__)


def _of_picture(picture: Image.Image) -> bytes:
    """Return a PNG of a picture, with its transparency and its orientation."""
    plain = picture if picture.mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16") else picture.convert("RGB")
    file = io.BytesIO()
    plain.save(file, "PNG", compress_level=1, exif=picture.getexif())
    return file.getvalue()


def _of_pixels(pixels: np.ndarray) -> bytes:
    kind: Any = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or kind not in (1, 3, 4) or not pixels.size:
        raise _unknown(f"an array {pixels.dtype} {pixels.shape}; pixels are uint8 (H, W), (H, W, 3) or (H, W, 4)")
    return _of_picture(Image.fromarray(pixels)) if kind == 4 else encode_png(np.ascontiguousarray(pixels))


def _unknown(received: str) -> DataError:
    return DataError(
        f"expected a captcha as bytes, a path, a file opened for reading bytes, a PIL picture or uint8 pixels, "
        f"received {received}."
    )
