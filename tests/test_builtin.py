"""The reader that ships with the project: small, whole, and able to read at the first try."""

from pathlib import Path

import pytest

from captcha_core.bundle.bundle import Bundle
from captcha_core.registry.versions import BUILTIN_FOLDER
from captcha_core.solver import Solver
from captcha_core.sources.generate import draw_samples
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.sample import Sample
from experiments.cli import main

PLAIN = get_scheme("wild").turned(families=("plain",))


@pytest.fixture(scope="module")
def solver() -> Solver:
    return Solver.load("builtin")


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return draw_samples(PLAIN, 2**20, range(60))


def test_it_is_small_enough_for_the_wheel() -> None:
    files = list(BUILTIN_FOLDER.iterdir())
    assert sum(file.stat().st_size for file in files) < 3_100_000
    assert Bundle.open(BUILTIN_FOLDER).config.network == "strip_ctc"


def test_it_reads_captchas_that_it_has_not_seen(solver: Solver, samples: list[Sample]) -> None:
    answers = [solver.solve(sample.media).text.casefold() for sample in samples]
    right = sum(answer == (sample.text or "").casefold() for answer, sample in zip(answers, samples, strict=True))
    assert right >= 30, [(sample.text, answer) for sample, answer in zip(samples, answers, strict=True)]


def test_solve_needs_no_model(samples: list[Sample], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.png"
    file.write_bytes(samples[0].media)
    with pytest.raises(SystemExit) as ended:
        main(["solve", str(file)])
    shown = capsys.readouterr()
    assert ended.value.code == 0
    assert shown.out.startswith(f"{file}\t") and "builtin reader" in shown.err
