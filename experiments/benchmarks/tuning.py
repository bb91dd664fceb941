"""Searches: the platform's own share of the time, two workers beside one, kills, and an earlier letter network.

Each part runs the command that a user types, in a folder of its own.
"""

import json
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from captcha_core.tracking.names import Kind, Metric, Tag
from experiments.faults.commands import said, start, works
from experiments.faults.kills import Victim, check_clean, kill_again
from experiments.faults.trainings import running

SMALL = ("ema=0.9", "validation_samples=200", "epochs=2", "minutes=null")
RESUME = ("--resume", "cut", "--repeats", "0", "--bundles", "0")
STARTED = "trials of"  # the command's first line


def run(
    parts: Sequence[str] = ("share", "workers", "kills"),
    kills: int = 20,
    trials: int = 12,
    minutes: float = 0.4,
    data: str = "data/nthu",
    seed: int = 0,
) -> dict[str, Any]:
    """Measure.

    Args:
        parts: Of ``share``, ``workers``, ``kills`` and ``letters``.
        kills: SIGKILLs of each of the searches that are killed.
        trials: Of the searches that are timed.
        minutes: Of a trial in ``share`` and ``letters``.
        data: Captchas for ``letters``.
        seed: Of the moments of the kills.
    """
    known = {
        "share": lambda: share(trials, minutes),
        "workers": lambda: workers(trials),
        "kills": lambda: [killed(tuner, kills, seed) for tuner in ("random", "grid", "bayesian", "hyperband")],
        "letters": lambda: letters(Path(data), trials, minutes),
    }
    return {"suite": "tuning", **{part: known[part]() for part in parts}}


def share(trials: int, minutes: float) -> dict[str, Any]:
    """Run a search with trials of some length and say what was neither building nor fitting."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _draw(folder, 4000)
        words = ["--minutes", str(minutes), "--trials", str(trials), "--seed", "1", "--repeats", "0", "--bundles", "0"]
        found = _tune(folder, "share", words, ())
    fit_s = sum(one["trial_seconds"] - one["platform_seconds"] for one in found["table"] if one["state"] == "FINISHED")
    return {
        "trials": found["trials"],
        "trial_minutes": minutes,
        "seconds": found["seconds"],
        "fit_seconds": fit_s,
        "platform_share": found["platform_share"],
    }


def workers(trials: int) -> dict[str, Any]:
    """Time the same search with one worker and with two, from the command's start to its end."""
    seconds = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _draw(folder, 2000)
        for count in (1, 2):
            words = [
                "--epochs",
                "3",
                "--trials",
                str(trials),
                "--seed",
                "1",
                "--repeats",
                "0",
                "--bundles",
                "0",
                "--workers",
                str(count),
            ]
            began = time.perf_counter()
            found = _tune(folder, f"with-{count}", words, ("steps_per_epoch=60", *SMALL))
            seconds[count] = time.perf_counter() - began
            assert found["trials"] == trials
    return {"trials": trials, "seconds": seconds, "ratio": seconds[1] / seconds[2], "cores": os.cpu_count()}


def killed(tuner: str, kills: int, seed: int = 0, trials: int = 10) -> dict[str, Any]:
    """Kill searches at random moments, go on each time, and compare each with one that was left alone."""
    rng = random.Random(seed)
    words = [
        "--tuner",
        tuner,
        "--epochs",
        "3",
        "--trials",
        str(trials),
        "--seed",
        "1",
        "--repeats",
        "0",
        "--bundles",
        "0",
    ]
    recipe = ("steps_per_epoch=8", *SMALL)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _draw(folder, 400)
        whole = _tune(folder, "whole", words, recipe)
        trial_s = whole["seconds"] / trials

        def next_words() -> Sequence[str]:
            begun = (folder / "runs" / "search-cut" / "search.json").is_file()
            return RESUME if begun else _words("cut", words, recipe)

        def again(process: "subprocess.Popen[bytes]") -> None:
            """Compare a search that got through, and make room for another."""
            if process.returncode:
                raise RuntimeError(said(folder)[-2000:])
            through.append(_compared(folder, whole, _run(folder, RESUME)))
            (folder / "runs" / "search-cut").rename(folder / "runs" / f"search-cut-{len(through)}")

        through: list[dict[str, Any]] = []
        victim = Victim(
            lambda: start(folder, "tune", *next_words()), (0.0, 1.5 * trial_s), lambda: STARTED in said(folder),
            finished=again,
        )  # fmt: skip
        done = kill_again(victim, kills, rng).kills
        through.append(_compared(folder, whole, _run(folder, next_words())))
        check_clean(folder)
        return {
            "tuner": tuner,
            "kills": done,
            "searches": through,
            "runs_open_after_repair": running(folder),
        }


