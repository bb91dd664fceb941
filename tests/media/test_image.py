"""Every usual kind of image comes out as a person sees it; every broken one is refused in a sentence."""

import io
import struct
import threading
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from captcha_core.errors import DataError
from captcha_core.media.image import decode_image, encode_png

GREY = np.tile(np.linspace(0, 255, 32).astype(np.uint8), (16, 1))


def file_of(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def test_grey_comes_back_unchanged() -> None:
    assert (decode_image(encode_png(GREY))[:, :, 0] == GREY).all()


def test_palette_comes_out_in_its_colours() -> None:
    picture = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    picture.putpalette([255, 0, 0, 0, 0, 255])
    assert decode_image(file_of(picture), channels=3).tolist() == [[[255, 0, 0], [0, 0, 255]]]


def test_transparency_lies_on_white() -> None:
    picture = Image.fromarray(np.array([[[0, 0, 0, 0], [0, 0, 0, 255], [0, 0, 0, 128]]], np.uint8), "RGBA")
    assert decode_image(file_of(picture))[0, :, 0].tolist() == [255, 0, 127]


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    levels = np.array([[0, 0x7FFF, 0xFFFF]], np.uint16)
    assert decode_image(file_of(Image.fromarray(levels)))[0, :, 0].tolist() == [0, 127, 255]


def test_one_bit_is_black_and_white() -> None:
    assert set(decode_image(file_of(Image.fromarray(GREY > 127))).ravel()) == {0, 255}


@pytest.mark.parametrize("kind", ["JPEG", "BMP", "WEBP", "GIF"])
def test_other_formats_come_out_nearly_the_same(kind: str) -> None:
    read = decode_image(file_of(Image.fromarray(GREY).convert("RGB"), kind))[:, :, 0]
    assert np.abs(read.astype(int) - GREY).mean() < 8


def test_another_size_is_fitted() -> None:
    assert decode_image(encode_png(GREY), size_px=(8, 64)).shape == (8, 64, 1)


def test_two_decodings_at_once_leave_the_filters_of_warnings_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    media, load = file_of(Image.fromarray(GREY), "JPEG"), JpegImageFile.load
    first_is_in, second_is_in, first_is_out = (threading.Event() for _ in range(3))

    def load_in_turn(picture: JpegImageFile) -> object:
        if not first_is_in.is_set():
            first_is_in.set()
            assert second_is_in.wait(10)
        elif not second_is_in.is_set():
            second_is_in.set()
            assert first_is_out.wait(10)
        return load(picture)

    before = list(warnings.filters)
    monkeypatch.setattr(JpegImageFile, "load", load_in_turn)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(decode_image, media)
        assert first_is_in.wait(10)
        second = pool.submit(decode_image, media)
        first.result()
        first_is_out.set()
        second.result()
    assert list(warnings.filters) == before


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header promises more than its few bytes hold."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


@pytest.mark.parametrize(
    ("media", "message"),
    [
        (b"", "no bytes at all"),
        (b"hello, I am a text", "expected a PNG, JPEG"),
        (b"%PDF-1.4 ...", "received a PDF"),
        (b"PK\x03\x04....", "received a zip archive"),
        (encode_png(GREY)[:60], "damaged or cut-off"),
        (bomb(60_000, 60_000), "expected"),
        (bomb(3_000, 3_000), "4,000,000 pixels, received 3000 x 3000"),
        (bomb(0, 10), "expected"),
        (b"\x89PNG\r\n\x1a\n", "expected"),
        (b"x" * (9 * 2**20), "at most 8,388,608 bytes"),
    ],
)
def test_what_is_no_image_is_refused_in_one_sentence(media: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        decode_image(media)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("seed", range(200))
def test_damaged_bytes_never_do_worse_than_a_refusal(seed: int) -> None:
    rng = np.random.default_rng(seed)
    media = bytearray(file_of(Image.fromarray(GREY), rng.choice(["PNG", "JPEG", "GIF", "BMP", "WEBP"])))
    for _ in range(int(rng.integers(1, 6))):
        media[rng.integers(len(media))] = rng.integers(256)
    try:
        assert decode_image(bytes(media)).dtype == np.uint8
    except DataError as error:
        assert str(error).startswith("expected")
