"""The Audit page: what a keystroke does; it and the Drift page without a browser."""

from pathlib import Path
from typing import Any

import pytest

from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.labels import LabelLog
from captcha_core.dataset.store import Dataset
from captcha_core.evaluation.live_log import LIVE, LiveLog
from captcha_core.spec.captcha import CaptchaSpec
from dashboard.audit.review import Doubt, ReviewSession, act, next_doubt
from dashboard.drift.page import shares
from tests.conftest import tiny_samples
from tests.dashboard.lived_in import audited, findings_in, served_live
from tests.dashboard.pages import open_page, without_traceback, words_of


@pytest.fixture
def doubted(tmp_path: Path, tiny_spec: CaptchaSpec) -> tuple[Dataset, list[dict[str, Any]]]:
    """A data set in which two labels are doubted."""
    dataset = write_samples(tmp_path / "data" / "tiny", tiny_spec, tiny_samples(12, seed=4), "test", "1/0/0")
    return dataset, findings_in(dataset)


def shown(session: ReviewSession, dataset: Dataset, findings: list[dict[str, Any]]) -> Doubt:
    doubt = next_doubt(session, dataset, findings)
    assert doubt is not None
    return doubt


def test_enter_keeps_typing_corrects_and_the_worst_comes_first(doubted: tuple[Dataset, list[dict[str, Any]]]) -> None:
    dataset, findings = doubted
    session = ReviewSession(str(dataset.path), "ada")
    first = shown(session, dataset, findings)
    assert (first.text, first.proposal, first.left) == (findings[0]["captchas"][0]["text"], "33", 2)
    act(session, dataset, first, "label", first.text)
    second = shown(session, dataset, findings)
    act(session, dataset, second, "label", " 22 ")
    assert next_doubt(session, dataset, findings) is None
    lines = LabelLog.of(dataset.path, dataset.spec).read()[0]
    assert [(one.id, one.text, one.guess, one.who, one.by) for one in lines] == [
        (first.id, first.text, "33", "ada", "hand"),
        (second.id, "22", "22", "ada", "hand"),
    ]
    act(session, dataset, second, "back", "")
    again = shown(session, dataset, findings)
    assert again.id == first.id and again.text == first.text


def test_a_skip_leaves_the_label_and_a_refusal_its_reason(doubted: tuple[Dataset, list[dict[str, Any]]]) -> None:
    dataset, findings = doubted
    session = ReviewSession(str(dataset.path), "ada")
    first = shown(session, dataset, findings)
    act(session, dataset, first, "label", "9999")
    assert "9999" in session.fault and shown(session, dataset, findings).text == "9999"
    act(session, dataset, first, "skip", "")
    assert shown(session, dataset, findings).id != first.id
    assert LabelLog.of(dataset.path, dataset.spec).read()[0] == []


def test_both_pages(empty_folder: Path, doubted: tuple[Dataset, list[dict[str, Any]]]) -> None:
    dataset, findings = doubted
    audited(empty_folder / "logged", dataset, findings)
    page = without_traceback(open_page("audit"))
    assert "labels that a reader doubts" in words_of(page) and "2 doubted labels left" in words_of(page)
    served_live("captcha-tiny")
    page = without_traceback(open_page("drift"))
    words = words_of(page)
    assert "30 captchas, 2026-01-01 00:00" in words and "does not keep what its captchas looked like" in words
    period = LiveLog(LIVE, "captcha-tiny", "").last(30)
    assert period is not None
    table = shares("confidence", {"live": period.histograms})
    assert table["share"].sum() == pytest.approx(1.0)
