"""Where the workers of a search run: processes of this machine, or tasks of a Ray cluster. Nothing here needs Keras."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from captcha_core.workflows.searching.plan import SearchPlan

ROOT = Path(__file__).parent.parent.parent.parent
WORKER = "captcha_core.workflows.searching.worker"
FORWARDED = ("MLFLOW_", "CAPTCHALAB_", "KERAS_BACKEND", "TF_", "PYTHONPATH")  # variables that tasks of a cluster get


class Processes:
    """Workers as processes of this machine, each with its share of the threads; all end with the block.

    They are opened before there is a search: importing the libraries takes them as long as it takes the command itself.
    """

    host = "127.0.0.1"

    def __init__(self, count: int) -> None:
        self.threads = max(1, (os.cpu_count() or 1) // count)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.waiting = [self._open() for _ in range(count)]

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, plan: "SearchPlan", tuner_id: str, variables: Mapping[str, str]) -> None:
        """Give a waiting process its search, on a line of its stdin."""
        log = plan.folder / f"{tuner_id}.log"
        log.open("ab").close()  # a worker that cannot has nowhere to say so
        process = self.waiting.pop() if self.waiting else self._open()
        self.running[tuner_id] = process
        order = {"search": plan.name, "log": str(log), "variables": dict(variables)}
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has died already, which its exit code says
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.close()

    def ended(self) -> list[tuple[str, int]]:
        """Return the workers that ended since the last call, with their exit codes."""
        found = [(tuner_id, code) for tuner_id, one in self.running.items() if (code := one.poll()) is not None]
        for tuner_id, _ in found:
            del self.running[tuner_id]
        return found

    @property
    def busy(self) -> int:
        """Workers that run."""
        return len(self.running)

    def stop(self) -> None:
        """Kill all processes, with a search or without, and wait for their end."""
        every = [*self.running.values(), *self.waiting]
        for one in every:
            one.kill()
        for one in every:
            one.communicate()
        self.running.clear()
        self.waiting.clear()

    def _open(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603  our own module
            [sys.executable, "-m", WORKER, str(self.threads), str(os.getpid())],
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # once it has a search it writes to the log there
            start_new_session=True,  # Ctrl-C is the parent's to handle
        )


class RayTasks:
    """Workers as tasks of a Ray cluster, which must see this folder under the same path."""

    def __init__(self, count: int, address: str) -> None:
        from captcha_core.cluster import connect_ray, ray_aside

        self.ray, _ = connect_ray(address)
        self._aside = contextlib.ExitStack()
        self._aside.enter_context(ray_aside())
        cores = [int(node["Resources"].get("CPU", 0)) for node in self.ray.nodes() if node["Alive"]]
        fitting = [
            share for share in range(1, max(cores, default=1) + 1) if sum(one // share for one in cores) >= count
        ]
        self.share = max(fitting, default=1)  # a task runs on one machine: more than it has would wait for ever
        self.host = self.ray.util.get_node_ip_address()
        self.running: dict[Any, str] = {}

    def start(self, plan: "SearchPlan", tuner_id: str, variables: Mapping[str, str]) -> None:
        """Start a task with its share of the processors."""
        own = {key: value for key, value in _environment().items() if key.startswith(FORWARDED)}
        remote = self.ray.remote(num_cpus=self.share, max_retries=0, max_calls=1)(_on_ray)
        task = remote.options(runtime_env={"env_vars": own | dict(variables)})
        reference = task.remote(str(Path.cwd()), plan.name, tuner_id, self.share)
        self.running[reference] = tuner_id

    def ended(self) -> list[tuple[str, int]]:
        """Return the tasks that ended since the last call, with their exit codes."""
        if not self.running:
            return []
        done, _ = self.ray.wait(list(self.running), num_returns=len(self.running), timeout=0)
        return [(self.running.pop(reference), self._code(reference)) for reference in done]

    def _code(self, reference: Any) -> int:
        try:
            return int(self.ray.get(reference))
        except self.ray.exceptions.RayError:
            return -9

    @property
    def busy(self) -> int:
        """Tasks that run."""
        return len(self.running)

    def stop(self) -> None:
        """Cancel all tasks and leave the cluster."""
        for reference in self.running:
            self.ray.cancel(reference, force=True)
        self.running.clear()
        self.ray.shutdown()
        self._aside.close()


WorkerPool = Processes | RayTasks


def _environment() -> dict[str, str]:
    """Return the variables of a worker: our modules are found, and the run that we were handed stays ours."""
    kept = {key: value for key, value in os.environ.items() if key != "MLFLOW_RUN_ID"}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH", "")]))}


def _on_ray(folder: str, name: str, tuner_id: str, threads: int) -> int:
    os.chdir(folder)
    from captcha_core.workflows.searching.worker import prepare, serve

    prepare(threads)
    return serve(name, tuner_id)
