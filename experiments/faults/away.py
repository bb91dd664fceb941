"""The tracking server goes away in the middle of a training and of a search, and comes back."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from captcha_core.tracking.names import Kind, Metric, Tag
from experiments.faults.commands import Refused, kill, said, start, wait_for, works
from experiments.faults.kills import check, check_clean
from experiments.faults.material import NAME, drawn, epochs, trained_on, training
from experiments.faults.tracking import TrackingServer, tracking_server

HOWS = ("stopped", "error", "hang", "full")
BEFORE = 2  # epochs or trials before the server goes


def away_in_training(folder: Path, how: str, away_s: float, more: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Take the server away for some seconds of a training that lasts longer than that.

    Raises:
        Broken: If the training stops, or a metric is missing, doubled, changed or out of order.
    """
    drawn(folder)
    with tracking_server(folder) as server:
        settings = {"MLFLOW_TRACKING_URI": server.uri, **(more or {})}
        minutes = str((1.5 * away_s + 5) / 60)
        process = start(folder, *training("--minutes", minutes), more=settings)
        run = _epochs_reach(folder, process, BEFORE)
        away, during = _away(server, how, away_s, lambda: _epochs(run))
        back_s = time.monotonic()
        process.wait()
        waited_s = time.monotonic() - back_s
        check(process.returncode == 0, f"a training that goes on ({said(folder)[-800:]})")
        _check_history(server, run)
        return {
            "away_s": away,
            "epochs": _epochs(run),
            "epochs_while_away": during,
            "lost_doubled_or_out_of_order": 0,
            "seconds_from_its_return_to_the_end": waited_s,
        }


def killed_while_away(folder: Path, count: int = 12, more: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Kill a training while the server is away; repair, compare, and go on with it.

    Raises:
        Broken: If what was waiting on disk does not arrive, or the training does not end as it should.
    """
    drawn(folder)
    with tracking_server(folder) as server:
        settings = {"MLFLOW_TRACKING_URI": server.uri, **(more or {})}
        process = start(folder, *training(*epochs(count)), more=settings)
        run = _epochs_reach(folder, process, BEFORE)
        server.fail("stopped")
        wait_for(process, lambda: _epochs(run) >= 2 * BEFORE)
        check(kill(process), "a training that still runs")
        kept = _epochs(run)
        server.start()
        works(folder, "doctor", "--repair", more=settings)
        steps = _steps(server, run.name)
        check(steps in (list(range(kept)), list(range(kept - 1))), f"epochs 0 to {kept - 1} ({steps})")
        check(_client(server).get_run(run.name).info.status == "FAILED", "a run that is closed")
        works(folder, "train", "--resume", run.name, more=settings)
        _check_history(server, run)
        check(_steps(server, run.name) == list(range(count)), "every epoch once")
        check_clean(folder)
        return {"epochs": count, "epochs_at_the_kill": kept, "sent_by_repair": len(steps), "lost_or_doubled": 0}


def away_in_search(folder: Path, how: str, away_s: float, more: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Take the server away in the middle of a search.

    Raises:
        Broken: If the search stops, or a trial or metric is missing, doubled or out of order.
    """
    drawn(folder)
    trials, each = 6, 4
    space = [word for pair in ("kernel=3", "depth=3", "width=8") for word in ("--space", pair)]
    words = ["--tuner", "random", "--trials", str(trials), "--epochs", str(each), "--repeats", "0", "--bundles", "0"]
    with tracking_server(folder) as server:
        settings = {"MLFLOW_TRACKING_URI": server.uri, **(more or {})}
        process = start(folder, "tune", *trained_on(), *space, *words, "--name", "away", more=settings)
        check(wait_for(process, lambda: _results(folder) >= 1), f"a search that runs ({said(folder)[-800:]})")
        away, during = _away(server, how, away_s, lambda: _results(folder))
        back_s = time.monotonic()
        process.wait()
        waited_s = time.monotonic() - back_s
        check(process.returncode == 0, f"a search that goes on ({said(folder)[-800:]})")
        mine = _client(server)
        place = mine.get_experiment_by_name("captchalab").experiment_id
        runs = mine.search_runs([place], f"tags.`{Tag.KIND}` = '{Kind.TRIAL}'")
        check(len(runs) == trials, f"{trials} trials (received {len(runs)})")
        check({run.info.status for run in runs} == {"FINISHED"}, "trials that are finished")
        for run in runs:
            check(_steps(server, run.info.run_id) == list(range(each)), "every epoch of a trial once, in order")
        return {
            "away_s": away,
            "trials": trials,
            "trials_while_away": during,
            "lost_doubled_or_out_of_order": 0,
            "seconds_from_its_return_to_the_end": waited_s,
        }


def _away(server: TrackingServer, how: str, away_s: float, done: Callable[[], int]) -> tuple[float, int]:
    """Take the server away and bring it back; return the seconds that took, and how much was done meanwhile."""
    server.fail(how)
    before, began = done(), time.monotonic()
    time.sleep(away_s)
    during = done() - before
    server.fail("stopped")
    server.start()
    return time.monotonic() - began, during


def _epochs_reach(folder: Path, process: Any, count: int) -> Path:
    """Wait until the checkpoint of the only training holds so many epochs; return its folder."""

    def there() -> bool:
        return any(_epochs(path.parent) >= count for path in folder.glob("runs/*/plan.json"))

    check(wait_for(process, there), f"a training that runs ({said(folder)[-800:]})")
    return next(folder.glob("runs/*/plan.json")).parent


def _history(run: Path) -> list[dict[str, float]]:
    for _ in range(100):
        for state in ("last", "last.old"):
            try:
                return list(json.loads((run / state / "progress.json").read_text(encoding="utf-8"))["history"])
            except (OSError, ValueError):  # it is being replaced
                continue
        if not any((run / state).exists() for state in ("last", "last.new", "last.old")):
            return []
        time.sleep(0.01)
    return []


def _epochs(run: Path) -> int:
    return len(_history(run))


def _results(folder: Path) -> int:
    return len(list(folder.glob("runs/search-away/trials/*/result.json")))


def _check_history(server: TrackingServer, run: Path) -> None:
    """Compare every metric of every epoch with the checkpoint's."""
    mine, kept = _client(server), _history(run)
    if mine.get_run(run.name).info.status != "FINISHED":
        raise Refused(f"expected a finished run, received {mine.get_run(run.name).info.status}")
    for key in ("loss", Metric.VAL_EXACT_MATCH, Metric.VAL_LOSS, "learning_rate"):
        found = [(one.step, one.value) for one in mine.get_metric_history(run.name, key)]
        wanted = [(step, epoch[key]) for step, epoch in enumerate(kept)]
        check(found == wanted, f"{key} of each epoch once, in order")
    versions = mine.search_model_versions(f"name='{NAME}'")
    check(len(versions) == 1, f"one registered version (received {len(versions)})")


def _steps(server: TrackingServer, run_id: str) -> list[int]:
    return [one.step for one in _client(server).get_metric_history(run_id, "loss")]


def _client(server: TrackingServer) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(server.uri)
