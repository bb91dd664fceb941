"""Drawing, searching and reading on a Ray cluster of two nodes, and what a node's death changes: nothing but the time.

Both nodes are on this machine, so two of them show what is right and not how fast two machines are. SAMPLES, TRIALS,
READ and MINUTES set how much there is to do; the figures are printed.
"""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from captcha_core.tracking.names import Metric
from experiments.tools.processes import STDOUT, CommandFailed, start, stderr_of, wait_for, works
from tests.rigs.ray_nodes import RayNodes

POLL_S = 0.1
HOW = ("one", "two", "killed")  # nodes; of two the second is killed in the middle
SAMPLES, READ = int(os.environ.get("SAMPLES", "12000")), int(os.environ.get("READ", "8000"))
TRIALS, MINUTES = int(os.environ.get("TRIALS", "3")), os.environ.get("MINUTES", "0.3")
SEARCH = (
    "--network image_cnn --tuner random --space kernel=3 --space depth=[3,4] --epochs 2 --set steps_per_epoch=60 "
    "--set ema=0.9 --set validation_samples=200 --seed 1 --repeats 0 --bundles 0 --workers 2"
)


@pytest.mark.long
def test_a_nodes_death_changes_nothing_but_the_time(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    with RayNodes() as nodes:
        small = tmp_path / "small"  # whole paths: the nodes have working folders of their own
        for words in (
            f"generate --scheme digits4 --count 2000 --seed 7 --out {small}",
            f"generate --scheme digits4 --count {READ} --seed 8 --split 0/0/1 --out {tmp_path / 'read'}",
            f"train --data {small} --network image_cnn --name reader --minutes {MINUTES} "
            "--set steps_per_epoch=60 --set validation_samples=200",
        ):
            works(tmp_path, *words.split())
        found = {part.__name__: {how: part(nodes, tmp_path, how) for how in HOW} for part in (draw, tune, evaluate)}
    print(f"\n{json.dumps(found, indent=2)}")
    for part, key in (("draw", "digest"), ("tune", "configurations"), ("tune", "scores"), ("evaluate", "scores")):
        assert found[part]["one"][key] == found[part]["two"][key] == found[part]["killed"][key], (part, key)
    assert [found["tune"][how]["finished"] for how in HOW] == [TRIALS] * len(HOW)
    assert all(part["killed"]["processes_killed_at_work"] for part in found.values())


def draw(nodes: RayNodes, folder: Path, how: str) -> dict[str, Any]:
    out, shards = folder / f"drawn-{how}", -(-SAMPLES // 2000)
    words = f"generate --scheme digits4 --count {SAMPLES} --seed 1 --out {out}"
    result = on(nodes, folder, how, words, lambda: len(list(out.glob(".writing/[0-9]*.json"))) >= max(1, shards // 3))
    return {"digest": result["digest"], **times(result)}


def tune(nodes: RayNodes, folder: Path, how: str) -> dict[str, Any]:
    state = folder / "runs" / f"search-{how}" / "oracle.json"
    words = f"tune --data {folder / 'small'} --name {how} --trials {TRIALS} {SEARCH}"
    result = on(nodes, folder, how, words, lambda: finished(state) >= max(1, TRIALS // 3))
    rows = result["table"]
    return {
        "finished": sum(row["state"] == "FINISHED" for row in rows),
        "configurations": sorted(json.dumps(row["values"], sort_keys=True) for row in rows),
        "scores": {str(row["trial"]): row[Metric.BEST_VAL_EXACT_MATCH] for row in rows},
        **times(result),
    }


def finished(state: Path) -> int:
    try:
        known = json.loads(state.read_text(encoding="utf-8"))["trials"]
    except (OSError, ValueError, KeyError):  # not there yet
        return 0
    return sum(one["status"] == "COMPLETED" for one in known.values())


def evaluate(nodes: RayNodes, folder: Path, how: str) -> dict[str, Any]:
    began: list[float] = []

    def halfway() -> bool:  # it leaves nothing on the disk: a worker at work for a second is in the middle
        if not began and nodes.second_is_busy():
            began.append(time.monotonic())
        return bool(began) and time.monotonic() - began[0] > 1.0

    result = on(nodes, folder, how, f"evaluate --model models:/reader@challenger --data {folder / 'read'}", halfway)
    measured = ("_ms", "_seconds")
    scores = {key: one for key, one in result.items() if isinstance(one, float) and not key.endswith(measured)}
    return {"n": result["n"], "exact_match": result["exact_match"], "scores": scores, **times(result)}


def times(result: dict[str, Any]) -> dict[str, Any]:
    return {key: result[key] for key in ("command_seconds", "processes_killed_at_work") if key in result}


def on(nodes: RayNodes, folder: Path, how: str, words: str, halfway: Callable[[], bool]) -> dict[str, Any]:
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
