"""Base64 in a JSON body as tools and browsers write it, and in words what is wrong with any other text."""

import base64
import re

import pytest

from captcha_core.errors import DataError
from captcha_core.serving.schemas import from_base64


def test_base64_goes_there_and_back() -> None:
    for media in (b"", b"a", b"ab", b"abc", bytes(range(256))):
        assert from_base64(base64.b64encode(media).decode()) == media


@pytest.mark.parametrize(
    "text",
    [
        "+/+/QUI=",
        "-_-_QUI=",
        "+/+/QUI",
        "-_+/QUI",
        "+/+/QUI=\n",
        " +/+/QUI= ",
        "+/+/\r\nQUI=\r\n",
        "+/+/QU\nI\n=",
        "data:image/png;base64,+/+/QUI=",
        "data:audio/ogg; codecs=opus;base64,+/+/QUI=",
        "DATA:;BASE64,+/+/QUI=",
    ],
)
def test_base64_in_its_usual_forms(text: str) -> None:
    assert from_base64(text) == b"\xfb\xff\xbfAB"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("QQ===", "2 characters and 3 of padding; a part is lost"),
        ("QUJDR", "5 characters and 0 of padding; a part is lost"),
        ("QQ==QQ==", "'=' within it"),
        ("QQ==x", "'=' within it"),
        ("QUI!", "a character that it does not have behind 3 others"),
        ("日本", "a character that it does not have behind 0 others"),
        ("data:image/png,QQ==", "a data: address without ;base64,"),
        ("data:image/png;base64", "a data: address without ;base64,"),
        ("https://example.org/a.png", "an address; send the file itself"),
    ],
)
def test_what_is_no_base64_is_told(text: str, fault: str) -> None:
    with pytest.raises(DataError, match=re.escape(f"expected base64, received {fault}")):
        from_base64(text)
