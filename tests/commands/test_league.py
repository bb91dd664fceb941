"""The league: who takes part, what a row holds, and what is made of the rows."""

import json
from pathlib import Path
from typing import Any

import pytest

from captcha_core.errors import DataError, SpecError
from experiments.league import report, rows
from experiments.league.entries import FOLDER, Entry, entries
from experiments.league.rows import Bounds, measured

ROW: dict[str, Any] = {
    "asked": {"count": 2000}, "name": "captcha", "setting": "default", "packages": ["captcha==0.7.1"],
    "spec": {"alphabet": "0123", "min_length": 4, "max_length": 6}, "fault": "",
    "figures": {
        "builtin": {"value": 0.5, "low": 0.478, "high": 0.522, "n": 2000, "hits": 1000},
        "50 labels": {"fault": "expected more, received less."},
    },
}  # fmt: skip


def test_everybody_has_a_default_and_a_hardest_setting_and_fixed_versions() -> None:
    everybody = entries()
    assert len(everybody) >= 12
    for one in everybody:
        assert {"default", "hardest"} <= set(one.settings) and one.about
        assert all("==" in package for package in one.pip) and all("@" in package for package in one.npm)


def test_a_generator_is_read_without_being_run(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text('"""mine: it draws."""\n\nPIP = ["mine==1"]\nSETTINGS = {"default": {}}\nraise SystemExit(1)\n')
    assert Entry.read(path) == Entry("mine", "mine: it draws.", ["mine==1"], (), {"default": {}})
    path.write_text('"""mine"""\n')
    with pytest.raises(SpecError, match="SETTINGS"):
        Entry.read(path)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SpecError, match="received 'nobody'"):
        entries(["nobody"])


def test_a_font_is_put_into_the_settings(tmp_path: Path) -> None:
    command = Entry.read(FOLDER / "claptcha.py").command(tmp_path, "hardest")
    settings = json.loads(command[-1])
    assert Path(settings["font"]).is_file() and settings["length"] == 6


def test_a_generator_that_cannot_be_installed_is_a_row_with_its_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Path:
        raise DataError("expected captcha to be installed, received nothing.")

    monkeypatch.setattr(Entry, "environment", refuse)
    (entry,) = entries(["captcha"])
    row = measured(entry, "default", tmp_path, Bounds(count=20), "run")
    assert row["fault"].startswith("expected captcha") and (tmp_path / "rows/captcha-default.json").is_file()
    assert "| failed |" in report.markdown([row]) and "expected captcha" in report.page([row], tmp_path)


def test_a_row_that_is_measured_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (entry,) = entries(["captcha"])
    monkeypatch.setattr(rows.importlib.util, "find_spec", lambda _: None)
    bounds = Bounds(count=2000, labels=False, stream=False)
    asked = {"digest": entry.digest, "count": 2000, "minutes": bounds.minutes}
    path = tmp_path / "rows" / "captcha-default.json"
    path.parent.mkdir()
    path.write_text(json.dumps({**ROW, "asked": asked}), encoding="utf-8")
    assert measured(entry, "default", tmp_path, bounds, "run")["figures"] == ROW["figures"]


def test_the_table_has_intervals_and_says_what_failed(tmp_path: Path) -> None:
    table = report.markdown([ROW])
    assert "| captcha | default | 4 to 6 of 4 characters | 2,000 | 50.0% (47.8% to 52.2%) | - | failed | - |" in table
    assert "50.0%" in report.page([ROW], tmp_path)


def test_rows_outlive_their_pictures(tmp_path: Path) -> None:
    assert "50.0%" in report.page([{**ROW, "examples": ["gone"]}], tmp_path)


def test_sums_are_scored_on_the_answer() -> None:
    figure = {"value": 0.1, "low": 0.0, "high": 0.2, "answer": {"value": 0.9, "low": 0.8, "high": 1.0}}
    row = {**ROW, "spec": {**ROW["spec"], "answer": "arithmetic"}, "figures": {"builtin": figure}}
    assert "4 to 6 of a sum | 2,000 | 90.0%" in report.markdown([row])
