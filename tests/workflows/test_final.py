"""The comparison at the end of a search: what is trained, what is read again, and what is said."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.store import Dataset
from captcha_core.errors import DataError
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from captcha_core.training.config import TrainingTask
from captcha_core.workflows.plan import TrainingPlan, plan_training
from captcha_core.workflows.searching.final import decide
from captcha_core.workflows.searching.plan import SearchLimits, SearchPlan, plan_search
from captcha_core.workflows.searching.report import TrialRecord
from experiments.terminal.options import parse_settings
from tests.conftest import tiny_samples
from tests.workflows.searches import RECIPE

DATA = Path("data")
FIGURES = {
    "run_id": "r", "seed": 0, "character_error_rate": 0.0, "model_bytes": 1.0, "latency_p50_ms": 1.0, "parameters": 1,
}  # fmt: skip


class Trainings:
    """In place of trainings: what was trained or read, and a reader that knows each captcha's first label."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.texts = {sample.id: sample.text for sample in samples}
        self.read: list[str] = []
        self.places: set[Path] = set()

    def __call__(
        self,
        plan: SearchPlan,
        task: TrainingTask,
        role: str,
        repeat: int,
        folder: Path,
        tested: Dataset,
        cache: Any,
    ) -> dict[str, Any]:
        self.read.append(role)
        self.places.add(folder)
        folder.mkdir(parents=True, exist_ok=True)
        right = [self.texts[sample.id] == sample.text for sample in tested.samples("test")]
        return {"exact_match": sum(right) / len(right), "right": right, "registered": "captcha/1", **FIGURES}


def write(spec: CaptchaSpec, samples: Sequence[Sample]) -> None:
    shutil.rmtree(DATA, ignore_errors=True)
    write_samples(DATA, spec, list(samples), "browser", "0.5/0.2/0.3")


def relabelled(samples: Sequence[Sample], split: str) -> list[Sample]:
    """The samples, one of a split with another label."""
    changed = Dataset.open(DATA).ids(split)[0]
    return [replace(one, text="00") if one.id == changed else one for one in samples]


@pytest.fixture
def samples(empty_folder: Path, tiny_spec: CaptchaSpec) -> list[Sample]:
    found = [one for one in tiny_samples(60, seed=5) if one.text != "00"]
    write(tiny_spec, found)
    return found


@pytest.fixture
def trainings(samples: list[Sample], monkeypatch: pytest.MonkeyPatch) -> Trainings:
    mine = Trainings(samples)
    monkeypatch.setattr("captcha_core.workflows.searching.final._train", mine)
    return mine


def search() -> SearchPlan:
    base = plan_training(data="data", network="image_cnn", settings=parse_settings(RECIPE.split()))
    return plan_search(base, name="once", tuner="random", trials=1)


def trial(plan: SearchPlan, **other: Any) -> TrialRecord:
    """The trial with the default's values, but for some."""
    values = {**(plan.default_values() or {}), **other}
    return TrialRecord("0000", "FINISHED", values, plan.space.configuration(values), {})


def test_what_is_finished_is_neither_trained_nor_read_again(trainings: Trainings) -> None:
    plan = search()
    first = decide(plan, trial(plan, optimizer="adam"), repeats=2)
    assert sorted(trainings.read) == ["default", "default", "winner", "winner"]
    assert decide(plan, trial(plan, optimizer="adam"), repeats=2).record() == first.record()
    assert len(trainings.read) == 4


def test_changed_test_labels_are_read_again_by_both(
    trainings: Trainings, samples: list[Sample], tiny_spec: CaptchaSpec
) -> None:
    plan = search()
    best = trial(plan, optimizer="adam")
    assert decide(plan, best, repeats=1).record()["winner"]["exact_match"] == 1.0
    write(tiny_spec, relabelled(samples, "test"))
    places = set(trainings.places)
    record = decide(plan, best, repeats=1).record()
    assert trainings.read == ["winner", "default"] * 2 and trainings.places == places, "not trained anew"
    assert record["winner"]["exact_match"] == record["default"]["exact_match"] < 1.0


def test_changed_training_labels_train_both_anew(
    trainings: Trainings, samples: list[Sample], tiny_spec: CaptchaSpec
) -> None:
    plan = search()
    decide(plan, trial(plan, optimizer="adam"), repeats=1)
    write(tiny_spec, relabelled(samples, "train"))
    decide(plan, trial(plan, optimizer="adam"), repeats=1)
    assert len(trainings.places) == 4, "in places of their own"


def test_a_winner_beyond_a_limit_is_said(trainings: Trainings) -> None:
    plan = replace(search(), limits=SearchLimits(latency_ms=0.5))
    sentence = decide(plan, trial(plan, optimizer="adam"), repeats=1).sentence()
    assert "exceeds a limit: 1.000 ms from bytes to text, allowed 0.5." in sentence


def test_data_that_cannot_be_read_leaves_no_run_open(samples: list[Sample], monkeypatch: pytest.MonkeyPatch) -> None:
    from captcha_core.tracking.connect import client
    from captcha_core.tracking.runs import begin_run

    def unreadable(*_: object) -> None:
        raise DataError("expected a shard, received none.")

    plan = search()
    plan = replace(plan, run_id=begin_run(plan.uid, plan.name, {}))
    monkeypatch.setattr(TrainingPlan, "training_data", unreadable)
    with pytest.raises(DataError):
        decide(plan, trial(plan, optimizer="adam"), repeats=1)
    place = client().get_run(plan.run_id).info.experiment_id
    assert [run.info.run_id for run in client().search_runs([place])] == [plan.run_id], "the search's own alone"


def test_a_winner_that_is_the_default_is_not_compared_with_itself(trainings: Trainings) -> None:
    plan = search()
    final = decide(plan, trial(plan), repeats=2)
    assert trainings.read == ["winner", "winner"]
    assert final.sentence().startswith("The best trial is the preset's default itself")
    assert not final.better and final.record()["winner_is_default"]
