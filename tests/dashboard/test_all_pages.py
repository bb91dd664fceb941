"""What holds on every page: empty, with MLflow away, with links that lead nowhere, for those who may only look."""

import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from captcha_core.files import write_json
from captcha_core.tracking.provenance import born
from dashboard import access, jobs, pages
from dashboard.home import background
from dashboard.run import notes
from dashboard.tracking import data
from dashboard.tracking.records import RunRecord
from tests.answering import answering, say
from tests.dashboard.pages import World, bare_run, open_page, without_traceback, words_of

PAGES = [place.name for place in pages.PAGES]
NEEDS_MLFLOW = [name for name in PAGES if name not in ("data", "label", "you")]  # these begin with folders


@pytest.mark.parametrize("name", PAGES)
def test_empty_says_what_to_do(fresh: Path, name: str) -> None:
    page = without_traceback(open_page(name))
    assert page.title[0].value
    if name == "solve":
        assert page.selectbox(key="model-choice").value == "builtin", "there is a reader at once"
        return
    assert "captchalab" in "\n".join(code.value for code in page.code), "the command to begin with"
    ways = [*(button for button in page.button if not button.disabled), *page.get("page_link")]
    assert ways, "and the button for it, or the way to what it takes"


@pytest.mark.parametrize("name", PAGES)
def test_filled(world: World, name: str) -> None:
    page = without_traceback(open_page(name))
    assert "fault of ours" not in words_of(page)


