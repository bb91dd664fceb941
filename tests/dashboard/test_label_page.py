"""The Label page: what a keystroke does, without a browser; one test counts keystrokes in a real one."""

from pathlib import Path

import pytest

from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.labels import Label, LabelLog, now
from captcha_core.dataset.store import Dataset
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from dashboard.label.labelling import LabelSession, LabelTask, act, next_task
from tests.conftest import tiny_samples
from tests.dashboard.pages import World, open_page, without_traceback, words_of

MODEL = "models:/captcha-tiny@champion"


@pytest.fixture
def pool(world: World, tiny_spec: CaptchaSpec, tmp_path: Path) -> tuple[Dataset, dict[str, str]]:
    """Captchas without labels, and what they say."""
    samples = tiny_samples(12, seed=21)
    bare = [Sample(sample.media, None, "captcha.png") for sample in samples]
    dataset = write_samples(tmp_path / "pool", tiny_spec, bare, "browser", "1/0/0")
    return dataset, {sample.id: sample.text or "" for sample in samples}


def task_of(session: LabelSession, dataset: Dataset) -> LabelTask:
    task, _, _ = next_task(session, dataset)
    assert task is not None
    return task


def desk_at(dataset: Dataset, who: str = "ada", model: str = MODEL) -> LabelSession:
    return LabelSession(str(dataset.path), who, model=model)


def written(dataset: Dataset) -> list[tuple[str, str | None, str]]:
    return [(one.id, one.text, one.who) for one in LabelLog.of(dataset.path, dataset.spec).read()[0]]


def test_the_most_doubtful_comes_first_with_the_guess_filled_in(pool: tuple[Dataset, dict[str, str]]) -> None:
    dataset, _ = pool
    session = desk_at(dataset)
    sure = []
    for _ in range(12):
        task = task_of(session, dataset)
        assert task.guess is not None and task.text == task.guess.text
        sure.append(task.guess.confidence)
        act(session, dataset, task, "label", task.text)
    assert sure == sorted(sure)
    task, done, _ = next_task(session, dataset)
    assert task is None and done.given == 12 and done.accepted_share == 1.0


def test_typing_corrects_and_the_log_says_who_and_which_model(pool: tuple[Dataset, dict[str, str]]) -> None:
    dataset, _ = pool
    session = desk_at(dataset)
    task = task_of(session, dataset)
    other = "33" if task.text != "33" else "22"
    act(session, dataset, task, "label", f" {other} ")
    (line,) = LabelLog.of(dataset.path, dataset.spec).read()[0]
    assert (line.id, line.text, line.guess, line.who, line.by) == (task.id, other, task.text, "ada", "hand")
    assert line.model == "captcha-tiny version 1" and line.confidence == task.guess.confidence
    assert not line.accepted


def test_a_label_that_cannot_be_stays_with_its_reason(pool: tuple[Dataset, dict[str, str]]) -> None:
    dataset, _ = pool
    session = desk_at(dataset)
    task = task_of(session, dataset)
    turn = session.turn
    act(session, dataset, task, "label", "0129")
    assert "expected a label of 2 characters, received 4" in session.fault
    again = task_of(session, dataset)
    assert again.id == task.id and again.text == "0129"
    assert session.turn > turn and written(dataset) == []
    act(session, dataset, again, "label", "0x")
    assert "received 'x'" in session.fault
    act(session, dataset, task_of(session, dataset), "label", "01")
    assert session.fault == "" and written(dataset) == [(task.id, "01", "ada")]


