"""Ogg pages: whole and unharmed, as they say of themselves.

A decoder passes over pages that are not, and what is left sounds like a shorter clip. Layout and sum: RFC 3533.
"""

import struct
import zlib

from captcha_core.errors import DataError

MARK = b"OggS"
HEADER_BYTES = 27
SUM_AT = 22
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def check_pages(media: bytes) -> None:
    """Refuse an Ogg file that is cut within a page or holds a damaged one. What follows the last page is let be.

    Raises:
        DataError: If it is.
    """
    at = 0
    while media.startswith(MARK, at):
        segments = media[at + HEADER_BYTES - 1] if at + HEADER_BYTES <= len(media) else 0
        end = at + HEADER_BYTES + segments
        end += sum(media[at + HEADER_BYTES : end])
        if end > len(media):
            raise DataError(
                f"expected a whole last page, received {len(media) - at:,} of its {end - at:,} bytes; the file is cut "
                "short."
            )
        page = media[at:end]
        (said,) = struct.unpack_from("<I", page, SUM_AT)
        if page_sum(page) != said:
            raise _damaged(at)
        at = end
    if MARK in media[at:]:
        raise _damaged(at)


def page_sum(page: bytes) -> int:
    """Return the sum that belongs into a page's header.

    It is the CRC of zip files with every byte, and the result, back to front, and with nothing inverted.
    """
    blank = page[:SUM_AT] + b"\0\0\0\0" + page[SUM_AT + 4 :]
    mirrored = zlib.crc32(blank.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def _damaged(at: int) -> DataError:
    return DataError(f"expected Ogg pages whose sums are right, received a damaged page at byte {at:,}; get it again.")
