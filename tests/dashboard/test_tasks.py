"""How far a running training is, from what it logs."""

from collections.abc import Mapping

import pytest

from captcha_core.tracking.callback import LogEpochs
from dashboard.home import tasks
from dashboard.tracking.records import ModelRecord, ModelVersion, RunRecord


class Logged:
    """A run that keeps the last values, as MLflow shows them."""

    def __init__(self) -> None:
        self.last: dict[str, float] = {}

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        self.last |= values


def test_a_budget_of_epochs_is_used_up_epoch_by_epoch() -> None:
    run = Logged()
    callback, shares = LogEpochs(run), []  # type: ignore[arg-type]  # all that it needs of a run
    for epoch in range(4):
        callback.on_epoch_end(epoch, {"loss": 1.0})
        record = RunRecord("1", "run", "RUNNING", 0, params={"training.epochs": "4"}, metrics=run.last)
        shares.append(tasks.progress(record, now_ms=1000.0))
    assert shares == pytest.approx([0.25, 0.5, 0.75, 1.0])


def test_two_models_of_one_data_set_do_not_share_their_trainings() -> None:
    def run(name: str, exact_match: float, registered: str = "") -> RunRecord:
        tags = {"captchalab.preset": "mine", **({"captchalab.registered": registered} if registered else {})}
        return RunRecord(name, name, "FINISHED", 0, tags=tags, metrics={"test_exact_match": exact_match})

    def model(name: str, run_id: str) -> ModelRecord:
        return ModelRecord(name, "", {"champion": "1"}, {}, [ModelVersion(name, "1", 0, run_id)])

    runs = [run("a", 0.5, "plain/1"), run("b", 0.9, "letters/1"), run("trial", 0.7)]
    plain, letters = sorted(
        tasks.tasks([model("plain", "a"), model("letters", "b")], runs), key=lambda task: task.name, reverse=True
    )
    assert [one.id for one in plain.runs] == ["a", "trial"]
    assert [one.id for one in letters.runs] == ["b", "trial"]


def test_the_time_left_goes_by_the_minutes_or_by_the_epochs_so_far() -> None:
    def run(**params: str) -> RunRecord:
        return RunRecord("1", "run", "RUNNING", 0, params=params, metrics={"epochs_done": 2.0})

    timed = run(**{"training.minutes": "2", "training.epochs": "None"})
    counted = run(**{"training.minutes": "None", "training.epochs": "8"})
    assert tasks.time_left_s(timed, now_ms=30_000) == pytest.approx(90)
    assert tasks.time_left_s(counted, now_ms=30_000) == pytest.approx(90)
    assert tasks.time_left_s(timed, now_ms=130_000) is None, "the minutes are over: it reads and registers"
