"""What a picture or clip will cost to decode, by its own structure: refused before a decoder sees it.

Decoders take every piece of a file in turn, however many there are, and a progressive JPEG's whole picture anew at each
of its scans: at 4 megapixels 14 ms for the 14 bytes of an empty one. Bounded here are pieces, not what is in them.
"""

import re
import struct
from collections.abc import Callable, Iterator

from captcha_core.errors import DataError
from captcha_core.media.sniff import format_of

MAX_PIECES = 5_000  # PNG chunks take Pillow 20 us each; an encoder writes one for 8 KiB
MAX_SCANS = 1_000  # encoders write about 10
MAX_SCANNED_PIXELS = 128_000_000  # scans times pixels: 32 scans of the largest picture, half a second
MAX_RLE_BYTES = 256 * 2**10  # of a BMP packed by runs, which Pillow unpacks at 1 MB a second

Piece = tuple[bytes, int, int]  # name, where its content begins, how long that is

_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # not those within a scan
_SCAN, _END, _FRAMES = 0xDA, 0xD9, {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def check_structure(media: bytes) -> None:
    """Refuse a file that is dear to decode. What is damaged is left to the decoder.

    Raises:
        DataError: If it has too many pieces or scans, or is a large BMP packed by runs.
    """
    found = format_of(media)
    check = _CHECKS.get(found.name) if found else None
    if check:
        check(media)


def riff_chunks(media: bytes) -> Iterator[Piece]:
    """Yield the chunks of a WAV or WebP file.

    Raises:
        DataError: If there are more than :data:`MAX_PIECES`.
    """
    return _bounded(_riff(media))


def _bounded(pieces: Iterator[Piece]) -> Iterator[Piece]:
    for number, piece in enumerate(pieces):
        if number >= MAX_PIECES:
            raise DataError(f"expected a file of at most {MAX_PIECES:,} pieces, received more; save it anew.")
        yield piece


def _riff(media: bytes) -> Iterator[Piece]:
    at = 12
    while at + 8 <= len(media):
        name, size = struct.unpack_from("<4sI", media, at)
        yield name, at + 8, size
        at += 8 + size + size % 2


def _png(media: bytes) -> Iterator[Piece]:
    at = 8
    while at + 8 <= len(media):
        size, name = struct.unpack_from(">I4s", media, at)
        yield name, at + 8, size
        at += 12 + size


def _gif(media: bytes) -> Iterator[Piece]:
    """Yield the blocks before the first picture, and those within them: no more is read."""
    at = 13 + (3 << (media[10] & 7) + 1 if media[10:11] and media[10] & 0x80 else 0)
    while media[at : at + 1] == b"!":
        at += 2
        while size := media[at] if at < len(media) else 0:
            yield b"block", at + 1, size
            at += 1 + size
        yield b"end", at, 0
        at += 1


def _jpeg(media: bytes) -> Iterator[Piece]:
    at = 2
    while marker := _MARKER.search(media, at):
        at = marker.end()
        size = int.from_bytes(media[at : at + 2], "big")
        yield media[at - 1 : at], at, size
        if media[at - 1] == _END:
            return
        at += size


def _check_jpeg(media: bytes) -> None:
    scans, pixels = 0, 0
    for name, at, _ in _bounded(_jpeg(media)):
        if name[0] in _FRAMES and at + 7 <= len(media):
            height, width = struct.unpack_from(">HH", media, at + 3)
            pixels = max(pixels, height * width)
        scans += name[0] == _SCAN
        if scans > MAX_SCANS or scans * pixels > MAX_SCANNED_PIXELS:
            most = min(MAX_SCANS, MAX_SCANNED_PIXELS // max(pixels, 1))
            raise DataError(f"expected a JPEG of at most {most:,} scans at this size, received more; save it anew.")


def _check_bmp(media: bytes) -> None:
    packed = len(media) >= 34 and int.from_bytes(media[14:18], "little") >= 40 and media[30] in (1, 2)
    if packed and len(media) > MAX_RLE_BYTES:
        raise DataError(
            f"expected a BMP packed by runs of at most {MAX_RLE_BYTES:,} bytes, received {len(media):,}; save it anew."
        )


def _counted(walk: Callable[[bytes], Iterator[Piece]]) -> Callable[[bytes], None]:
    def check(media: bytes) -> None:
        for _ in _bounded(walk(media)):
            pass

    return check


_CHECKS: dict[str, Callable[[bytes], None]] = {
    "PNG": _counted(_png),
    "GIF": _counted(_gif),
    "WebP": _counted(_riff),
    "JPEG": _check_jpeg,
    "BMP": _check_bmp,
}
