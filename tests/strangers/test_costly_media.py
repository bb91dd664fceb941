"""Pictures and clips that are small to send and take a decoder minutes: refused by their structure, others read."""

import io
import struct
import time
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from captcha_core.errors import DataError
from captcha_core.media.audio import decode_audio, encode_flac, encode_wav
from captcha_core.media.image import decode_image, encode_png, size_of
from captcha_core.media.structure import MAX_PIECES
from tests.serving.fakes import FakeSolver, client_of, service_of

NOISE = np.random.default_rng(0).integers(0, 256, (16, 32), dtype=np.uint8)
CLIP = encode_wav(np.sin(np.arange(4000) / 5).astype(np.float32) / 2, 8000)


def saved(kind: str, side_px: int = 0, **options: object) -> bytes:
    """A picture in a format: noise, or a grey square."""
    file = io.BytesIO()
    picture = Image.new("L", (side_px, side_px), 200) if side_px else Image.fromarray(NOISE)
    picture.save(file, kind, **options)
    return file.getvalue()


def scanned(times: int, side_px: int = 2000) -> bytes:
    """A progressive JPEG whose last scan comes so many times more."""
    plain = saved("JPEG", side_px, progressive=True)
    return plain[:-2] + plain[plain.rindex(b"\xff\xda") : -2] * times + plain[-2:]


def chunked(count: int, size: int = 0) -> bytes:
    """A PNG with so many more text chunks."""
    plain, body = saved("PNG"), b"tEXt" + b"a" * size
    chunk = struct.pack(">I", size) + body + struct.pack(">I", zlib.crc32(body))
    return plain[:33] + chunk * count + plain[33:]


def commented(piece: bytes, count: int) -> bytes:
    """A GIF with so many more comments, or a comment of so many blocks."""
    plain = saved("GIF")
    at = plain.index(b",\0\0\0\0")
    return plain[:at] + piece * count + plain[at:]


