"""A report on samples of which nothing could be read."""

import json
from pathlib import Path

from captcha_core.evaluation.report import Report
from captcha_core.spec.captcha import CaptchaSpec
from tests.conftest import tiny_samples


def test_numbers_are_json_when_nothing_was_read(tiny_spec: CaptchaSpec, tmp_path: Path) -> None:
    samples = tiny_samples(5)
    Report(tiny_spec, samples, [None] * 5).write(tmp_path)
    numbers = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"), parse_constant=lambda word: 1 / 0)
    assert numbers["unreadable"] == 5
    assert "latency_p50_ms" not in numbers