@pytest.mark.parametrize("text", ["\ud800", "3\ud800"])
def test_half_a_character_is_refused_in_a_sentence(
    pool: tuple[Dataset, dict[str, str]], monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    dataset, _ = pool
    monkeypatch.setattr("dashboard.tracking.gallery.folders", lambda: [dataset.path])
    page = open_page("label")
    session = page.session_state["label-session"]
    act(session, dataset, task_of(session, dataset), "label", text)
    assert session.fault.startswith("expected ") and repr(text) in session.fault and written(dataset) == []
    assert "Correct the label" in words_of(without_traceback(page.run()))


def test_skipped_ones_come_last(pool: tuple[Dataset, dict[str, str]]) -> None:
    dataset, _ = pool
    session = desk_at(dataset)
    first = task_of(session, dataset)
    act(session, dataset, first, "skip", "zz")
    assert written(dataset) == [(first.id, None, "ada")]
    for _ in range(11):
        task = task_of(session, dataset)
        assert task.id != first.id
        act(session, dataset, task, "label", task.text)
    assert task_of(session, dataset).id == first.id


def test_going_back_shows_what_was_said_and_corrects_it(pool: tuple[Dataset, dict[str, str]]) -> None:
    dataset, _ = pool
    session = desk_at(dataset)
    first = task_of(session, dataset)
    act(session, dataset, first, "label", "33")
    second = task_of(session, dataset)
    act(session, dataset, second, "back", "")
    again = task_of(session, dataset)
    assert (again.id, again.text) == (first.id, "33")
    act(session, dataset, again, "back", "")
    assert task_of(session, dataset).id == first.id, "nothing lies before the first"
    act(session, dataset, again, "label", "22")
    assert task_of(session, dataset).id == second.id
    assert [text for _, text, _ in written(dataset)] == ["33", "22"]


def test_two_tabs_lose_nothing_and_do_not_ask_twice(pool: tuple[Dataset, dict[str, str]]) -> None:
    dataset, truth = pool
    tabs = [desk_at(dataset, "ada"), desk_at(dataset, "ben")]
    shown = [task_of(session, dataset) for session in tabs]
    assert shown[0].id == shown[1].id
    seen: list[str] = []
    while True:
        for session in tabs:
            task, _, _ = next_task(session, dataset)
            if task is None:
                break
            seen.append(task.id)
            act(session, dataset, task, "label", truth[task.id])
        else:
            continue
        break
    lines = written(dataset)
    assert len(lines) == len(seen)
    assert {identity for identity, _, _ in lines} == set(truth)
    assert {who for _, _, who in lines} == {"ada", "ben"}


def test_a_models_labels_are_checked_when_nothing_else_is_left(pool: tuple[Dataset, dict[str, str]]) -> None:
    dataset, truth = pool
    log = LabelLog.of(dataset.path, dataset.spec)
    ids = list(truth)
    log.add([Label(id=ids[0], text=truth[ids[0]], by="hand", who="ada", when=now())])
    sure = {identity: 0.5 + index / 40 for index, identity in enumerate(ids[1:])}
    log.add(
        Label(id=one, text=truth[one], by="model", who="m", when=now(), guess=truth[one], confidence=confidence)
        for one, confidence in sure.items()
    )
    session = desk_at(dataset, model="")
    for identity in list(sure)[:3]:
        task = task_of(session, dataset)
        assert (task.id, task.text, task.check) == (identity, truth[identity], True)
        act(session, dataset, task, "label", task.text)
    assert task_of(session, dataset).left == 8


def test_without_a_model_nothing_is_filled_in(pool: tuple[Dataset, dict[str, str]]) -> None:
    dataset, _ = pool
    task = task_of(desk_at(dataset, model=""), dataset)
    assert task.text == "" and task.guess is None and task.model == ""


def test_the_page_says_what_to_do_without_data(fresh: Path) -> None:
    assert "captchalab collect" in words_of(without_traceback(open_page("label")))


def test_the_page_shows_the_captcha_and_the_figures(
    pool: tuple[Dataset, dict[str, str]], monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    dataset, _ = pool
    monkeypatch.setattr("dashboard.tracking.gallery.folders", lambda: [dataset.path])
    page = without_traceback(open_page("label"))
    words = words_of(page).replace("\\", "")
    assert "cl-label" in words and "captcha-tiny version 1 reads" in words
    assert "12 left" in words and "Guesses accepted" in words
    assert page.selectbox(key="label-model").value == MODEL
    monkeypatch.setenv("CAPTCHALAB_READ_ONLY", "1")
    assert "You may look, not change" in words_of(without_traceback(open_page("label")))
