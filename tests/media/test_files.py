"""Files that are to be read."""

import os
from pathlib import Path

import pytest

from captcha_core.errors import DataError
from captcha_core.media.files import read_media


@pytest.mark.parametrize(
    ("name", "received"), [("", "received the folder"), ("pipe", "which is none"), ("nothing", "No such file")]
)
def test_what_is_no_file_has_a_sentence(tmp_path: Path, name: str, received: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match=received):
        read_media(tmp_path / name)
