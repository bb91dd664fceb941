"""The Runs page: a table, a search, one run in detail, links that lead nowhere."""

from pathlib import Path

import pytest

from captcha_core.tracking.connect import client
from tests.dashboard.pages import World, bare_run, open_page, without_traceback, words_of


def test_every_run_with_its_exact_match_and_interval(world: World) -> None:
    page = without_traceback(open_page("runs"))
    table = page.dataframe[0].value
    names = [f"./run?run={run}#tiny {run[:6]}" for run in world.runs[::-1]]
    assert list(table["run"]) == names, "a name is a link to the run's page"
    assert table["exact match"][1] > 90 > table["exact match"][0]
    low, high = (float(part) for part in table["95% interval"][0].split(" – "))
    assert low < table["exact match"][0] < high
    assert list(table["best validation"]) == [90.0, 90.0], "the best epoch counts, not the last (70 %)"


def test_a_value_that_is_missing_is_an_empty_cell(world: World) -> None:
    shown = without_traceback(open_page("runs")).dataframe[0].proto
    assert shown.HasField("placeholder") and shown.placeholder == ""


def test_a_link_opens_one_run(world: World) -> None:
    page = without_traceback(open_page("run", run=world.runs[0]))
    words = words_of(page)
    assert world.runs[0] in words and "n = 80" in words
    assert len(page.get("plotly_chart")) == 4
    parameters = without_traceback(open_page("run", run=world.runs[0], part="Parameters"))
    assert {"training.learning_rate", "network.name"} <= set(parameters.dataframe[0].value["Parameter"])


def test_a_run_shows_what_it_reads_and_leads_to_what_comes_next(world: World) -> None:
    page = without_traceback(open_page("run", run=world.runs[1], part="What it reads"))
    assert len(page.get("plotly_chart")) == 2, "confusion matrix and groups"
    assert words_of(page).count('class="cl-card"') == 12, "the worst samples"
    links = [link.proto.label for link in page.get("page_link")]
    assert {"Solve with it", "Compare with champion", "Its mistakes"} <= set(links)
    assert "captcha-tiny version 2" in links
    promote = without_traceback(open_page("run", run=world.runs[1], part="Promote"))
    assert promote.button(key="promote-captcha-tiny-2").disabled, "the rule says no, and there is no reason yet"


@pytest.mark.parametrize("run_id", ["0" * 32, "no such thing", "<script>alert(1)</script>"])
def test_a_link_to_a_deleted_run(world: World, run_id: str) -> None:
    page = without_traceback(open_page("runs", run=run_id))
    assert "deleted, or of another tracking server" in words_of(page)
    assert len(page.dataframe[0].value) == 2, "the table is the way on"


@pytest.mark.parametrize(
    ("search", "count"),
    [
        ("", 2),
        ("tiny learning_rate=0.002", 1),
        ("metrics.test_exact_match > 0.9", 1),
        ("params.`network.name` = 'image_cnn' and status = 'FINISHED'", 2),
        ("`*[x](y)", 0),
    ],
)
def test_search(world: World, search: str, count: int) -> None:
    page = without_traceback(open_page("runs", q=search))
    assert len(page.dataframe[0].value) == count if count else "No run fits this search" in words_of(page)


def test_a_filter_that_mlflow_does_not_understand(world: World) -> None:
    page = without_traceback(open_page("runs", q="metrics.loss ==== oops"))
    assert "MLflow does not understand this filter" in words_of(page)
    assert len(page.dataframe[0].value) == 2


def test_nothing_yet(fresh: Path) -> None:
    page = without_traceback(open_page("runs"))
    assert "captchalab pipeline --preset digits4" in words_of(page)


def test_mlflow_away(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    page = without_traceback(open_page("runs"))
    assert "MLflow does not answer" in words_of(page)
    assert page.button(key="try-again").label == "Try again"


@pytest.mark.parametrize("state", ["RUNNING", "FINISHED"])
def test_a_run_without_metrics_has_curves_to_come_while_it_runs(fresh: Path, state: str) -> None:
    page = without_traceback(open_page("run", run=bare_run(state)))
    assert ("has logged no curve yet" in words_of(page)) is (state == "RUNNING")


def test_a_note_and_a_tag_are_kept(fresh: Path) -> None:
    run_id = bare_run()
    page = open_page("run", run=run_id, part="Notes")
    page.text_area[0].set_value("tried *twice*")
    next(button for button in page.button if button.label == "Save").click()
    without_traceback(page.run())
    assert client().get_run(run_id).data.tags["mlflow.note.content"] == "tried *twice*"
