"""What a file is, by its bytes alone."""

import numpy as np
import pytest

from captcha_core.errors import DataError
from captcha_core.media.image import encode_png, size_of
from captcha_core.media.sniff import describe, kind_of, suffix_of


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "image"),
        (b"\xff\xd8\xff\xe0", "image"),
        (b"GIF89a", "image"),
        (b"GIF87a", "image"),
        (b"BM", "image"),
        (b"RIFF\0\0\0\0WEBP", "image"),
        (b"RIFF\0\0\0\0WAVE", "audio"),
        (b"fLaC", "audio"),
        (b"OggS", "audio"),
        (b"ID3", "audio"),
        (b"\xff\xfb\x90", "audio"),
    ],
)
def test_kinds(head: bytes, kind: str) -> None:
    assert kind_of(head + bytes(20)) == kind


@pytest.mark.parametrize(
    "media", [b"", b"\xff", b"GIF", b"RIFF\0\0\0\0AVI ", b"<svg/>", b"%PDF-1.7", b"PK\x03\x04", b"RIFF"]
)
def test_other_kinds_are_refused(media: bytes) -> None:
    with pytest.raises(DataError, match="expected a PNG, JPEG, GIF, BMP, WebP, AVIF, TIFF or ICO picture or a WAV"):
        kind_of(media)


def test_size_is_height_first() -> None:
    assert size_of(encode_png(np.zeros((20, 50), np.uint8))) == (20, 50)
    with pytest.raises(DataError, match="whole picture"):
        size_of(b"\x89PNG\r\n\x1a\n" + bytes(30))


@pytest.mark.parametrize(
    ("media", "description", "suffix"),
    [
        (b"", "no bytes at all", ".bin"),
        (b"\x89PNG\r\n\x1a\n", "a PNG picture", ".png"),
        (b"\xff\xd8\xff\xe0", "a JPEG picture", ".jpg"),
        (b"RIFF\0\0\0\0WEBP", "a WebP picture", ".webp"),
        (b"RIFF\0\0\0\0WAVE", "a WAV clip", ".wav"),
        (b"\xff\xfb\x90", "an MP3 clip", ".mp3"),
        (b"RIFF\0\0\0\0AVI ", "a RIFF file", ".bin"),
        (b"PK\x03\x04", "a zip archive", ".bin"),
        (b"\0\x01", "2 bytes that begin with 00 01", ".bin"),
    ],
)
def test_what_a_file_seems_to_be_and_how_it_is_called(media: bytes, description: str, suffix: str) -> None:
    assert (describe(media), suffix_of(media)) == (description, suffix)
