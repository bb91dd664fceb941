"""How many frames an MP3 file has. Its first frame may count them; the decoder believes it, or the first bit rate.

``cat a.mp3 b.mp3`` would therefore sound like ``a.mp3``. Layout: ISO 11172-3, and the header that Xing's encoder wrote.
"""

import re
import struct
from collections.abc import Iterator

from captcha_core.media.sniff import FORMATS, format_of

FRAME_SAMPLES = {3: 1152, 2: 576, 0: 576}  # of layer III, by version: MPEG 1, 2 and 2.5
RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
LAYER_3, MONO = 1, 3
SIDE_BYTES = {(True, False): 32, (True, True): 17, (False, False): 17, (False, True): 9}  # MPEG 1? mono?
COUNTS = (b"Xing", b"Info")
TOLERATED = 2  # frames by which a header may be wrong; some count themselves
BITS, PADDED, ROOMY = 0xF0, 0x02, 0x90  # of the third byte: bit rate, a byte more, and a rate whose frames hold a count
UNPROTECTED = 0x01  # of the second: no checksum
FRAMES_AND_BYTES = 3  # what a counting frame says it has
_SYNC = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")  # layer III of any version

Frame = tuple[int, int, int | None]  # where it begins and ends; of a counting one, how many frames it says follow


def recounted(media: bytes) -> bytes:
    """Return an MP3 file with one frame before all others that counts them, where the decoder would be misled.

    It is by a file that was joined of several, and by one of varying bit rate without a count. Others stay as they are.
    """
    if format_of(media) != FORMATS[b"ID3"]:
        return media
    frames = list(_frames(media))
    counts = [count for _, _, count in frames if count is not None]
    sounding = [(begin, end) for begin, end, count in frames if count is None]
    believed = frames[0][2] if frames else None
    steady = len({media[begin + 2] & BITS for begin, _ in sounding}) <= 1
    right = steady and not counts if believed is None else believed + TOLERATED >= len(sounding)
    if right or not sounding:
        return media
    body = b"".join(media[begin:end] for begin, end in sounding)
    return _counting(media[sounding[0][0] :][:4], len(sounding), len(body)) + body


def _counting(like: bytes, frames: int, size: int) -> bytes:
    """Return a silent frame of the same kind that counts the frames and bytes behind it."""
    head = bytes([like[0], like[1] | UNPROTECTED, like[2] & ~(BITS | PADDED) | ROOMY, like[3]])
    side = bytes(_side_bytes(head, 0))
    counts = b"Xing" + struct.pack(">III", FRAMES_AND_BYTES, frames, size)
    return (head + side + counts).ljust(_size(head, 0), b"\0")


def _frames(media: bytes) -> Iterator[Frame]:
    at = _after_tag(media, 0)
    while True:
        size = _size(media, at)
        if size and at + size <= len(media):
            yield at, at + size, _count(media, at)
            at += size
        elif media[at : at + 3] == b"ID3":
            at = _after_tag(media, at)
        elif found := _SYNC.search(media, at + 1):
            at = found.start()
        else:
            return


def _after_tag(media: bytes, at: int) -> int:
    """Return where an ID3 tag ends; where there is none, the place itself."""
    if media[at : at + 3] != b"ID3" or at + 10 > len(media):
        return at
    a, b, c, d = media[at + 6 : at + 10]  # seven bits in each byte
    return at + 10 + (a << 21 | b << 14 | c << 7 | d)


def _size(media: bytes, at: int) -> int:
    """Return the bytes of the frame of layer III at a place, 0 where there is none."""
    head = media[at : at + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0 or head[1] >> 1 & 3 != LAYER_3:
        return 0
    version, bits, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version not in FRAME_SAMPLES or not 0 < bits < 15 or rate == 3:
        return 0
    kbits = (KBITS_1 if version == 3 else KBITS_2)[bits]
    return FRAME_SAMPLES[version] * kbits * 125 // RATES_HZ[version][rate] + (head[2] >> 1 & 1)


def _side_bytes(media: bytes, at: int) -> int:
    return SIDE_BYTES[media[at + 1] >> 3 & 3 == 3, media[at + 3] >> 6 == MONO]


def _count(media: bytes, at: int) -> int | None:
    """Return how many frames a counting one says follow, None of any other or one that does not say."""
    start = at + 4 + _side_bytes(media, at)
    if media[start : start + 4] not in COUNTS or not media[start + 7] & 1:
        return None
    return int.from_bytes(media[start + 8 : start + 12], "big")
