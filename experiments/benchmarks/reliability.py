"""Promises under kills, without the tracking server, without room, and on databases with many writers.

Each part runs the commands that a user types, in a folder of its own, and fails where a promise does not hold.
"""

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from captcha_core.progress.console import console

PARTS = ("kills", "away", "short", "databases")
VICTIMS = ("generate", "import", "train", "tune", "promote", "label", "serve")
AWAY = ("stopped", "error", "hang", "full", "killed")
DATABASES = ("sqlite", "postgresql", "move")


def run(
    parts: Sequence[str] = PARTS,
    victims: Sequence[str] = VICTIMS,
    kills: int = 5,
    tuners: Sequence[str] = ("random",),
    faults: Sequence[str] = AWAY,
    away_s: float = 60.0,
    databases: Sequence[str] = DATABASES,
    metrics: int = 200,
    seed: int = 0,
) -> dict[str, Any]:
    """Put the commands to the test.

    Args:
        parts: Of ``kills``, ``away``, ``short`` (no room, little memory) and ``databases``.
        victims: What ``kills`` kills.
        kills: SIGKILLs of each.
        tuners: Searches that are killed.
        faults: What ``away`` does to the tracking server; ``killed`` also kills the training meanwhile.
        away_s: For how long.
        databases: What ``databases`` tries.
        metrics: Steps that each of its writers logs.
        seed: Of the moments of the kills.
    """
    known: dict[str, Callable[[], Any]] = {
        "kills": lambda: {victim: _timed(victim, partial(killed, victim, kills, tuners, seed)) for victim in victims},
        "away": lambda: _away(faults, away_s),
        "short": _short,
        "databases": lambda: _databases(databases, metrics),
    }
    return {"suite": "reliability", **{part: known[part]() for part in parts}}


def killed(victim: str, kills: int, tuners: Sequence[str] = ("random",), seed: int = 0) -> Any:
    """Kill one of :data:`VICTIMS` so often, and return what was counted.

    Raises:
        CaptchaError: If something was lost, doubled or left over.
    """
    from experiments.benchmarks.tuning import killed as killed_search
    from experiments.benchmarks.writing import kill_and_continue
    from experiments.faults.imports import killed_import
    from experiments.faults.labels import killed_labels
    from experiments.faults.trainings import killed_training

    if victim == "tune":
        return [killed_search(tuner, kills, seed) for tuner in tuners]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if victim == "generate":
            return kill_and_continue(folder, 50_000, kills, seed)
        if victim in ("promote", "serve"):
            return _with_versions(folder, victim, kills, seed)
        simple = {"import": killed_import, "train": killed_training, "label": killed_labels}
        return simple[victim](folder, kills, seed)


def _with_versions(folder: Path, victim: str, kills: int, seed: int) -> Any:
    """Train two versions first: they are promoted and served."""
    from captcha_core.dataset.store import Dataset
    from experiments.faults.commands import works, works_json
    from experiments.faults.material import DATA, NAME, drawn, epochs, training
    from experiments.faults.promotions import killed_promotion
    from experiments.faults.servers import killed_server

    drawn(folder)
    for _ in range(2 if victim == "promote" else 1):
        works(folder, *training(*epochs(1)))
    if victim == "promote":
        return killed_promotion(folder, NAME, ["1", "2"], kills, seed)
    works(folder, "promote", "--name", NAME)
    media = Dataset.open(folder / DATA).media("test")[0]
    (folder / "one.png").write_bytes(media)
    model = f"models:/{NAME}@champion"
    text = works_json(folder, "solve", "one.png", "--model", model)["text"]
    return killed_server(folder, model, media, text, kills, seed)


def _away(faults: Sequence[str], away_s: float) -> dict[str, Any]:
    from experiments.faults.away import away_in_search, away_in_training, killed_while_away

    result: dict[str, Any] = {}
    for fault in faults:
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            if fault == "killed":
                result[fault] = _timed("killed while away", partial(killed_while_away, Path(one)))
                continue
            result[fault] = {
                "training": _timed(f"{fault}, training", partial(away_in_training, Path(one), fault, away_s)),
                "search": _timed(f"{fault}, search", partial(away_in_search, Path(other), fault, away_s)),
            }
    return result


def _short() -> dict[str, Any]:
    """Let generate, import, export and train run out of room at several points, and begin with too little memory."""
    from experiments.faults.commands import works
    from experiments.faults.material import DATA, NAME, drawn, epochs, training
    from experiments.faults.short import can_mount, short_of

    disks = can_mount()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        drawn(folder)
        works(folder, "export-data", DATA, "--format", "folder", "--out", "files")
        generate = ("generate", "--scheme", "digits4", "--count", "3000", "--out", "data/short")
        rows = short_of(folder, (40, 1000, 4000) if disks else (), (150, 400, 1000), *generate)
        rows += short_of(folder, (40, 500, 1000) if disks else (), (150, 400), "import", "files", "--out", "data/short")
        train = training(*epochs(3))
        rows += short_of(folder, (100, 600, 1200, 1600, 2000, 2400) if disks else (), (800, 2000, 3500), *train)
        export = ("export", "--model", f"models:/{NAME}/1", "--format", "onnx", "--out", "model.onnx")
        works(folder, *train)
        rows += short_of(folder, (20, 100, 200) if disks else (), (800, 2000), *export)
    return {"small_file_systems": disks, "rows": rows}


def _databases(databases: Sequence[str], metrics: int) -> dict[str, Any]:
    from experiments.faults.databases import many_writers, moved, postgresql

    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if "sqlite" in databases:
            result["sqlite"] = many_writers(f"sqlite:///{folder}/many.db", folder, 4, metrics)
        if "postgresql" in databases:
            with postgresql() as uri:
                result["postgresql"] = many_writers(uri, folder, 8, metrics)
        if "move" in databases:
            result["move"] = moved(folder)
    return result


def _timed(what: str, work: Callable[[], Any]) -> dict[str, Any]:
    """Say what came of one part as soon as it is known: all of them take hours, and a later one may fail."""
    began = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - began
    console.print(f"{what}: {json.dumps(result, default=str)}, {seconds:.0f} s", markup=False)
    return {"seconds": seconds, "result": result}
