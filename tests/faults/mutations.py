"""Mutants of valid inputs, as Hypothesis strategies: bytes, and documents such as JSON."""

import copy
import json
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

BIG = 2**32 - 1
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
Move = Callable[[bytes, int, int], bytes]  # bytes, a place and a value: both any number below 2**32


def flip(media: bytes, place: int, value: int) -> bytes:
    at = place % len(media)
    return media[:at] + bytes([media[at] ^ (1 << value % 8)]) + media[at + 1 :]


def replace(media: bytes, place: int, value: int) -> bytes:
    at = place % len(media)
    return media[:at] + bytes([value % 256]) + media[at + 1 :]


def cut(media: bytes, place: int, value: int) -> bytes:
    return media[: place % len(media)]


def drop(media: bytes, place: int, value: int) -> bytes:
    at = place % len(media)
    return media[:at] + media[at + 1 + value % 64 :]


def repeat(media: bytes, place: int, value: int) -> bytes:
    at = place % len(media)
    return media[:at] + media[at : at + 64] * (2 + value % 50) + media[at:]


def insert(media: bytes, place: int, value: int) -> bytes:
    at = place % len(media)
    return media[:at] + struct.pack("<I", value) + media[at:]


def move(media: bytes, place: int, value: int) -> bytes:
    """Write a part of the file over another."""
    at, source, length = place % len(media), value % len(media), 1 + (place ^ value) % 64
    piece = media[source : source + length]
    return media[:at] + piece + media[at + len(piece) :]


def exaggerate(media: bytes, place: int, value: int) -> bytes:
    """Overwrite a number near the beginning, where sizes and counts are written."""
    return _number(media, place % min(80, len(media)), value)


def exaggerate_anywhere(media: bytes, place: int, value: int) -> bytes:
    return _number(media, place % len(media), value)


