"""The workers of a search at work: trials are handed out, deaths are borne, and what ended a worker ends the search."""

import errno
import time
from collections.abc import Callable
from typing import Any

from captcha_core.errors import CaptchaError, ModelError
from captcha_core.files import read_json
from captcha_core.tracking.provenance import handed_on
from captcha_core.training.search.trials import Chief
from captcha_core.workflows.searching.plan import FAULT, SearchPlan
from captcha_core.workflows.searching.processes import WorkerPool
from captcha_core.workflows.searching.worker import END, FAULTY, STOPPED

POLL_S = 0.2
USELESS = 3  # workers that die one after the other without having had a trial


class WorkerFault(ModelError):
    """A fault in the code that a worker met."""

    def __init__(self, sentence: str, trace: str) -> None:
        super().__init__(sentence)
        self.trace = trace


def work(plan: SearchPlan, oracle: Any, pool: WorkerPool, count: int, changed: Callable[[str], None]) -> None:
    """Let workers run the trials of an oracle until there are none.

    A worker that dies loses its trial only, and that goes to another.

    Args:
        changed: Called often, with a sentence when something happened that a user should know.

    Raises:
        ModelError: If a worker met a fault in the code, or none can start.
        CaptchaError: If one met an error that no other setting would mend.
        OSError: If one could not read or write.
    """
    for name in (FAULT, END):
        (plan.folder / name).unlink(missing_ok=True)  # of an earlier start
    with Chief(oracle, pool.host) as chief:
        shift = _Shift(plan, oracle, pool, chief, changed)
        try:
            for _ in range(count):
                shift.start()
            while shift.goes_on():
                changed("")
                time.sleep(POLL_S)
        finally:
            pool.stop()


class _Shift:
    """Workers of one call, replaced where they die."""

    def __init__(
        self, plan: SearchPlan, oracle: Any, pool: WorkerPool, chief: Chief, changed: Callable[[str], None]
    ) -> None:
        self.plan, self.oracle, self.pool, self.chief, self.changed = plan, oracle, pool, chief, changed
        self.started = 0
        self.useless = 0

    def start(self) -> None:
        self.started += 1
        tuner_id = f"worker-{self.started}"
        self.pool.start(self.plan, tuner_id, {**self.chief.variables(tuner_id), **handed_on()})

    def goes_on(self) -> bool:
        """See to the workers that have ended, and return whether there is anything left to do."""
        for tuner_id, code in self.pool.ended():
            if code in (FAULTY, STOPPED):
                raise_end(self.plan, code)
            if code != 0:
                self._replace(tuner_id, code)
        if self.oracle.fault:
            raise self.oracle.fault
        if not self.pool.busy and self.oracle.waiting:
            self.start()
        return bool(self.pool.busy or self.oracle.waiting)

    def _replace(self, tuner_id: str, code: int) -> None:
        """Start another worker in the place of one that died."""
        lost = self.oracle.lose(tuner_id)
        self.useless = 0 if lost is not None else self.useless + 1
        if self.useless >= USELESS:
            raise ModelError(
                f"expected workers that start, received the death of {self.useless} in a row; see "
                f"{self.plan.folder / f'{tuner_id}.log'}."
            )
        trial = f"trial {int(lost):04d} goes to another" if lost is not None else "it had no trial"
        self.changed(f"{tuner_id} died (exit code {code}); {trial}.")
        self.start()


def raise_end(plan: SearchPlan, code: int) -> None:
    """Raise in the search what ended a worker with this exit code."""
    if code == STOPPED:
        end = read_json(plan.folder / END) or {"errno": errno.ENOSPC, "sentence": "a worker could not write"}
        if end["errno"] is None:
            raise CaptchaError(end["sentence"])
        raise OSError(end["errno"], end["sentence"])
    path = plan.folder / FAULT
    fault = read_json(path) or {"trial": "?", "traceback": "no traceback was recorded"}
    last = fault["traceback"].strip().splitlines()[-1]
    raise WorkerFault(
        f"expected trials that run, received a fault in the code in trial {fault['trial']}: {last}; the traceback is "
        f"in {path} and in the run.",
        fault["traceback"],
    )
