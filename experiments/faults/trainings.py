"""``captchalab train``, killed and resumed."""

import json
import random
import time
from pathlib import Path
from typing import Any

from experiments.faults.commands import said, start
from experiments.faults.kills import Victim, check, check_clean, kill_again
from experiments.faults.material import NAME, drawn, epochs, training

SPAN_S = 1.1  # of the time from the first step to the end of a training that is left alone


class Trainings:
    """Trainings in a folder, one after another; each is killed until it gets through.

    Args:
        folder: Holds the data.
        count: Epochs of each.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.epochs = folder, count
        self.done: set[str] = set()
        self.started = 0.0
        self.epochs_kept = 0

    def start(self) -> Any:
        """Go on with the training that is not finished, or begin one."""
        self.started = time.time()
        left = [path.parent.name for path in self._plans() if path.parent.name not in self.done]
        check(len(left) <= 1, "one training at a time")
        return start(self.folder, *(("train", "--resume", left[0]) if left else training(*epochs(self.epochs))))

    def begun(self) -> bool:
        """Whether the one that was started has its run by now."""
        return any(path.stat().st_mtime >= self.started for path in self._plans())

    def look(self) -> None:
        """What has been done stays done, whenever the kill came."""
        for path in self._plans():
            if path.parent.name not in self.done and (progress := _progress(path.parent)) is not None:
                check(progress >= self.epochs_kept, f"at least {self.epochs_kept} epochs in the checkpoint")
                self.epochs_kept = progress
                if _client(self.folder).get_run(path.parent.name).info.status == "FINISHED":
                    self._through(path.parent.name)  # the kill came when only the process was left to end

    def finished(self, process: Any) -> None:
        """Check a training that got to its end."""
        check(process.returncode == 0, f"a training that goes on ({said(self.folder)[-500:]})")
        (run_id,) = [path.parent.name for path in self._plans() if path.parent.name not in self.done]
        self._through(run_id)

    def _through(self, run_id: str) -> None:
        self.done.add(run_id)
        self.epochs_kept = 0
        mine = _client(self.folder)
        steps = [one.step for one in mine.get_metric_history(run_id, "loss")]
        check(steps == list(range(self.epochs)), f"epochs 0 to {self.epochs - 1} once each (received {steps})")
        check(mine.get_run(run_id).info.status == "FINISHED", "a run that is finished")
        versions = [one for one in mine.search_model_versions(f"name='{NAME}'") if one.run_id == run_id]
        check(len(versions) == 1, f"one registered version of the run (received {len(versions)})")

    def _plans(self) -> list[Path]:
        return sorted(self.folder.glob("runs/*/plan.json"))


def killed_training(folder: Path, kills: int, seed: int = 0, count: int = 8) -> dict[str, Any]:
    """Kill trainings and resume them; then let ``doctor --repair`` close what was left open.

    Raises:
        Broken: If an epoch is lost or doubled, a version is missing or there twice, or a run stays open.
    """
    drawn(folder)
    mine = Trainings(folder, count)
    process = mine.start()
    while not mine.begun() and process.poll() is None:
        time.sleep(0.01)
    began = time.monotonic()
    process.wait()
    mine.finished(process)
    span_s = SPAN_S * (time.monotonic() - began)
    victim = Victim(mine.start, (0.0, span_s), mine.begun, mine.look, mine.finished)
    killed = kill_again(victim, kills, random.Random(seed))
    last = mine.start()
    last.wait()
    mine.finished(last)
    open_before = running(folder)
    check_clean(folder)
    check(running(folder) == 0, "no run that is open without a process")
    return {
        "epochs_each": count,
        "kills": killed.kills,
        "trainings_finished": len(mine.done),
        "epochs_lost_or_doubled": 0,
        "versions": len(mine.done),
        "runs_open_before_repair": open_before,
        "runs_open_after_repair": 0,
    }


def running(folder: Path) -> int:
    """Return how many runs MLflow holds for running."""
    mine = _client(folder)
    places = [place.experiment_id for place in mine.search_experiments()]
    return len(mine.search_runs(places, "attributes.status = 'RUNNING'"))


def _progress(folder: Path) -> int | None:
    for state in ("last", "last.old"):
        if (folder / state / "progress.json").is_file():
            return int(json.loads((folder / state / "progress.json").read_text(encoding="utf-8"))["epoch"])
    return None


def _client(folder: Path) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{folder}/mlflow.db")