def _number(media: bytes, at: int, value: int) -> bytes:
    form = ("<I", ">I", "<H", ">H")[value % 4]
    number = struct.pack(form, NUMBERS[value // 4 % len(NUMBERS)] & (BIG if form[1] == "I" else 0xFFFF))
    return media[:at] + number + media[at + len(number) :]


def mend_png(media: bytes, place: int, value: int) -> bytes:
    """Change a byte within a PNG's chunk and make the chunk's checksum right, so that the decoder believes it."""
    chunks = list(_png_chunks(media)) if media.startswith(b"\x89PNG") else []
    if not chunks:
        return flip(media, place, value)
    start, length = chunks[place % len(chunks)]
    if length == 0:
        return media
    at = start + 8 + value % length
    body = media[start + 4 : at] + bytes([place // 7 % 256]) + media[at + 1 : start + 8 + length]
    return media[: start + 4] + body + struct.pack(">I", zlib.crc32(body)) + media[start + 12 + length :]


def _png_chunks(media: bytes) -> Iterator[tuple[int, int]]:
    at = 8
    while at + 12 <= len(media):
        length = int.from_bytes(media[at : at + 4], "big")
        if at + 12 + length > len(media):
            return
        yield at, length
        at += 12 + length


def mend_ogg(media: bytes, place: int, value: int) -> bytes:
    """Change a byte within an Ogg page and make the page's checksum right."""
    at = media.rfind(b"OggS", 0, place % len(media) + 4)
    if not media.startswith(b"OggS") or at < 0:
        return flip(media, place, value)
    after = media.find(b"OggS", at + 4)
    after = len(media) if after < 0 else after
    page = bytearray(media[at:after])
    if len(page) < 28:
        return media
    page[(4 + place % (len(page) - 4))] = value % 256
    page[22:26] = b"\0\0\0\0"
    page[22:26] = struct.pack("<I", _ogg_sum(bytes(page)))
    return media[:at] + bytes(page) + media[after:]


def tfrecord_of(record: bytes, claimed: int | None = None) -> bytes:
    """Frame a record as TFRecord files do, its sums right (CRC-32C, turned and shifted), its length what is claimed."""
    length = struct.pack("<Q", len(record) if claimed is None else claimed)
    return length + _tfrecord_sum(length) + record + _tfrecord_sum(record)


def _tfrecord_sum(content: bytes) -> bytes:
    value = BIG
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0x82F63B78 if value & 1 else value >> 1
    value ^= BIG
    return struct.pack("<I", ((value >> 15 | value << 17) + 0xA282EAD8) & BIG)


def _ogg_table() -> tuple[int, ...]:
    table = []
    for number in range(256):
        value = number << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & BIG
        table.append(value)
    return tuple(table)


OGG_TABLE = _ogg_table()


def _ogg_sum(page: bytes) -> int:
    value = 0
    for byte in page:
        value = (value << 8 & BIG) ^ OGG_TABLE[value >> 24 ^ byte]
    return value


PLAIN: tuple[Move, ...] = (
    flip, replace, cut, drop, repeat, insert, move, exaggerate, exaggerate_anywhere,
)  # fmt: skip
MEDIA: tuple[Move, ...] = (*PLAIN, mend_png, mend_ogg)
NUMBER = st.integers(0, BIG)


def mutants(files: Sequence[bytes], moves: Sequence[Move] = PLAIN, most: int = 4) -> st.SearchStrategy[bytes]:
    """Return a strategy of the files with up to ``most`` moves each."""

    def build(media: bytes, steps: list[tuple[Move, int, int]]) -> bytes:
        for step, place, value in steps:
            media = step(media, place, value) if media else media
        return media

    steps = st.lists(st.tuples(st.sampled_from(moves), NUMBER, NUMBER), max_size=most)
    return st.builds(build, st.sampled_from(files), steps)


HUGE = "a number of ten thousand digits"  # put into the text afterwards: Python itself writes none so long
DEEP = "a list in a list, ten thousand deep"
TOKENS = {HUGE: "9" * 10_000, DEEP: "[" * 10_000 + "]" * 10_000}
ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**31, 2**63, 2**64, 10**40, 0.5, -0.0, 1e308, float("nan"), float("inf"), "", " ",
    "\x00", "\ud800", "\u202e", "0", "a" * 100_000, "../../etc/passwd", "/dev/zero", "C:\\x", [], {}, [[]], [None],
    {"": {}}, HUGE, DEEP, "0001-01-01", "99999-99-99", "train", "image", "audio",
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
CHANGES = ("set", "set", "set", "remove", "rename", "repeat", "swap")


def documents(seeds: Sequence[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy of documents (lists, mappings, plain values) with up to four changes at any depth."""
    values = st.sampled_from(ODD) | JSON
    changes = st.lists(st.tuples(st.sampled_from(CHANGES), NUMBER, values), max_size=4)
    return st.builds(_changed, st.sampled_from([json.dumps(seed) for seed in seeds]), changes)


def _changed(text: str, changes: list[tuple[str, int, Any]]) -> Any:
    document = [json.loads(text)]
    for change, place, given in changes:
        value = copy.deepcopy(given)
        paths = list(_places(document))
        holder, key = paths[place % len(paths)]
        other, other_key = paths[place // 7 % len(paths)]
        if change == "remove" and holder is not document:
            del holder[key]
        elif change == "rename" and isinstance(holder, dict):
            holder[str(value)[:50]] = holder.pop(key)
        elif change == "repeat":
            holder[key] = [holder[key]] * 3
        elif change == "swap" and not isinstance(holder[key], list | dict):
            holder[key] = json.loads(json.dumps(other[other_key]))
        else:
            holder[key] = value
    return document[0]


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
    for key in keys:
        yield holder, key
        if isinstance(holder[key], list | dict):
            yield from _places(holder[key])


def as_json(document: Any) -> bytes:
    """Write a document as JSON, its tokens replaced by what Python would not write."""
    text = json.dumps(document)
    for token, content in TOKENS.items():
        text = text.replace(f'"{token}"', content)
    return text.encode()


def json_files(seeds: Sequence[Any]) -> st.SearchStrategy[bytes]:
    """Return a strategy of JSON files: changed documents, some with damaged bytes on top."""
    written = documents(seeds).map(as_json)
    steps = st.lists(st.tuples(st.sampled_from(PLAIN), NUMBER, NUMBER), max_size=2)

    def damaged(content: bytes, steps: list[tuple[Move, int, int]]) -> bytes:
        for step, place, value in steps:
            content = step(content, place, value) if content else content
        return content

    return written | st.builds(damaged, written, steps)
