"""Workers of a search: who asks the chief for trials. :class:`Processes` of this machine, or tasks of a Ray cluster."""

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from captcha_core.cluster import connect_ray, ray_aside
from captcha_core.errors import ModelError
from captcha_core.training.search.chief import Chief
from captcha_core.workflows.searching.ending import END, FAULTY, STOPPED, raise_end
from captcha_core.workflows.searching.plan import SearchPlan
from captcha_core.workflows.searching.processes import environment
from captcha_core.workflows.searching.trial import FAULT

POLL_S = 0.2
USELESS = 3  # workers that die one after the other without having had a trial


class WorkerPool(Protocol):
    """Somewhere workers run."""

    host: str

    def start(self, plan: SearchPlan, tuner_id: str, variables: Mapping[str, str]) -> None: ...

    def ended(self) -> list[tuple[str, int]]:
        """Return the workers that ended since the last call, with their exit codes."""
        ...

    @property
    def busy(self) -> int: ...

    def stop(self) -> None: ...


class RayTasks:
    """Workers as tasks of a Ray cluster, which must see this folder under the same path."""

    def __init__(self, count: int, address: str) -> None:
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

    def start(self, plan: SearchPlan, tuner_id: str, variables: Mapping[str, str]) -> None:
        kept = ("MLFLOW_", "CAPTCHALAB_", "KERAS_BACKEND", "TF_", "PYTHONPATH")
        own = {key: value for key, value in environment().items() if key.startswith(kept)}
        remote = self.ray.remote(num_cpus=self.share, max_retries=0, max_calls=1)(_on_ray)
        task = remote.options(runtime_env={"env_vars": own | dict(variables)})
        reference = task.remote(str(Path.cwd()), plan.name, tuner_id, self.share)
        self.running[reference] = tuner_id

    def ended(self) -> list[tuple[str, int]]:
        found = []
        done, _ = (
            self.ray.wait(list(self.running), num_returns=len(self.running), timeout=0) if self.running else ([], [])
        )
        for reference in done:
            try:
                code = int(self.ray.get(reference))
            except self.ray.exceptions.RayError:
                code = -9
            found.append((self.running.pop(reference), code))
        return found

    @property
    def busy(self) -> int:
        return len(self.running)

    def stop(self) -> None:
        for reference in self.running:
            self.ray.cancel(reference, force=True)
        self.running.clear()
        self.ray.shutdown()
        self._aside.close()


def work(plan: SearchPlan, oracle: Any, pool: WorkerPool, count: int, changed: Callable[[str], None]) -> None:
    """Let workers run the trials of an oracle until there are none.

    A worker that dies loses its trial only, and that goes to another.

    Args:
        plan: The search.
        oracle: What hands out trials.
        pool: Starts the workers.
        count: How many at a time.
        changed: Called often, with a sentence when something happened that a user should know.

    Raises:
        ModelError: If a worker met a fault in the code, or none can start.
        CaptchaError: If one met what no other setting would mend.
        OSError: If one could not read or write.
    """
    for name in (FAULT, END):
        (plan.folder / name).unlink(missing_ok=True)  # of an earlier start
    names = iter(f"worker-{number}" for number in range(1, 10**6))
    useless = 0
    with Chief(oracle, pool.host) as chief:

        def start(tuner_id: str) -> None:
            pool.start(plan, tuner_id, chief.variables(tuner_id))

        try:
            for _ in range(count):
                start(next(names))
            while True:
                for tuner_id, code in pool.ended():
                    if code in (FAULTY, STOPPED):
                        raise_end(plan, code)
                    if code == 0:
                        continue
                    lost = oracle.lose(tuner_id)
                    useless = 0 if lost is not None else useless + 1
                    if useless >= USELESS:
                        raise ModelError(
                            f"expected workers that start, received the death of {useless} in a row; see "
                            f"{plan.folder / f'{tuner_id}.log'}."
                        )
                    what = f"trial {int(lost):04d} goes to another" if lost is not None else "it had no trial"
                    changed(f"{tuner_id} died (exit code {code}); {what}.")
                    start(next(names))
                if oracle.fault:
                    raise oracle.fault
                if not pool.busy:
                    if not oracle.waiting:
                        break
                    start(next(names))
                changed("")
                time.sleep(POLL_S)
        finally:
            pool.stop()


def _on_ray(folder: str, name: str, tuner_id: str, threads: int) -> int:
    os.chdir(folder)
    from captcha_core.workflows.searching.worker import prepare, serve

    prepare(threads)
    return serve(name, tuner_id)