def letters(data: Path, trials: int, minutes: float) -> dict[str, Any]:
    """Search letter networks, and let an earlier project's have the same full budget."""
    with tempfile.TemporaryDirectory() as place:
        folder, where = Path(place), str(data.resolve())
        searched = ["--data", where, "--network", "letters", "--minutes", str(minutes), "--trials", str(trials)]
        recipe = ("minutes=2", "steps_per_epoch=50", "batch_size=32", "learning_rate=0.005", "augment=0.5")
        settings = [word for pair in recipe for word in ("--set", pair)]
        found = _run(folder, [*searched, *settings, "--name", "letters", "--registered", "captcha-letters"])
        final = found["final"]
        earlier = ["--network", "letters_dense564", "--set", "optimizer=adam", "--set", "learning_rate=0.001"]
        _command(
            folder, ["train", "--data", where, *settings[:4], *earlier, "--set", "augment=1.0", "--name", "earlier"]
        )
        seen = _command(
            folder, ["evaluate", "--model", "models:/earlier@challenger", "--data", where, "--format", "json"]
        )
        return {
            "search": {key: final[key] for key in ("winner", "default", "sentence")},
            "earlier": {"parameters": 18_369_006, **{key: seen[key] for key in ("exact_match", "n")}},
        }


def _compared(folder: Path, whole: dict[str, Any], cut: dict[str, Any]) -> dict[str, Any]:
    from mlflow import MlflowClient

    state = json.loads((folder / "runs" / "search-cut" / "oracle.json").read_text(encoding="utf-8"))["trials"]
    mine = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    place = mine.get_experiment_by_name("captchalab")
    runs = mine.search_runs(
        [place.experiment_id if place else ""],
        f"tags.`{Tag.KIND}` = '{Kind.TRIAL}' and tags.`{Tag.PARENT}` = '{cut['run_id']}'",
    )
    histories = {run.info.run_id: mine.get_metric_history(run.info.run_id, "loss") for run in runs}
    steps = [[one.step for one in history] for history in histories.values()]
    return {
        "trials_keras_tuner": len(state),
        "finished_keras_tuner": sum(one["status"] == "COMPLETED" for one in state.values()),
        "children_mlflow": len(runs),
        "finished_mlflow": sum(run.info.status == "FINISHED" for run in runs),
        "trials_mlflow": len({run.data.tags[Tag.TRIAL] for run in runs}),
        "epochs_lost_or_doubled": sum(sorted(one) != list(range(min(one), max(one) + 1)) for one in steps if one),
        "same_configurations": [one["values"] for one in whole["table"]] == [one["values"] for one in cut["table"]],
        "same_best": whole["best"] == cut["best"],
        "same_scores": sum(
            one[Metric.BEST_VAL_EXACT_MATCH] == other[Metric.BEST_VAL_EXACT_MATCH]
            for one, other in zip(whole["table"], cut["table"], strict=True)
        ),
        "best": whole["best"],
    }


def _draw(folder: Path, count: int) -> None:
    from captcha_core.dataset.generate import GenerationRequest, write_drawn
    from captcha_core.sources.schemes import get_scheme

    write_drawn(folder / "data", GenerationRequest(get_scheme("digits4"), count, 7))


def _words(name: str, words: Sequence[str], recipe: Sequence[str]) -> list[str]:
    tuner = [] if "--tuner" in words else ["--tuner", "random"]
    network = ["--data", "data", "--network", "image_cnn", "--space", "kernel=3", "--space", "depth=[3,4]"]
    settings = [word for pair in recipe for word in ("--set", pair)]
    return [*network, *tuner, *words, *settings, "--name", name]


def _tune(folder: Path, name: str, words: Sequence[str], recipe: Sequence[str]) -> dict[str, Any]:
    return _run(folder, _words(name, words, recipe))


def _run(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    return _command(folder, ["tune", *words, "--format", "json"])


def _command(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    printed = works(folder, *words)
    return json.loads(printed) if "json" in words else {}
