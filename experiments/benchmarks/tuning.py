"""Searches: the platform's own share of the time, two workers beside one, and an earlier letter network.

Each part runs the command that a user types, in a folder of its own.
"""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.benchmarks.timing import seconds_of
from experiments.tools.processes import set_words, works, works_json

DRAW = "generate --scheme digits4 --seed 7 --out data --count"
TUNE = "tune --network image_cnn --space kernel=3 --space depth=[3,4] --tuner random --seed 1 --repeats 0 --bundles 0"


def run(
    parts: Sequence[str] = ("share", "workers"), trials: int = 12, minutes: float = 0.4, data: str = "data/nthu"
) -> dict[str, Any]:
    """Measure."""
    known = {
        "share": lambda folder: share(folder, trials, minutes),
        "workers": lambda folder: workers(folder, trials),
        "letters": lambda folder: letters(folder, Path(data).resolve(), trials, minutes),
    }
    result: dict[str, Any] = {"suite": "tuning"}
    for part in parts:
        with tempfile.TemporaryDirectory() as folder:
            result[part] = known[part](Path(folder))
    return result


def share(folder: Path, trials: int, minutes: float) -> dict[str, Any]:
    """Run a search with trials of some length and say what was neither building nor fitting."""
    works(folder, *DRAW.split(), "4000")
    found = works_json(folder, *f"{TUNE} --data data --name share --minutes {minutes} --trials {trials}".split())
    fit_s = sum(one["trial_seconds"] - one["platform_seconds"] for one in found["table"] if one["state"] == "FINISHED")
    figures = {key: found[key] for key in ("trials", "seconds", "platform_share")}
    return {**figures, "trial_minutes": minutes, "fit_seconds": fit_s}


def workers(folder: Path, trials: int) -> dict[str, Any]:
    """Time the same search with one worker and with two, from the command's start to its end."""
    works(folder, *DRAW.split(), "2000")
    recipe = set_words("steps_per_epoch=60", "ema=0.9", "validation_samples=200", "epochs=2", "minutes=null")

    def search(count: int) -> None:
        words = f"{TUNE} --data data --name with-{count} --epochs 3 --trials {trials} --workers {count}"
        assert works_json(folder, *words.split(), *recipe)["trials"] == trials

    seconds = {count: seconds_of(lambda count=count: search(count)) for count in (1, 2)}  # type: ignore[misc]
    return {"trials": trials, "seconds": seconds, "ratio": seconds[1] / seconds[2], "cores": os.cpu_count()}


def letters(folder: Path, data: Path, trials: int, minutes: float) -> dict[str, Any]:
    """Search letter networks, and let an earlier project's have the same full budget."""
    budget = set_words("minutes=2", "steps_per_epoch=50")
    recipe = set_words("batch_size=32", "learning_rate=0.005", "augment=0.5")
    search = f"--network letters --minutes {minutes} --trials {trials} --name letters --registered captcha-letters"
    final = works_json(folder, "tune", "--data", str(data), *search.split(), *budget, *recipe)["final"]
    earlier = [*budget, *set_words("optimizer=adam", "learning_rate=0.001", "augment=1.0")]
    works(folder, "train", "--data", str(data), "--network", "letters_dense564", "--name", "earlier", *earlier)
    seen = works_json(folder, "evaluate", "--model", "models:/earlier@challenger", "--data", str(data))
    return {
        "search": {key: final[key] for key in ("winner", "default", "sentence")},
        "earlier": {"parameters": 18_369_006, **{key: seen[key] for key in ("exact_match", "n")}},
    }
