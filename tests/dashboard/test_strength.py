"""Strength: assessments that MLflow holds, side by side; one whose report is gone breaks nothing."""

import json
from pathlib import Path

from captcha_core.tracking.connect import client
from captcha_core.tracking.names import Artifact, Kind, Metric, Param, Tag
from dashboard.home import watch
from dashboard.strength import assessments, start
from dashboard.tracking import data
from dashboard.tracking.records import RunRecord
from tests.dashboard.lived_in import assessed
from tests.dashboard.pages import World, bare_run, open_page, without_traceback, words_of


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
    gets = assessments.refreshing(next(one for one in found if one.run.id == first))
    strongest = gets.iloc[-1].to_dict()
    assert strongest["exact match"] == "60.0% (50.2 to 69.1%, n = 100)" and strongest["within 5 tries"] == "99.0%"
    page = without_traceback(open_page("strength", assessment=f"fake {first[:6]}"))
    assert "passes 60" in words_of(page)
    report = json.loads(data.artifact(data.tracking(), first, Artifact.ASSESSMENT_JSON).read_text(encoding="utf-8"))
    assert report["verdict"]["grade"] == "broken"


def test_any_data_set_or_scheme_can_be_assessed_from_the_page(fresh: Path) -> None:
    assert "digits4" in start.captchas()
    asked = start.arguments("data/mine", 90)
    assert asked == ("assess", "data/mine", "--hours", "1.5", "--out", "assess-mine")
    Path("assess-mine").mkdir()
    assert start.arguments("data/mine", 90)[-1] == "assess-mine-2", "the first report stays"
    page = without_traceback(open_page("strength"))
    assert [button.label for button in page.button] == ["Assess it"]


def test_what_is_no_training_never_promises_an_epoch(world: World) -> None:
    run = RunRecord("1", "assess mine", "RUNNING", 0, params={Param.HOURS: "1.0"}, tags={Tag.KIND: Kind.ASSESS})
    assert watch.state_of(run, 1_800_000, "letting attackers try") == (0.5, "letting attackers try · 30 min left")
    search = RunRecord("2", "search", "RUNNING", 0, tags={Tag.KIND: Kind.SEARCH})
    assert watch.state_of(search, 1000.0, "searching") == (None, "searching")
