"""Ogg files that are cut or damaged are refused; the decoder would take them for shorter clips."""

import io

import numpy as np
import pytest
import soundfile

from captcha_core.errors import DataError
from captcha_core.media.audio import decode_audio
from captcha_core.media.ogg import HEADER, LAST, SUM_AT, check_pages, page_crc
from captcha_core.media.sniff import OGG

RATE_HZ = 8_000


@pytest.fixture(scope="module", params=["VORBIS", "OPUS"])
def clip(request: pytest.FixtureRequest) -> bytes:
    """Eight seconds of noise: many pages."""
    file = io.BytesIO()
    noise = np.random.default_rng(1).normal(0, 0.2, 8 * RATE_HZ).clip(-1, 1).astype(np.float32)
    soundfile.write(file, noise, RATE_HZ, format="OGG", subtype=request.param)
    assert file.getvalue().count(OGG) > 4
    return file.getvalue()


def test_what_is_whole_is_taken_with_whatever_follows_it(clip: bytes) -> None:
    for media in (clip, clip + b"TAG" + bytes(125)):
        assert abs(len(decode_audio(media, RATE_HZ, 9.0)) - 8 * RATE_HZ) < RATE_HZ / 50


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.999])
def test_a_cut_clip_is_no_shorter_one(clip: bytes, share: float) -> None:
    with pytest.raises(DataError, match="expected a whole Ogg page, received .* bytes; the file is cut short"):
        decode_audio(clip[: int(len(clip) * share)], RATE_HZ, 9.0)


def test_a_damaged_page_is_not_passed_over(clip: bytes) -> None:
    rng = np.random.default_rng(2)
    for at in rng.integers(len(OGG), len(clip), 50):
        media = bytearray(clip)
        media[at] ^= 1 << int(rng.integers(8))
        with pytest.raises(DataError, match="a damaged page at byte|the file is cut short"):
            check_pages(bytes(media))


def test_a_page_that_is_gone_in_part_is_missed(clip: bytes) -> None:
    second = clip.index(OGG, 1)
    with pytest.raises(DataError, match=f"a damaged page at byte {second}"):
        check_pages(clip[:second] + clip[second + 7 :])


def test_a_clip_without_its_last_pages_is_no_shorter_one(clip: bytes) -> None:
    for start in starts(clip)[1:]:
        with pytest.raises(DataError, match="expected an Ogg file with its last page, received one without"):
            check_pages(clip[:start])


def test_a_lost_page_is_missed(clip: bytes) -> None:
    first, _, third, fourth, *_ = starts(clip)
    with pytest.raises(DataError, match="expected page 2 of the Ogg file, received page 3"):
        check_pages(clip[first:third] + clip[fourth:])


def test_a_file_of_nothing_but_pages_is_left_in_time() -> None:
    page = bytearray(HEADER.pack(OGG, 0, LAST, 0, 7, 0, 0, 0))
    page[SUM_AT : SUM_AT + 4] = page_crc(bytes(page)).to_bytes(4, "little")
    check_pages(bytes(page) * 10)
    with pytest.raises(DataError, match="expected at most 100,000 Ogg pages, received more"):
        check_pages(bytes(page) * 100_001)


def starts(clip: bytes) -> list[int]:
    return [at for at in range(len(clip)) if clip.startswith(OGG, at)]
