"""How far a running training is, from what it logs."""

from collections.abc import Mapping

import pytest

from captcha_core.registry.callback import LogEpochs
from dashboard import tasks
from dashboard.records import RunRecord


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
