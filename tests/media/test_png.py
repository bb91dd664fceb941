"""The short way of plain PNG files: what it decodes is Pillow's, and what it leaves is for Pillow to judge."""

import io
import random
import struct
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from captcha_core.errors import DataError
from captcha_core.media import image
from captcha_core.media.image import decode_image, decode_plain_png

RNG = np.random.default_rng(1)
COLOURS = RNG.integers(0, 256, (20, 50, 3), dtype=np.uint8)
LIMIT = 10_000


def png(picture: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", **options)
    return file.getvalue()


def chunks(media: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(media):
        (size,) = struct.unpack_from(">I", media, at)
        yield media[at + 4 : at + 8], media[at + 8 : at + 8 + size]
        at += 12 + size


def rebuilt(parts: list[tuple[bytes, bytes]]) -> bytes:
    """A file whose checksums are right whatever is in it."""
    body = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


GREY = png(Image.fromarray(COLOURS[:, :, 0]))
RGB = png(Image.fromarray(COLOURS))


@pytest.mark.parametrize("media", [GREY, RGB])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size_px", [None, (20, 50), (31, 64)])
def test_the_pixels_are_pillows(
    media: bytes, channels: int, size_px: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert decode_plain_png(media, LIMIT) is not None
    short = decode_image(media, channels, size_px)
    monkeypatch.setattr(image, "decode_plain_png", lambda *_: None)
    np.testing.assert_array_equal(short, decode_image(media, channels, size_px))


@pytest.mark.parametrize(
    "media",
    [
        png(Image.fromarray(COLOURS).convert("P")),
        png(Image.fromarray(COLOURS).convert("RGBA")),
        png(Image.fromarray(COLOURS).convert("1")),
        png(Image.fromarray(COLOURS[:, :, 0].astype(np.uint16) * 257)),
        png(Image.fromarray(COLOURS), transparency=(1, 2, 3)),
        png(Image.new("L", (200, 200))),
        b"",
        b"GIF89a",
    ],
    ids=["palette", "transparent", "one bit", "sixteen bits", "a transparent colour", "too large", "empty", "another"],
)
def test_everything_else_is_left_to_pillow(media: bytes) -> None:
    assert decode_plain_png(media, LIMIT) is None


def damaged() -> Iterator[bytes]:
    head, *_ = parts = list(chunks(GREY))
    rows = zlib.decompress(b"".join(data for kind, data in parts if kind == b"IDAT"))
    end = (b"IEND", b"")
    for data in (rows[:500], rows + b"more", b"\x09" + rows[1:]):
        yield rebuilt([head, (b"IDAT", zlib.compress(data)), end])
    for data in (zlib.compress(rows)[:-40], zlib.compress(rows)[:-4] + bytes(4), b""):
        yield rebuilt([head, (b"IDAT", data), end])
    yield rebuilt([head, end])
    yield rebuilt([head, (b"IDAT", zlib.compress(rows))])
    rng = random.Random(1)
    for _ in range(400):
        broken = bytearray(GREY if rng.random() < 0.5 else RGB)
        for _ in range(rng.randint(1, 3)):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        yield bytes(broken)
        yield bytes(broken[: rng.randrange(len(broken))])


def test_what_it_decodes_of_damaged_files_pillow_decodes_too(capfd: pytest.CaptureFixture[str]) -> None:
    decoded = 0
    for media in damaged():
        pixels = decode_plain_png(media, LIMIT)
        if pixels is not None:
            decoded += 1
            np.testing.assert_array_equal(pixels, np.asarray(Image.open(io.BytesIO(media))))
    assert decoded < 10, "nearly all of them are damaged"
    assert len(capfd.readouterr().err.splitlines()) < 8, "bytes from outside do not fill the log"


def test_a_refusal_has_its_sentence() -> None:
    with pytest.raises(DataError, match="whole image"):
        decode_image(GREY[:-30])
