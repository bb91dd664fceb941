"""The report is one file without a link to anything, says the four things first, and hides nobody who failed."""

import json
import re
from pathlib import Path

import pytest

from captcha_core.assessment.findings import Findings
from captcha_core.assessment.people import Measured
from captcha_core.assessment.report import HTML, JSON, MARKDOWN, as_html, as_markdown, write_report
from captcha_core.errors import DataError
from captcha_core.evaluation.metrics import Proportion
from tests.assessment.fakes import effect, findings, left_out, row


@pytest.fixture
def found() -> Findings:
    rows = [
        row("builtin", "stock", 8),
        *(row(f"labels-{k}-{n}", "labels", 20 + k // 8, labels=k, draw=n) for k in (25, 100, 400) for n in (1, 2)),
        row("generator", "generator", 99),
        left_out("labels-800-1", "no <time> was left"),
    ]
    effects = [effect("lines", "0", 490, [491], is_base=True), effect("lines", "6", 20, [450, 455])]
    return findings(rows, effects, Measured(Proportion(40, 50), 8.2, 2, 20))


def test_it_stands_alone(found: Findings) -> None:
    page = as_html(found)
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []
    assert "http" not in re.sub(r"data:[^\"]+", "", page) and "<script" not in page and "@import" not in page
    assert page.count("<svg") == 3 and page.count("<img") == 6


def test_the_first_screen_says_the_four_things(found: Findings) -> None:
    first = as_html(found).partition("<section>")[0]
    for words in ("Who breaks it", "At what rate", "At what cost", "What to change first", "broken"):
        assert words in first
    assert "Incomplete" not in first


def test_who_was_left_out_is_in_every_form(found: Findings) -> None:
    assert "no &lt;time&gt; was left" in as_html(found)
    assert "no <time> was left" in as_markdown(found)
    assert found.as_dict()["left_out"][0]["reason"] == "no <time> was left"


def test_every_share_has_its_n(found: Findings) -> None:
    for attacker in found.as_dict()["attackers"]:
        assert attacker["exact_match"]["n"] == 100
        assert attacker["exact_match"]["low"] <= attacker["exact_match"]["value"] <= attacker["exact_match"]["high"]


def test_it_is_written_three_times(found: Findings, tmp_path: Path) -> None:
    write_report(found, tmp_path)
    assert json.loads((tmp_path / JSON).read_text(encoding="utf-8"))["verdict"]["grade"] == "broken"
    assert (tmp_path / MARKDOWN).read_text(encoding="utf-8").startswith("# fake: broken")
    assert (tmp_path / HTML).stat().st_size < 300_000
    with pytest.raises(DataError, match="expected room and permission to write"):
        write_report(found, tmp_path / "gone")


def test_nothing_found_is_a_report_all_the_same() -> None:
    nothing = findings([left_out("labels-400-1", "no time")], complete=False)
    assert "Nobody was tried" in as_html(nothing) and "Nobody was tried" in as_markdown(nothing)
    assert nothing.as_dict()["attackers"] == []
