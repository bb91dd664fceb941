"""Ogg pages: each is whole, undamaged and in its place, as its header says.

A decoder skips pages that are not, and the rest sounds like a shorter clip. Layout and checksum: RFC 3533.
"""

import struct
import zlib

from captcha_core.errors import DataError
from captcha_core.media.sniff import OGG

HEADER = struct.Struct("<4sBBqIIIB")  # mark, version, flags, position, stream, number, sum, segments
SUM_AT = 22
LAST = 4  # the flag of a stream's last page
MAX_PAGES = 100_000  # half an hour of a packet a page
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def check_pages(media: bytes) -> None:
    """Refuse an Ogg file that is cut, lacks a page or holds a damaged one. What follows the last page is ignored.

    Raises:
        DataError: If it is, or has more than :data:`MAX_PAGES`.
    """
    at, pages = 0, 0
    awaited: dict[int, int] = {}  # stream -> number of its next page
    while media.startswith(OGG, at):
        page = _page(media, at)
        _, _, flags, _, stream, number, _, _ = HEADER.unpack_from(page)
        if number != awaited.get(stream, number):
            raise DataError(
                f"expected page {awaited[stream]} of the Ogg file, received page {number}; one is lost, get it again."
            )
        awaited[stream] = number + 1
        if flags & LAST:
            del awaited[stream]
        at, pages = at + len(page), pages + 1
        if pages > MAX_PAGES:
            raise DataError(f"expected at most {MAX_PAGES:,} Ogg pages, received more; send the captcha alone.")
    if OGG in media[at:]:
        raise _damaged(at)
    if awaited:
        raise DataError("expected an Ogg file with its last page, received one without; the file is cut short.")


def page_crc(page: bytes) -> int:
    """Return the checksum that belongs into a page's header.

    It is the CRC of zip files with every byte, and the result, back to front, and with nothing inverted.
    """
    blank = page[:SUM_AT] + b"\0\0\0\0" + page[SUM_AT + 4 :]
    mirrored = zlib.crc32(blank.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def _page(media: bytes, at: int) -> bytes:
    data = at + HEADER.size
    segments = media[data - 1] if data <= len(media) else 0
    end = data + segments + sum(media[data : data + segments])
    if end > len(media):
        raise DataError(
            f"expected a whole Ogg page, received {len(media) - at:,} of its {end - at:,} bytes; the file is cut short."
        )
    page = media[at:end]
    if page_crc(page) != int.from_bytes(page[SUM_AT : SUM_AT + 4], "little"):
        raise _damaged(at)
    return page


def _damaged(at: int) -> DataError:
    return DataError(f"expected Ogg pages whose sums are right, received a damaged page at byte {at:,}; get it again.")
