"""Histograms of captchas, and the test that tells others from the same; what lies on disk may be damaged."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from captcha_core.errors import DataError
from captcha_core.evaluation.drift import ALPHA, MOST_NAMES, Histograms, Measured, chi_squared, drift, measure
from captcha_core.evaluation.live_log import LiveLog, Period
from captcha_core.media.image import encode_png
from captcha_core.spec.answer import Answer
from captcha_core.spec.captcha import CaptchaSpec
from tests.conftest import tiny_samples, tone_clip, tone_spec


def drawn(count: int, seed: int, ink: float = 30.0, size: str = "60 x 160", length: int = 4) -> Histograms:
    """Captchas with normally spread confidence and ink."""
    rng, found = np.random.default_rng(seed), Histograms()
    for odds, level, detail in rng.normal((6.0, ink, 12.0), (2.0, 4.0, 2.0), (count, 3)):
        found.add(Measured(float(odds), float(level), float(detail), size, str(length)))
    return found


def test_the_same_captchas_raise_nothing_and_others_are_told() -> None:
    reference = drawn(2000, 0)
    assert sum(drift(reference, drawn(500, seed)).told() for seed in range(1, 21)) == 0
    for changes in ({"ink": 33.0}, {"size": "50 x 160"}, {"length": 5}):
        told: Any = [drift(reference, drawn(200, seed, **changes)) for seed in range(1, 21)]
        assert all(one.told() for one in told)
        assert {one.shifts[0].measure for one in told} == set(changes)


def test_p_of_the_same_captchas_is_not_too_small() -> None:
    reference = drawn(2000, 0)
    p_values = [drift(reference, drawn(100, seed)).p_value for seed in range(1, 201)]
    assert sum(p < 0.05 for p in p_values) <= 20  # of 200: one in twenty would be ten


def test_of_few_captchas_nothing_is_said() -> None:
    found = drift(drawn(2000, 0), drawn(19, 1, ink=100.0))
    assert found.p_value == 1.0 and found.shifts == () and not found.told()
    assert drift(Histograms(), Histograms()).p_value == 1.0


def test_a_stray_size_is_no_alarm_and_a_new_one_is() -> None:
    assert chi_squared({"a": 2000}, {"a": 499, "b": 1})[0] > ALPHA
    assert chi_squared({"a": 2000}, {"a": 250, "b": 250})[0] < 1e-12
    assert chi_squared({"a": 5}, {"a": 7}) == (1.0, 0.0)


def test_pictures_and_clips_are_measured(tiny_spec: CaptchaSpec) -> None:
    sample = tiny_samples(1)[0]
    seen = measure(sample.media, Answer("01", 0.5, (), 0.1), tiny_spec)
    assert seen.confidence == 0 and seen.size == "16 x 32" and seen.length == "2" and seen.ink > 1 and seen.detail > 1
    empty = measure(encode_png(np.full((16, 32), 200, np.uint8)), Answer("", 1.0, (), 0.1), tiny_spec)
    assert empty.ink == empty.detail == 0 and empty.confidence > 15
    clip = tone_clip("0", [0.1], 1.0)
    assert measure(clip, Answer("0", 0.9, (), 0.1), tone_spec()).size == "1 s"
    with pytest.raises(DataError):
        measure(b"\x89PNG", Answer("01", 0.5, (), 0.1), tiny_spec)


def test_names_without_end_take_no_memory_without_end() -> None:
    found = Histograms()
    for number in range(2 * MOST_NAMES):
        found.add(Measured(0.0, 0.0, 0.0, f"{number} x 1", "4"))
    assert len(found.named["size"]) == MOST_NAMES + 1 and found.named["size"].total() == found.n


@pytest.mark.parametrize("change", [{"n": 5}, {"ink": [1]}, {"size": []}, {"length": {"4": "x"}}, {"detail": None}])
def test_other_data_is_refused(change: dict[str, Any]) -> None:
    record = drawn(30, 0).as_dict()
    assert Histograms.from_dict(json.loads(json.dumps(record))).as_dict() == record
    with pytest.raises(DataError, match="expected histograms of confidence, ink"):
        Histograms.from_dict(record | change)


def test_the_newest_lines_count_and_damaged_ones_are_passed_over(tmp_path: Path) -> None:
    log = LiveLog(tmp_path / "live", "captcha/odd name", "3")
    assert log.last(100) is None
    for number in range(4):
        log.append(Period(f"2026-01-0{number + 1}", f"2026-01-0{number + 2}", drawn(50, number)))
    with log.path.open("a") as file:
        file.write('{"since": "x"}\n[]\nhalf a li')
    assert log.path.parent == tmp_path / "live"
    found = log.last(100)
    assert found is not None and (found.histograms.n, found.since, found.until) == (100, "2026-01-03", "2026-01-05")
    everything = log.last(10_000)
    assert everything is not None and everything.histograms.n == 200


def test_tails_are_those_of_scipy() -> None:
    from scipy.special import chdtrc, kolmogorov

    from captcha_core.evaluation.drift import _chi_squared_tail, _kolmogorov_tail

    for value in (0.0, 0.1, 0.3, 0.8, 1.5, 4.0, 12.0):
        assert _kolmogorov_tail(value) == pytest.approx(kolmogorov(value), abs=1e-9, rel=1e-6)
        for degrees in (1, 2, 3, 8, 41):
            tail = _chi_squared_tail(degrees, 5 * value)
            assert tail == pytest.approx(chdtrc(degrees, 5 * value), abs=1e-12, rel=1e-9)
