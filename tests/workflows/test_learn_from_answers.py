"""Yes and no become labels: what was accepted, and what a later reader is sure of where another text was refused."""

from pathlib import Path

import pytest

from captcha_core.dataset.store import Dataset
from captcha_core.errors import DataError, FetchError
from captcha_core.evaluation.metrics import Proportion
from captcha_core.sources.answer_site import AnswerSite
from captcha_core.sources.demo_site import DemoSite
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.sample import Sample
from captcha_core.tracking.connect import client
from captcha_core.tracking.names import Tag
from captcha_core.workflows.learn_from_answers import Learning, Round, reached, rounds_of
from experiments.cli import main

DIGITS = "0123456789"


class TiredSite(AnswerSite):
    """A site that goes away after some answers."""

    left = 25

    def captcha(self) -> tuple[str, bytes]:
        self.left -= 1
        if self.left < 0:
            raise FetchError("expected an answer, received none; start the site.")
        return super().captcha()


def test_it_learns_goes_on_after_a_stop_and_labels_rightly(empty_folder: Path) -> None:
    with DemoSite(get_scheme("alnum4"), seed=5) as site:
        alphabet = site.scheme.spec.alphabet
        with TiredSite(site.url) as tired, pytest.raises(FetchError):
            Learning(tired, Path("answers"), alphabet, (4, 4), each=90).run(120)
        with AnswerSite(site.url) as form:
            learning = Learning(form, Path("answers"), alphabet, (4, 4), each=90, minutes=0.2)
            rounds = learning.run(140)
        assert rounds[-1].submissions == len(learning.buffer.samples()) == 140, "nothing was asked twice"
        assert [one.model for one in rounds][:2] == ["builtin", "models:/captcha-answers/1"]
        dataset = Dataset.open("answers")
        labelled = {one.id: one.text for split in ("train", "validation", "test") for one in dataset.samples(split)}
        accepted = {one.id for one in learning.buffer.samples()[:115] if one.origin["accepted"]}
        assert accepted <= set(labelled)
        assert all(
            text == dataset.spec.charset.normalise(site.truth[key]) for key, text in labelled.items() if key in accepted
        )
    children = client().search_runs(["1"], f"tags.`{Tag.PARENT}` != ''")
    assert children and all(one.info.status == "FINISHED" for one in children)


def test_the_command_says_that_the_first_reader_needed_no_training(
    empty_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with DemoSite(get_scheme("digits4"), seed=5) as site, pytest.raises(SystemExit) as stop:
        limits = ["--length", "4", "--submissions", "20", "--each", "20", "--until", "0.1"]
        main(["learn-from-answers", "--url", site.url, *limits, "--out", "answers", "--i-own-this-site"])
    assert not stop.value.code
    assert "50% of a round accepted: from the first answer on, without any training" in capsys.readouterr().out


def test_a_reader_of_something_else_learns_nothing_and_says_so(empty_folder: Path) -> None:
    class No:
        def captcha(self) -> tuple[str, bytes]:
            return form.captcha()

        def accepts(self, name: str, text: str) -> bool:
            return False

    refused = pytest.raises(DataError, match="expected one of 12 answers to be accepted, received none")
    with DemoSite(get_scheme("digits4")) as site, AnswerSite(site.url) as form, refused:
        Learning(No(), Path("answers"), DIGITS, (4, 4)).run(12)


def said(accepted: str, model: str = "builtin") -> list[Sample]:
    return [Sample(b"x", None, "n", {"answer": "1", "accepted": one == "+", "model": model}) for one in accepted]


def test_rounds_tell_after_how_many_answers_a_share_was_reached() -> None:
    rounds = rounds_of([*said("+--+"), *said("+++-", "second"), *said("++++", "third")])
    assert [(one.submissions, one.refusals, one.accepted.hits) for one in rounds] == [(4, 2, 2), (8, 3, 3), (12, 3, 4)]
    assert reached(rounds, 0.5) == Round("builtin", 4, 2, Proportion(2, 4))
    assert reached(rounds, 0.9) == Round("third", 12, 3, Proportion(4, 4))
    assert reached(rounds[:2], 0.9) is None
