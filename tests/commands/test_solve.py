"""``captchalab solve``: places instead of files, limits of the answers, and answers that are not sure enough."""

import json
from pathlib import Path

import numpy as np
import pytest

from captcha_core.media.image import encode_png
from captcha_core.solver import Solver
from tests.commands.walk import run
from tests.conftest import tiny_samples


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, sample in enumerate(tiny_samples(3)):
        (tmp_path / f"{number}.png").write_bytes(sample.media)
    return tmp_path


def lines(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    return [line.split("\t") for line in capsys.readouterr().out.splitlines()]


def test_a_folder_is_read_file_by_file(folder: Path, tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "broken.png").write_bytes(b"no picture")
    assert run("solve", str(folder), "--model", str(tiny_bundle)) == 1
    shown = capsys.readouterr()
    assert [line.split("\t")[0] for line in shown.out.splitlines()] == [str(folder / f"{n}.png") for n in range(3)]
    assert f"Error: {folder / 'broken.png'}: expected" in shown.err


def test_answers_keep_to_the_limits(folder: Path, tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = Solver.load(str(tiny_bundle)).spec
    some = spec.alphabet[:2]
    assert run("solve", str(folder), "--model", str(tiny_bundle), "--alphabet", some) == 0
    assert all(set(text) <= set(some) for _, text, _ in lines(capsys))
    assert run("solve", str(folder), "--length", "3", "--alphabet", "0123456789") == 0
    assert all(len(text) == 3 and text.isdecimal() for _, text, _ in lines(capsys))
    assert run("solve", str(folder), "--min-length", "5", "--max-length", "6") == 0
    assert all(5 <= len(text) <= 6 for _, text, _ in lines(capsys))


@pytest.mark.parametrize("limit", [("--alphabet", "б"), ("--length", "30"), ("--min-length", "6", "--max-length", "5")])
def test_limits_that_nothing_meets_are_said(
    folder: Path, capsys: pytest.CaptureFixture[str], limit: tuple[str, ...]
) -> None:
    assert run("solve", str(folder), *limit) == 1
    shown = capsys.readouterr()
    assert not shown.out and shown.err.startswith("Error: expected") and shown.err.count("\n") == 1


def test_an_answer_that_is_not_sure_enough_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blank = folder / "blank.png"
    blank.write_bytes(encode_png(np.full((40, 120, 3), 200, np.uint8)))
    assert run("solve", str(blank), "--format", "json") == 0
    guess = json.loads(capsys.readouterr().out)
    assert run("solve", str(blank), "--min-confidence", "0.9") == 1
    shown = capsys.readouterr()
    assert not shown.out
    assert f"expected an answer that is at least 0.9 sure, received {guess['text']!r}" in shown.err
    assert "builtin reader" in shown.err
