"""Drawing, searching and reading on a Ray cluster of two nodes, and what a node's death changes: nothing but the time.

Both nodes are on this machine, so two of them show what is right and not how fast two machines are.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from captcha_core.tracking.names import Metric
from experiments.benchmarks.ray_nodes import RayNodes
from experiments.tools.processes import STDOUT, CommandFailed, start, stderr_of, wait_for, works

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
        small = folder / "small"  # whole paths: the nodes have working folders of their own
        for words in (
            f"generate --scheme digits4 --count 2000 --seed 7 --out {small}",
            f"generate --scheme digits4 --count {read} --seed 8 --split 0/0/1 --out {folder / 'read'}",
            f"train --data {small} --network image_cnn --name reader --minutes {train_minutes} "
            "--set steps_per_epoch=60 --set validation_samples=200",
        ):
            works(folder, *words.split())
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
    out, shards = folder / f"drawn-{how}", -(-count // 2000)
    words = f"generate --scheme digits4 --count {count} --seed 1 --out {out}"
    result = _on(nodes, folder, how, words, lambda: len(list(out.glob(".writing/[0-9]*.json"))) >= max(1, shards // 3))
    return {"count": count, "digest": result["digest"], **_times(result)}


def _tune(nodes: RayNodes, folder: Path, how: str, trials: int) -> dict[str, Any]:
    state = folder / "runs" / f"search-{how}" / "oracle.json"
    words = f"tune --data {folder / 'small'} --name {how} --trials {trials} {SEARCH}"
    result = _on(nodes, folder, how, words, lambda: _finished(state) >= max(1, trials // 3))
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

    def halfway() -> bool:  # it leaves nothing on the disk: a worker at work for a second is in the middle
        if not began and nodes.second_is_busy():
            began.append(time.monotonic())
        return bool(began) and time.monotonic() - began[0] > 1.0

    result = _on(nodes, folder, how, f"evaluate --model models:/reader@challenger --data {folder / 'read'}", halfway)
    times = ("_ms", "_seconds")
    scores = {key: value for key, value in result.items() if isinstance(value, float) and not key.endswith(times)}
    return {"n": result["n"], "exact_match": result["exact_match"], "scores": scores, **_times(result)}


def _times(result: dict[str, Any]) -> dict[str, Any]:
    return {key: result[key] for key in ("command_seconds", "processes_killed_at_work") if key in result}


def _on(nodes: RayNodes, folder: Path, how: str, words: str, halfway: Callable[[], bool]) -> dict[str, Any]:
    """Run a command on one node or two, and kill the second half-way where that is asked for.

    Raises:
        CommandFailed: If the command fails, or is done before a node could be killed.
    """
    nodes.remove_second() if how == "one" else nodes.add_second()
    result: dict[str, Any] = {}
    began = time.perf_counter()
    cluster = ("--cluster", nodes.address, "--format", "json")
    process = start(folder, *words.split(), *cluster, more=nodes.variables)
    if how == "killed":
        if not wait_for(process, halfway, POLL_S):
            raise CommandFailed(f"expected {words.split()[0]} to run when a node is killed, received its end")
        result["processes_killed_at_work"] = nodes.kill_second()
    if process.wait():
        raise CommandFailed(stderr_of(folder)[-2000:])
    result["command_seconds"] = time.perf_counter() - began
    return {**json.loads((folder / STDOUT).read_text(encoding="utf-8")), **result}