def packed_bmp(runs: int, side_px: int = 2000) -> bytes:
    """A BMP of 256 colours packed by runs of a pixel each."""
    data = (b"\x01\x00" * side_px + b"\0\0") * (runs // side_px) + b"\0\1"
    header = struct.pack("<IiiHHIIiiII", 40, side_px, side_px, 1, 8, 1, len(data), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 1078 + len(data), 0, 0, 1078) + header + bytes(1024) + data


def striped(rows: int) -> bytes:
    """A TIFF, a pixel wide, with a strip for each row; all strips lie in the same place."""
    values = {256: (4, 1), 257: (4, rows), 258: (3, 8), 259: (3, 1), 262: (3, 1), 277: (3, 1), 278: (4, 1)}
    plain = [struct.pack("<HHII", tag, kind, 1, value) for tag, (kind, value) in values.items()]
    behind = 10 + 12 * (len(plain) + 2) + 4
    strips = [struct.pack("<HHII", tag, 3, rows, behind) for tag in (273, 279)]
    entries = sorted(plain + strips, key=lambda entry: struct.unpack_from("<H", entry))
    head = b"II*\0" + struct.pack("<IH", 8, len(entries))
    return head + b"".join(entries) + bytes(4) + struct.pack("<H", behind) * rows


def iconic(icon: bytes, count: int = 1) -> bytes:
    """An ICO whose entries all are the same file, said to be 16 pixels wide."""
    entry = bytes([16, 16, 0, 0]) + struct.pack("<HHII", 1, 32, len(icon), 6 + 16 * count)
    return b"\0\0\1\0" + struct.pack("<H", count) + entry * count + icon


def itemised(count: int) -> bytes:
    """An AVIF whose table of items has so many more."""
    plain = saved("AVIF")
    meta, items = plain.index(b"meta") - 4, plain.index(b"iloc") - 4
    size = int.from_bytes(plain[items : items + 4])
    rows = b"".join(struct.pack(">IHHHII", 1000 + number, 0, 0, 1, 0, 8) for number in range(count))
    table = struct.pack(">I4sIHI", 18 + len(rows), b"iloc", 2 << 24, 0x4400, count) + rows
    grown = int.from_bytes(plain[meta : meta + 4]) - size + len(table)
    return plain[:meta] + struct.pack(">I", grown) + plain[meta + 4 : items] + table + plain[items + size :]


@pytest.mark.parametrize(
    ("draw", "fault"),
    [
        (lambda: striped(2_000_000), "a TIFF of at most 5,000 pieces"),
        (lambda: b"II*\0\x08\0\0\0\xff\xff" + struct.pack("<HHII", 1, 3, 1, 1) * 65535, "a TIFF of at most 5,000"),
        (lambda: iconic(saved("PNG", 9000)), "icons of at most 4,000,000 pixels, received 9000 x 9000"),
        (lambda: iconic(saved("DIB", 3000)[:2000]), "icons of at most"),
        (lambda: iconic(saved("PNG"), 60_000), "at most 64 icons, received 60,000"),
        (lambda: iconic(chunked(600_000)), "at most 5,000 pieces"),
        (lambda: itemised(60_000), "tables of at most 131,072 bytes in an AVIF"),
        (lambda: scanned(100_000), "at most 32 scans at this size"),
        (lambda: scanned(30), "at most 32 scans at this size"),
        (lambda: scanned(2_000, 16), "at most 1,000 scans at this size"),
        (lambda: chunked(600_000), "at most 5,000 pieces"),
        (lambda: commented(b"!\xfe\x01a\0", 1_000_000), "at most 5,000 pieces"),
        (lambda: commented(b"!\xf9\x04\0\0\0\0\0", 500_000), "at most 5,000 pieces"),
        (lambda: b"".join([commented(b"!\xfe" + b"\x01a" * 2_000_000 + b"\0", 1)]), "at most 5,000 pieces"),
        (lambda: packed_bmp(3_000_000), "a BMP packed by runs of at most"),
    ],
    ids=[
        "strips",
        "tags",
        "icon",
        "bitmap",
        "icons",
        "icon-chunks",
        "items",
        "scans",
        "some-scans",
        "small-scans",
        "chunks",
        "comments",
        "extensions",
        "blocks",
        "runs",
    ],
)
def test_pictures_that_take_minutes(draw: Callable[[], bytes], fault: str) -> None:
    media = draw()
    began = time.process_time()
    with pytest.raises(DataError, match=fault):
        decode_image(media)
    assert time.process_time() - began < 0.5


def test_clips_that_take_seconds() -> None:
    with pytest.raises(DataError, match="at most 5,000 pieces"):
        decode_audio(CLIP[:12] + b"JUNK\0\0\0\0" * 1_900_000 + CLIP[12:], 8000, 1.0)
    assert len(decode_audio(CLIP[:12] + b"JUNK\0\0\0\0" * 20 + CLIP[12:], 8000, 1.0)) == 4000
    flac = encode_flac(np.sin(np.arange(4000) / 5).astype(np.float32) / 2, 8000)
    padded = flac[:4] + bytes([flac[4] & 0x7F]) + flac[5:42] + b"\1\0\0\0" * 4_000_000 + b"\x81\0\0\0" + flac[42:]
    with pytest.raises(DataError, match="at most 5,000 pieces"):
        decode_audio(padded[: 16 * 2**20], 8000, 1.0)


@pytest.mark.parametrize(
    "media",
    [
        scanned(0),
        scanned(20),
        scanned(200, 100),
        saved("JPEG", exif=b"Exif\0\0" + saved("JPEG", progressive=True) * 40),  # a thumbnail is no scan
        chunked(1_000),
        chunked(MAX_PIECES // 2, 500),
        commented(b"!\xfe" + (b"\xff" + b"a" * 255) * 500 + b"\0", 1),
        packed_bmp(10_000, 100),
        saved("WEBP"),
        saved("AVIF"),
        striped(1_000),
        saved("TIFF", compression="tiff_lzw"),
        iconic(saved("PNG"), 10),
        saved("ICO", bitmap_format="bmp"),
        saved("GIF", save_all=True, append_images=[Image.fromarray(NOISE + n) for n in range(1, 200)]),
        saved("PNG", save_all=True, append_images=[Image.fromarray(NOISE + n) for n in range(1, 200)]),
    ],
    ids=[
        "progressive",
        "20-scans",
        "small",
        "thumbnails",
        "chunks",
        "texts",
        "comment",
        "runs",
        "webp",
        "avif",
        "strips",
        "tiff",
        "icons",
        "icon",
        "gif",
        "apng",
    ],
)
def test_usual_pictures_of_many_pieces_are_read(media: bytes) -> None:
    assert decode_image(media).size


def test_a_size_is_looked_for_with_the_same_bounds() -> None:
    assert size_of(iconic(saved("PNG"))) == (16, 32)
    with pytest.raises(DataError, match="icons of at most"):
        size_of(iconic(saved("PNG", 9000)))


def test_an_avif_without_its_picture_is_refused_in_a_sentence() -> None:
    with pytest.raises(DataError, match="expected a whole image, .* Missing or empty image item"):
        decode_image(itemised(20))


def test_an_avif_of_many_pixels_is_small() -> None:
    media = saved("AVIF", 1000)
    assert decode_image(media).shape == (1000, 1000, 1)
    with pytest.raises(DataError, match="an AVIF of at most 68,719 bytes at this size"):
        decode_image(media + struct.pack(">I4s", 80_000, b"free") + bytes(79_992))


def test_two_files_do_not_stop_a_server() -> None:
    dear, usual = scanned(100_000), encode_png(NOISE)
    with client_of(service_of(FakeSolver())) as client:
        for _ in range(3):
            answer = client.post("/solve", content=dear)
            assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unreadable")
        assert client.post("/solve", content=usual).status_code == 200
