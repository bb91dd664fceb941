"""Drawing, searching and reading on a Ray cluster of two nodes, and what a node's death changes: nothing but the time.

Both nodes are on this machine, so two of them show what is right and not how fast two machines are.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from captcha_core.tracking.names import Metric
from experiments.benchmarks.ray_nodes import RayNodes

POLL_S = 0.1
SEARCH = (
    "--network image_cnn --tuner random --space kernel=3 --space depth=[3,4] --epochs 2 --set steps_per_epoch=60 "
    "--set ema=0.9 --set validation_samples=200 --seed 1 --repeats 0 --bundles 0 --workers 2"
)


def run(
    count: int = 100_000, trials: int = 12, read: int = 20_000, train_minutes: float = 1.0, cpus: int = 1
) -> dict[str, Any]:
    """Draw, search and read on one node, on two, and on two of which one is killed in the middle.

    Args:
        count: Samples that are drawn.
        trials: Of the search.
        read: Samples that are read.
        train_minutes: Training of the model that reads them.
        cpus: Processors of each node.
    """
    with tempfile.TemporaryDirectory() as place, RayNodes(cpus) as nodes:
        folder = Path(place)
        _command(nodes, folder, f"generate --scheme digits4 --count 2000 --seed 7 --out {folder / 'small'}")
        _command(
            nodes, folder, f"generate --scheme digits4 --count {read} --seed 8 --split 0/0/1 --out {folder / 'read'}"
        )
        learning = f"train --data {folder / 'small'} --network image_cnn --name reader --minutes {train_minutes}"
        _command(nodes, folder, f"{learning} --set steps_per_epoch=60 --set validation_samples=200")
        parts: dict[str, Callable[[str], dict[str, Any]]] = {
            "generate": lambda how: _generate(nodes, folder, how, count),
            "tune": lambda how: _tune(nodes, folder, how, trials),
            "evaluate": lambda how: _evaluate(nodes, folder, how),
        }
        found = {name: {how: part(how) for how in ("one", "two", "killed")} for name, part in parts.items()}
    return {
        "suite": "cluster",
        "cores": os.cpu_count(),
        "cpus_of_a_node": cpus,
        **found,
        "same_digest": _same(found["generate"], "digest"),
        "same_trials": _same(found["tune"], "finished") and found["tune"]["killed"]["finished"] == trials,
        "same_configurations": _same(found["tune"], "configurations"),
        "same_trial_scores": _same(found["tune"], "trial_scores"),
        "same_scores": _same(found["evaluate"], "scores"),
    }


def _same(results: dict[str, dict[str, Any]], key: str) -> bool:
    return len({json.dumps(result[key], sort_keys=True) for result in results.values()}) == 1


def _generate(nodes: RayNodes, folder: Path, how: str, count: int) -> dict[str, Any]:
    out = folder / f"drawn-{how}"
    words = f"generate --scheme digits4 --count {count} --seed 1 --out {out} --cluster {nodes.address} --format json"
    shards = -(-count // 2000)
    result = _on(nodes, folder, how, words, lambda: len(list(out.glob(".writing/[0-9]*.json"))) >= max(1, shards // 3))
    return {"count": count, "digest": result["digest"], **_times(result)}


def _tune(nodes: RayNodes, folder: Path, how: str, trials: int) -> dict[str, Any]:
    data = f"--data {folder / 'small'} --name {how} --trials {trials} --cluster {nodes.address} --format json"
    state = folder / "runs" / f"search-{how}" / "oracle.json"
    result = _on(nodes, folder, how, f"tune {data} {SEARCH}", lambda: _finished(state) >= max(1, trials // 3))
    rows = result["table"]
    return {
        "trials": trials,
        "finished": sum(row["state"] == "FINISHED" for row in rows),
        "configurations": sorted(json.dumps(row["values"], sort_keys=True) for row in rows),
        "trial_scores": {str(row["trial"]): row[Metric.BEST_VAL_EXACT_MATCH] for row in rows},
        **_times(result),
    }


def _finished(state: Path) -> int:
    try:
        known = json.loads(state.read_text(encoding="utf-8"))["trials"]
    except (OSError, ValueError, KeyError):  # not there yet
        return 0
    return sum(one["status"] == "COMPLETED" for one in known.values())


def _evaluate(nodes: RayNodes, folder: Path, how: str) -> dict[str, Any]:
    began: list[float] = []
    words = f"evaluate --model models:/reader@challenger --data {folder / 'read'} --cluster {nodes.address}"

    def halfway() -> bool:  # it leaves nothing on the disk: a worker at work for a second is in the middle
        if not began and nodes.second_is_busy():
            began.append(time.monotonic())
        return bool(began) and time.monotonic() - began[0] > 1.0

    result = _on(nodes, folder, how, f"{words} --format json", halfway)
    scores = {key: value for key, value in result.items() if isinstance(value, float) and not _is_time(key)}
    return {"n": result["n"], "exact_match": result["exact_match"], "scores": scores, **_times(result)}


def _is_time(key: str) -> bool:
    return key.endswith(("_ms", "_seconds"))


def _times(result: dict[str, Any]) -> dict[str, Any]:
    return {key: result[key] for key in ("command_seconds", "processes_killed_at_work") if key in result}


def _on(nodes: RayNodes, folder: Path, how: str, words: str, halfway: Callable[[], bool]) -> dict[str, Any]:
    """Run a command on one node or two, and kill the second half-way where that is asked for."""
    if how == "one":
        nodes.remove_second()
    else:
        nodes.add_second()
    began = time.perf_counter()
    process = _start(nodes, folder, words)
    killed: dict[str, int] = {}
    while process.poll() is None and how == "killed" and not killed:
        if halfway():
            killed["processes_killed_at_work"] = nodes.kill_second()
        time.sleep(POLL_S)
    result = json.loads(_output(folder, process))
    if how == "killed" and not killed:
        raise RuntimeError(f"{words.split()[0]} was done before a node could be killed; give it more to do")
    return {**result, **killed, "command_seconds": time.perf_counter() - began}


def _command(nodes: RayNodes, folder: Path, words: str) -> None:
    _output(folder, _start(nodes, folder, words))


def _start(nodes: RayNodes, folder: Path, words: str) -> "subprocess.Popen[bytes]":
    kept = {key: value for key, value in nodes.environment.items() if key != "MLFLOW_RUN_ID"}
    environment = {**kept, "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        return subprocess.Popen(  # noqa: S603  our own command
            [sys.executable, "-m", "experiments.cli", *words.split()], cwd=folder, env=environment,
            stdin=subprocess.DEVNULL, stdout=out, stderr=err,
        )  # fmt: skip


def _output(folder: Path, process: "subprocess.Popen[bytes]") -> str:
    """Wait for a command and return what it printed.

    Raises:
        RuntimeError: If it failed.
    """
    if process.wait():
        raise RuntimeError((folder / "stderr").read_text(errors="replace", encoding="utf-8")[-2000:])
    return (folder / "stdout").read_text(encoding="utf-8")