@pytest.mark.parametrize("name", NEEDS_MLFLOW)
def test_mlflow_away(fresh: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    page = without_traceback(open_page(name))
    assert "MLflow does not answer" in words_of(page)
    assert page.button(key="try-again").label == "Try again"


@pytest.fixture
def sick_server() -> Iterator[str]:
    """A tracking server that says it is well and answers every question with an error."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/health":
            say(handler, 200, b"OK")
        else:
            say(handler, 500, b'{"error_code": "INTERNAL_ERROR", "message": "the disk is full"}')

    with answering(answer) as address:
        yield address


def test_mlflow_with_errors(fresh: Path, sick_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", sick_server)
    page = without_traceback(open_page("runs"))
    assert "MLflow does not answer" in words_of(page)


def test_mlflow_goes_away_while_a_page_is_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("runs")
    assert len(page.dataframe[0].value) == 2
    data.forget()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    without_traceback(page.run())
    assert "MLflow does not answer" in words_of(page)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{world.folder / 'mlflow.db'}")
    page.button(key="try-again").click()
    without_traceback(page.run())
    assert len(page.dataframe[0].value) == 2, "it is back"


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        ("runs", "run"),
        ("run", "run"),
        ("compare", "runs"),
        ("mistakes", "run"),
        ("registry", "model"),
        ("solve", "model"),
    ],
)
@pytest.mark.parametrize("value", ["0" * 32, "<img src=x onerror=alert(1)>", "a'b\"c`d", "../../etc/passwd"])
def test_links_that_lead_nowhere(world: World, name: str, parameter: str, value: str) -> None:
    page = without_traceback(open_page(name, **{parameter: value}))
    words = words_of(page)
    assert "not here" in words and "fault of ours" not in words
    assert "<img src=x" not in words.replace("\\<img", "")


def test_a_run_that_was_deleted_is_not_compared(fresh: Path) -> None:
    from captcha_core.tracking.connect import client

    kept, gone = bare_run(), bare_run()
    client().delete_run(gone)
    page = without_traceback(open_page("compare", runs=f"{kept},{gone}"))
    assert "1 run of this link is not here" in words_of(page)


def test_a_fault_of_ours_is_a_sentence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("dashboard.runs.table.table", fail)
    page = without_traceback(open_page("runs"))
    assert "a fault of ours" in words_of(page) and "secret detail" not in words_of(page)


def test_those_who_may_look_cannot_change(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(access.READ_ONLY, "1")
    page = without_traceback(open_page("registry", version="2"))
    assert page.button(key="promote-captcha-tiny-2").disabled
    home = without_traceback(open_page("home"))
    assert all(button.disabled for button in home.button if button.label == "Start training")
    run = without_traceback(open_page("run", run=world.runs[0], part="Notes"))
    assert all(button.disabled for button in run.button if button.label == "Save")


@pytest.mark.parametrize(
    ("email", "verified", "may"),
    [
        ("ana@example.org", True, True),
        ("ANA@example.org", True, True),
        ("ana@example.org", False, False),
        ("", True, False),
    ],
)
def test_who_may_change(email: str, verified: bool, may: bool) -> None:
    assert access.listed(email, verified, ["Ana@Example.org"]) is may


def test_a_login_is_asked_for_when_it_is_configured(world: World) -> None:
    from streamlit.testing.v1 import AppTest

    from tests.dashboard.pages import APP

    page = AppTest.from_file(str(APP), default_timeout=60)
    page.secrets["auth"] = {"redirect_uri": "http://localhost/oauth2callback", "cookie_secret": "x"}
    without_traceback(page.run())
    assert [button.label for button in page.button] == ["Log in"]
    assert not page.dataframe


def test_tags_of_programs_are_not_for_people() -> None:
    assert notes.tags_of([("colour", "red"), ("", "x"), (None, "y"), ("n", None)]) == {"colour": "red", "n": ""}
    empty = float("nan")  # what pandas makes of a cell that nobody filled in
    assert notes.tags_of([("n", empty), (empty, "x"), ("nan", "y")]) == {"n": "", "nan": "y"}
    with pytest.raises(data.CaptchaError, match="names that begin so are the programs'"):
        notes.tags_of([("mlflow.user", "me")])
    with pytest.raises(data.CaptchaError, match="twice"):
        notes.tags_of([("a", "1"), ("a", "2")])


def test_a_run_that_is_gone_cannot_be_changed(fresh: Path) -> None:
    with pytest.raises(data.MlflowUnavailable, match="expected to change the run"):
        notes.save_edits(RunRecord("0" * 32, "x", "FINISHED", 0), "note", {})


@pytest.mark.parametrize("name", ["home", "data"])
def test_what_runs_in_the_background_is_seen_from_every_page(fresh: Path, name: str) -> None:
    job = jobs.Job(os.getpid(), born(os.getpid()), ("pipeline", "--preset", "digits4"), int(1000 * time.time()))
    jobs.FOLDER.mkdir()
    write_json(jobs.FOLDER / jobs.RECORD, asdict(job))
    page = without_traceback(open_page(name))
    assert "Training digits4" in [link.proto.label for link in page.get("page_link")]


def test_a_search_that_has_just_begun_is_shown_where_searches_are(fresh: Path) -> None:
    job = jobs.Job(os.getpid(), born(os.getpid()), ("tune", "--preset", "digits4"), int(1000 * time.time()))
    jobs.FOLDER.mkdir()
    write_json(jobs.FOLDER / jobs.RECORD, asdict(job))
    page = without_traceback(open_page("tune"))
    assert "No search has run yet" not in words_of(page)
    assert page.button(key="stop-job").label == "Stop"


def test_what_failed_says_why_in_plain_words_and_goes_on(fresh: Path) -> None:
    words = ("pipeline", "--preset", "digits4", "--minutes", "1")
    job = jobs.Job(os.getpid(), born(os.getpid()), words, int(1000 * time.time() - 60_000), code=1)
    jobs.FOLDER.mkdir()
    write_json(jobs.FOLDER / jobs.RECORD, asdict(job))
    (jobs.FOLDER / jobs.LOG).write_text("train\nError: expected 1%, received 0%; train longer.\n", encoding="utf-8")
    page = without_traceback(open_page("home"))
    assert "Found 0%, where 1% is needed. Train longer." in page.error[0].value.replace("\\", "")
    assert page.button(key="once-more").label == "Once more, for 5 minutes"
    assert background.with_more_time(("generate", "--out", "x"), took_s=60) == ()
    assert background.with_more_time(words, took_s=20) == (), "it stopped by itself: more minutes change nothing"
