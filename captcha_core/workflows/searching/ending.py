"""What ends a worker of a search, and how the search hears of it."""

import contextlib
import errno

from captcha_core.errors import CaptchaError, ModelError
from captcha_core.files import read_json, write_json
from captcha_core.workflows.searching.plan import SearchPlan
from captcha_core.workflows.searching.trial import FAULT

FAULTY, STOPPED = 3, 4  # exit codes of a worker: a fault in the code, and what a user can see to
END = "stopped.json"  # what a worker met that no other setting would mend


class WorkerFault(ModelError):
    """A fault in the code that a worker met."""

    def __init__(self, sentence: str, trace: str) -> None:
        super().__init__(sentence)
        self.trace = trace


def note_end(plan: SearchPlan, error: BaseException) -> int:
    """Leave for the search what ended a worker, and return the worker's exit code."""
    if not isinstance(error, CaptchaError | OSError):
        return FAULTY
    number, sentence = None, str(error)
    if isinstance(error, OSError):
        where = f": {error.filename!r}" if error.filename else ""
        number, sentence = error.errno or errno.EIO, f"{error.strerror or error}{where}"
    with contextlib.suppress(OSError):  # of all things there may be no room for it
        write_json(plan.folder / END, {"errno": number, "sentence": sentence})
    return STOPPED


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
