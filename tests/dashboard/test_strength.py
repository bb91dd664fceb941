"""Strength: assessments that MLflow holds, side by side; one whose report is gone breaks nothing."""

import json
from pathlib import Path

from captcha_core.assessment.report import write_report
from captcha_core.tracking.connect import client
from captcha_core.tracking.names import Artifact, Kind, Metric, Tag
from dashboard.strength import assessments
from dashboard.tracking import data
from tests.assessment.fakes import effect, findings, row
from tests.dashboard.pages import World, bare_run, open_page, without_traceback, words_of


def assessed(folder: Path, hits: int) -> str:
    rows = [row("builtin", "stock", 3), *(row(f"labels-{k}-1", "labels", hits, labels=k, draw=1) for k in (50, 100))]
    found = findings(rows, [effect("lines", "6", 20, [450, 455])])
    folder.mkdir()
    write_report(found, folder)
    run_id = bare_run(**{Tag.KIND: Kind.ASSESS})
    for path in folder.iterdir():
        client().log_artifact(run_id, str(path), Artifact.ASSESSMENT)
    client().log_metric(run_id, Metric.STRONGEST, hits / 100)
    return run_id


def test_they_stand_side_by_side_and_one_is_shown(world: World, tmp_path: Path) -> None:
    first, _ = assessed(tmp_path / "a", 60), assessed(tmp_path / "b", 90)
    lost = bare_run(**{Tag.KIND: Kind.ASSESS})
    client().log_metric(lost, Metric.STRONGEST, 0.5)
    data.forget()
    found = assessments.assessments(data.tracking())
    assert len(found) == 2
    table = assessments.overview(found)
    assert sorted(table["strongest reads"]) == [0.6, 0.9]
    assert len(assessments.by_labels(found).data) == 2 and len(assessments.by_knob(found[0]).data) == 2
    page = without_traceback(open_page("strength", assessment=f"fake {first[:6]}"))
    assert "passes 60" in words_of(page)
    report = json.loads(data.artifact(data.tracking(), first, Artifact.ASSESSMENT_JSON).read_text(encoding="utf-8"))
    assert report["verdict"]["grade"] == "broken"
