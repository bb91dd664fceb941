"""Plain PNG files, the usual captchas, decoded in about half of Pillow's time."""

import struct
import zlib

import cv2
import numpy as np

from captcha_core.media.sniff import PNG

HEADER = struct.Struct(">IIBBBBB")  # width, height, depth, colour type, compression, filter, interlacing
GREY, RGB = 0, 2
HARMLESS = frozenset(
    (b"IHDR", b"IDAT", b"IEND", b"pHYs", b"tEXt", b"tIME", b"gAMA", b"sRGB")
)  # no pixel depends on them


def decode_plain_png(media: bytes, max_pixels: int) -> np.ndarray | None:
    """Decode a whole PNG of 8-bit grey or RGB without transparency, animation or interlacing.

    Args:
        media: Bytes of any kind.
        max_pixels: Larger pictures are not decoded.

    Returns:
        uint8 (H, W) or (H, W, 3) as Pillow decodes it; None for anything else, damaged files among it.
    """
    if not _is_plain(media, max_pixels):
        return None
    colour = media[25] == RGB
    flags = cv2.IMREAD_COLOR_RGB if colour else cv2.IMREAD_GRAYSCALE
    return cv2.imdecode(np.frombuffer(media, np.uint8), flags)


def _is_plain(media: bytes, max_pixels: int) -> bool:
    if len(media) < 45 or not media.startswith(PNG) or media[12:16] != b"IHDR":
        return False
    width, height, depth, kind, *rest = HEADER.unpack_from(media, 16)
    if depth != 8 or kind not in (GREY, RGB) or any(rest) or not 0 < width * height <= max_pixels:
        return False
    at, name = len(PNG), b""
    while at + 12 <= len(media) and name != b"IEND":
        size, name = struct.unpack_from(">I4s", media, at)
        end = at + 8 + size
        if name not in HARMLESS or end + 4 > len(media):
            return False
        if zlib.crc32(media[at + 4 : end]) != int.from_bytes(media[end : end + 4]):
            return False  # the decoder would tell of it on the terminal
        at = end + 4
    return name == b"IEND"
