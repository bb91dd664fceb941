"""One assessment in earnest: stopped for want of time, gone on with, written and logged."""

import json
from pathlib import Path

import pytest

from captcha_core.assessment.report import HTML
from captcha_core.dataset.in_memory import write_samples
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.tracking.connect import client, experiment
from captcha_core.tracking.names import Artifact, Kind, Metric, Tag
from tests.commands.walk import run
from tests.conftest import tiny_samples


def test_it_goes_on_where_the_time_was_over(
    empty_folder: Path, tiny_spec: CaptchaSpec, capsys: pytest.CaptureFixture[str]
) -> None:
    write_samples(Path("set"), tiny_spec, tiny_samples(90), "drawn", "30/0/60")
    assert run("assess", "set", "--hours", "0.001", "--out", "strength") == 0
    said = capsys.readouterr()
    assert "(incomplete: more --hours and --resume go on)" in said.out
    assert "no time was left" in Path("strength", "report.md").read_text(encoding="utf-8")

    assert run("assess", "set", "--hours", "0.001", "--out", "strength") == 1
    assert "give --resume to go on" in capsys.readouterr().err

    words = ("--hours", "0.02", "--out", "strength", "--resume", "--format", "json")
    assert run("assess", "set", *words) == 0
    found = json.loads(capsys.readouterr().out)
    kinds = {attacker["kind"]: attacker for attacker in found["attackers"]}
    assert set(kinds) == {"guess", "stock", "labels"}
    assert kinds["labels"]["exact_match"]["n"] == kinds["stock"]["exact_match"]["n"] == 60
    assert [row["title"] for row in found["rows"] if row["state"] == "left out"][-4:] == [
        "50 labels", "100 labels", "200 labels", "400 labels",
    ]  # fmt: skip

    (parent,) = client().search_runs([experiment()], f"tags.`{Tag.KIND}` = '{Kind.ASSESS}'")
    assert parent.info.status == "FINISHED" and Metric.STRONGEST in parent.data.metrics
    assert {one.path for one in client().list_artifacts(parent.info.run_id, Artifact.ASSESSMENT)} == {
        f"{Artifact.ASSESSMENT}/report.{ending}" for ending in ("html", "md", "json")
    }
    children = client().search_runs([experiment()], f"tags.`{Tag.PARENT}` = '{parent.info.run_id}'")
    assert {run.data.tags[Tag.ATTACKER] for run in children} >= {"builtin", "labels-25-1"}
    assert {run.info.status for run in children} == {"FINISHED"}
    assert "<svg" in Path("strength", HTML).read_text(encoding="utf-8")


def test_errors_come_before_any_work(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("assess", "no-such-captcha") == 1
    assert "expected a scheme (digits4" in capsys.readouterr().err
    assert not Path("assess-no-such-captcha").exists()
    assert run("knobs", "--scheme", "wild") == 1
    assert "expected a scheme with knobs" in capsys.readouterr().err
