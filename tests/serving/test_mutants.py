"""Damaged and malicious files: an answer or a 4xx, soon, and never a fault of the server's."""

import io
import random
import struct
import time
import zlib
from collections.abc import Callable

import numpy as np
import pytest
import soundfile
from PIL import Image

from captcha_core.serving.models import example_media
from captcha_core.spec.answer import ModelIdentity
from tests.media.every_kind import clips, pictures
from tests.serving.fakes import FakeSolver, audio_spec, client_of, image_spec, service_of


def flip(media: bytes, rng: random.Random) -> bytes:
    bits = bytearray(media)
    for _ in range(rng.choice([1, 3, 20])):
        bits[rng.randrange(len(bits))] ^= 1 << rng.randrange(8)
    return bytes(bits)


def cut(media: bytes, rng: random.Random) -> bytes:
    return media[: rng.randrange(len(media))]


def drop(media: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(media))
    return media[:start] + media[start + rng.randrange(1, 64) :]


def repeat(media: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(media))
    return media[:start] + media[start : start + 64] * rng.choice([2, 50]) + media[start:]


def exaggerate(media: bytes, rng: random.Random) -> bytes:
    """Overwrite a number near the beginning, where sizes and counts are written."""
    value = rng.choice([0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000])
    form = rng.choice(["<I", ">I", "<H", ">H"])
    number = struct.pack(form, value & (0xFFFFFFFF if form[1] == "I" else 0xFFFF))
    start = rng.randrange(min(80, len(media)))
    return media[:start] + number + media[start + len(number) :]


def mend(media: bytes, rng: random.Random) -> bytes:
    """Exaggerate within a PNG's header and make its checksum right, so that the decoder believes it."""
    if not media.startswith(b"\x89PNG"):
        return exaggerate(media, rng)
    header = bytearray(media[16:29])
    header[rng.randrange(13)] = rng.randrange(256)
    return media[:16] + bytes(header) + struct.pack(">I", zlib.crc32(b"IHDR" + bytes(header))) + media[33:]


def noise(media: bytes, rng: random.Random) -> bytes:
    return media[: rng.randrange(4, 40)] + rng.randbytes(rng.randrange(2000))


MUTATIONS: list[Callable[[bytes, random.Random], bytes]] = [flip, cut, drop, repeat, exaggerate, mend, noise]


def try_mutants(count: int, within_s: float) -> dict[int, int]:
    rng, files = random.Random(20), [*pictures(), example_media(audio_spec()), *clips()]
    readers = (FakeSolver(image_spec()), FakeSolver(audio_spec(), ModelIdentity("spoken", "1", "champion")))
    statuses: dict[int, int] = {}
    with client_of(service_of(*readers), raising=False) as client:
        for media in files:
            assert client.post("/solve", content=media).status_code == 200, "the file itself is read"
        for number in range(count):
            media = rng.choice(MUTATIONS)(rng.choice(files), rng)
            began = time.monotonic()
            answer = client.post("/solve", content=media)
            took_s = time.monotonic() - began
            assert answer.status_code == 200 or 400 <= answer.status_code < 500, f"mutant {number}: {answer.text}"
            assert took_s < within_s, f"mutant {number} took {took_s:.1f} s"
            statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
    return statuses


def test_mutants_are_read_or_refused() -> None:
    statuses = try_mutants(700, within_s=5)
    assert statuses[422] > 250


@pytest.mark.long
def test_five_thousand_mutants_within_a_second_each() -> None:
    assert try_mutants(5000, within_s=1)[422] > 2000


def bomb(side: int) -> bytes:
    """A small PNG that says it is large."""
    file = io.BytesIO()
    Image.new("1", (side, side)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("media", [bomb(3000), bomb(20_000)], ids=["9 megapixels", "400 megapixels"])
def test_bombs_are_refused_before_they_are_unpacked(media: bytes) -> None:
    with client_of(service_of(FakeSolver())) as client:
        began = time.monotonic()
        answer = client.post("/solve", content=media)
        assert answer.status_code == 422
        assert "at most 4,000,000 pixels" in answer.json()["error"]["message"]
        assert time.monotonic() - began < 1


def test_long_clips_are_refused_before_they_are_decoded() -> None:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(8000 * 600), 8000, format="FLAC", subtype="PCM_16")
    reader = FakeSolver(audio_spec(), ModelIdentity("spoken", "1", "champion"))
    with client_of(service_of(reader)) as client:
        answer = client.post("/solve", content=file.getvalue())
    assert (answer.status_code, "at most 2 seconds" in answer.json()["error"]["message"]) == (422, True)
