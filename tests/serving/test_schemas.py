"""Base64 in a JSON body is the standard one and nothing else."""

import base64

import pytest

from captcha_core.errors import DataError
from captcha_core.serving.schemas import strict_base64


def test_base64_goes_there_and_back() -> None:
    for media in (b"", b"a", b"ab", b"abc", bytes(range(256))):
        assert strict_base64(base64.b64encode(media).decode()) == media


@pytest.mark.parametrize(
    "text",
    [
        "QQ",
        "QQ=",
        "QQ===",
        "QQ==\n",
        " QQ==",
        "QQ==QQ==",
        "Q-_=",
        "Q Q==",
        "====",
        "QQ==x",
        "日本",
        "data:image/png;base64,QQ==",
    ],
)
def test_base64_is_strict(text: str) -> None:
    with pytest.raises(DataError, match="expected standard base64"):
        strict_base64(text)
