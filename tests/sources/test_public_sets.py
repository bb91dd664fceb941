"""A public set is known by the names, sizes and bytes of its files."""

from pathlib import Path

import numpy as np
import pytest

from captcha_core.errors import DataError
from captcha_core.media.image import encode_png
from captcha_core.sources import public_sets
from captcha_core.sources.public_sets import SETS, digest_of_files, recognise


def fill(folder: Path, names: list[str], height_px: int = 32, width_px: int = 104) -> Path:
    folder.mkdir()
    for number, name in enumerate(names):
        pixels = np.full((height_px, width_px), number % 250, np.uint8)
        (folder / name).write_bytes(encode_png(pixels))
    return folder


def test_names_are_unique_and_each_has_its_licence_and_digest() -> None:
    assert len({one.name for one in SETS}) == len(SETS) == len({one.digest for one in SETS})
    assert all(one.licence and "/" in one.repository and len(one.digest) == 64 for one in SETS)


def test_a_folder_that_is_named_and_sized_as_a_set_looks_like_it(tmp_path: Path) -> None:
    six = fill(tmp_path / "six", [f"{number:06d}.png" for number in range(30)])
    (found,) = recognise(six)
    assert found.known.name == "nthu-digits6" and not found.exact and found.fitting == 1
    wider = fill(tmp_path / "wider", [f"{number:06d}.png" for number in range(30)], width_px=120)
    assert recognise(wider) == []


def test_the_very_files_are_known_and_a_changed_one_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    folder = fill(tmp_path / "set", [f"{number:06d}.png" for number in range(10)])
    digest = digest_of_files(folder, [path.name for path in folder.iterdir()])
    monkeypatch.setattr(public_sets, "SETS", (replace(SETS[0], digest=digest, files=10), *SETS[1:]))
    assert recognise(folder)[0].exact
    (folder / "000003.png").write_bytes(encode_png(np.zeros((32, 104), np.uint8)))
    assert not recognise(folder)[0].exact


def test_no_folder_and_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected the folder of a public set"):
        recognise(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="received none; put the set there"):
        recognise(tmp_path / "empty")
