"""What a picture or clip will cost to decode, by its own structure: refused before a decoder sees it.

Decoders take every piece of a file in turn, however many there are, and a progressive JPEG's whole picture anew at each
of its scans: at 4 megapixels 14 ms for the 14 bytes of an empty one. Bounded here are pieces, not what is in them.
"""

import re
import struct
from collections.abc import Callable, Iterator

from captcha_core.errors import DataError
from captcha_core.media.sniff import PNG, format_of

MAX_PIECES = 5_000  # PNG chunks take Pillow 20 us each; an encoder writes one for 8 KiB
MAX_SCANS = 1_000  # encoders write about 10
MAX_SCANNED_PIXELS = 128_000_000  # scans times pixels: 32 scans of the largest picture, half a second
MAX_PIXELS = 4_000_000
MAX_RLE_BYTES = 256 * 2**10  # of a BMP packed by runs, which Pillow unpacks at 1 MB a second
MAX_ICONS = 64  # in an ICO; the largest one is read
MAX_TABLE_BYTES = 128 * 2**10  # of an AVIF's tables, in which libavif looks up each entry from the beginning
MAX_HIDDEN = 2**36  # bytes times pixels of an AVIF, whose frames may be a few bytes each and need not be shown

Piece = tuple[bytes, int, int]  # name, where its content begins, how long that is

_TABLES = (b"iloc", b"iinf", b"iref", b"ipma", b"moov")
_CONTAINERS = {b"meta": b"", b"iprp": b"meta"}  # boxes of boxes, and which box these are in
_BYTES = (1, 2, 6, 7)  # those of bytes and text, which are not unpacked
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # not those within a scan
_SCAN, _END, _FRAMES = 0xDA, 0xD9, {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def check_structure(media: bytes) -> None:
    """Refuse a file that is dear to decode. What is damaged is left to the decoder.

    Raises:
        DataError: If it has too many pieces or scans, is a large BMP packed by runs, or an ICO of large icons.
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
    _check_dib(media[14:])


def _check_dib(bitmap: bytes) -> None:
    packed = len(bitmap) >= 20 and int.from_bytes(bitmap[:4], "little") >= 40 and bitmap[16] in (1, 2)
    if packed and len(bitmap) > MAX_RLE_BYTES:
        raise DataError(
            f"expected a BMP packed by runs of at most {MAX_RLE_BYTES:,} bytes, received {len(bitmap):,}; save it anew."
        )


def _check_ico(media: bytes) -> None:
    """Look into each icon: Pillow decodes one as it opens the file, whatever size its own header claims."""
    count = int.from_bytes(media[4:6], "little")
    if count > MAX_ICONS:
        raise DataError(f"expected an ICO of at most {MAX_ICONS} icons, received {count:,}; save it anew.")
    for number in range(count):
        icon = media[int.from_bytes(media[18 + 16 * number : 22 + 16 * number], "little") :]
        if icon.startswith(PNG):
            _counted(_png)(icon)
            width, height = struct.unpack_from(">II", icon.ljust(24, b"\0"), 16)
        else:
            _check_dib(icon)
            old = icon.startswith(b"\x0c\0\0\0")  # OS/2's header
            width, height = struct.unpack_from("<HH" if old else "<Ii", icon.ljust(12, b"\0"), 4)
            height //= 2  # the lower half is the mask
        if abs(width * height) > MAX_PIXELS:
            raise DataError(
                f"expected icons of at most {MAX_PIXELS:,} pixels, received {width} x {height}; make it smaller."
            )


def _check_tiff(media: bytes) -> None:
    """Bound the tags of the first picture, its strips among them; scans of a JPEG in it are libtiff's to bound."""
    order = "<" if media.startswith(b"II") else ">"
    if len(media) < 8:
        return
    (at,) = struct.unpack_from(f"{order}I", media, 4)
    count = struct.unpack_from(f"{order}H", media, at)[0] if at + 2 <= len(media) else 0
    for number, place in enumerate(range(at + 2, min(at + 2 + 12 * count, len(media) - 11), 12)):
        _, kind, values = struct.unpack_from(f"{order}HHI", media, place)
        if number >= MAX_PIECES or (kind not in _BYTES and values > MAX_PIECES):
            raise DataError(f"expected a TIFF of at most {MAX_PIECES:,} pieces, received more; save it anew.")


def _boxes(media: bytes, at: int, end: int, within: bytes = b"") -> Iterator[Piece]:
    """Yield the boxes of an AVIF, and those within :data:`_CONTAINERS`."""
    while at + 8 <= end:
        size, name = struct.unpack_from(">I4s", media, at)
        begin = at + (16 if size == 1 else 8)
        size = int.from_bytes(media[at + 8 : at + 16], "big") if size == 1 else size or end - at
        yield name, begin, size
        if _CONTAINERS.get(name) == within:
            yield from _boxes(media, begin + (4 if name == b"meta" else 0), min(end, at + size), name)
        at += max(size, 8)


def _check_avif(media: bytes) -> None:
    for name, _, size in _bounded(_boxes(media, 0, len(media))):
        if name in _TABLES and size > MAX_TABLE_BYTES:
            raise DataError(
                f"expected tables of at most {MAX_TABLE_BYTES:,} bytes in an AVIF, received more; save it anew."
            )


def check_avif_size(media: bytes, pixels: int) -> None:
    """Refuse a large AVIF of many pixels: it may hold any number of frames that nobody sees.

    Raises:
        DataError: If it is both.
    """
    if len(media) * pixels > MAX_HIDDEN:
        most = MAX_HIDDEN // pixels
        raise DataError(
            f"expected an AVIF of at most {most:,} bytes at this size, received {len(media):,}; convert it to PNG or "
            "JPEG."
        )


def _flac(media: bytes) -> Iterator[Piece]:
    at, last = 4, False
    while at + 4 <= len(media) and not last:
        size, last = int.from_bytes(media[at + 1 : at + 4], "big"), bool(media[at] & 0x80)
        yield media[at : at + 1], at + 4, size
        at += 4 + size


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
    "ICO": _check_ico,
    "TIFF": _check_tiff,
    "AVIF": _check_avif,
    "FLAC": _counted(_flac),
}
