"""A Ray cluster: what is read on it, and how it is reached."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from captcha_core.cluster import ray_environment
from captcha_core.dataset import workers
from captcha_core.dataset.in_memory import write_samples
from captcha_core.errors import DataError
from captcha_core.solver import Solver
from captcha_core.workflows.data import labelled
from captcha_core.workflows.evaluate import read_all, read_on_cluster
from captcha_core.workflows.searching.processes import RayTasks
from tests.conftest import tiny_samples


def backwards(task: Callable[[int], Any], numbers: Iterable[int], **_: object) -> Iterator[Any]:
    """Finish the last shard first."""
    return map(task, reversed(list(numbers)))


def test_a_cluster_reads_what_one_machine_reads(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solver = Solver.load(str(tiny_bundle))
    dataset = write_samples(tmp_path / "data", solver.spec, tiny_samples(40), "test", "0/0/1")
    monkeypatch.setattr(workers, "run", backwards)
    there, here = read_on_cluster(solver, dataset, "test", "any"), read_all(solver, labelled(dataset, "test"))
    assert there.exact_match == here.exact_match and here.exact_match.n == 40
    assert (there.read, there.truth, there.confidences) == (here.read, here.truth, here.confidences)


def test_nothing_to_read_is_told_before_the_cluster_is_asked(tiny_bundle: Path, tmp_path: Path) -> None:
    solver = Solver.load(str(tiny_bundle))
    dataset = write_samples(tmp_path / "data", solver.spec, tiny_samples(10), "test", "1/0/0")
    with pytest.raises(DataError, match="expected labelled samples in the test split"):
        read_on_cluster(solver, dataset, "test", "127.0.0.1:1")


@pytest.mark.parametrize(("cpus", "count", "share"), [([1, 1], 1, 1), ([8, 2], 2, 4), ([4, 4], 8, 1), ([4, 4], 1, 4)])
def test_a_worker_asks_for_no_more_than_a_machine_has(
    monkeypatch: pytest.MonkeyPatch, cpus: list[int], count: int, share: int
) -> None:
    nodes = [{"Alive": True, "Resources": {"CPU": float(one)}} for one in cpus]
    nodes.append({"Alive": False, "Resources": {"CPU": 64.0}})
    util = SimpleNamespace(get_node_ip_address=lambda: "10.0.0.1")
    ray = SimpleNamespace(nodes=lambda: nodes, util=util, shutdown=lambda: None)
    monkeypatch.setattr("captcha_core.cluster.connect_ray", lambda address: (ray, True))
    pool = RayTasks(count, "any")
    assert (pool.share, pool.host) == (share, "10.0.0.1")
    pool.stop()


def test_a_token_is_shown_to_a_cluster_that_may_ask_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    assert ray_environment("127.0.0.1:6379").get("RAY_AUTH_MODE") is None
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("0" * 64, encoding="utf-8")
    assert ray_environment("127.0.0.1:6379")["RAY_AUTH_MODE"] == "token"
    assert ray_environment("local").get("RAY_AUTH_MODE") is None
