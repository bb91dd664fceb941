"""``captchalab drift``: what a server was asked for, against a data set that the model reads."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from captcha_core.dataset.in_memory import write_samples
from captcha_core.evaluation.drift import Histograms
from captcha_core.evaluation.live_log import LIVE, LiveLog, Period
from captcha_core.media.image import encode_png
from captcha_core.solver import Solver
from captcha_core.spec.sample import Sample
from tests.workflows.searches import command


def drawn(count: int, seed: int, lines: int = 0) -> list[Sample]:
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        page = np.full((64, 192, 3), 255, np.uint8)
        text = "".join(rng.choice(list("0123456789"), 4))
        for place, character in enumerate(text):
            at = 10 + 42 * place + int(rng.integers(0, 8)), 48 + int(rng.integers(-6, 7))
            cv2.putText(page, character, at, cv2.FONT_HERSHEY_SIMPLEX, 1.5, (int(rng.integers(0, 90)),) * 3, 2)
        for _line in range(lines):
            (left, right), grey = rng.integers(0, 64, 2).tolist(), int(rng.integers(0, 90))
            cv2.line(page, (0, left), (191, right), (grey,) * 3, 2)
        found.append(Sample(encode_png(page), text))
    return found


def said(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    assert command("drift", "--model", "builtin", "--data", "data/mine", *words, "--format", "json") == 0
    return json.loads(capsys.readouterr().out)


def test_the_same_captchas_and_some_with_lines(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("drift", "--model", "builtin") == 1
    assert "expected a model that keeps what its captchas looked like" in capsys.readouterr().err
    solver = Solver.load("builtin")
    write_samples(Path("data/mine"), solver.spec, drawn(80, 1), "drawn", "0/0/1")
    assert command("drift", "--model", "builtin", "--data", "data/mine") == 1
    assert "expected histograms of answered captchas in live/builtin-bundle.jsonl" in capsys.readouterr().err

    log = LiveLog(LIVE, "builtin")
    for number, lines in enumerate((0, 2)):
        asked = drawn(60, 2 + number, lines)
        found = Histograms.of(asked, [solver.attempt(one.media) for one in asked], solver.spec)
        log.append(Period(f"2026-01-0{number + 1}", f"2026-01-0{number + 2}", found))
        result = said(capsys, "--last", "50")
        assert result["drifted"] == (lines == 2) and result["live"] == 60 and result["reference"] == 80
    assert result["measures"][0]["measure"] in ("ink", "detail", "confidence")
    assert command("drift", "--model", "builtin", "--data", "data/mine", "--last", "50") == 0
    assert "these are other captchas than those of the training" in capsys.readouterr().out
