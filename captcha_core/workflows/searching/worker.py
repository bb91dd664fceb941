"""A worker of a search: ``python -m captcha_core.workflows.searching.worker THREADS PARENT``.

A line on stdin names its search and its chief (``processes.py`` writes it). It ends with the process PARENT that
started it.
"""

import contextlib
import errno
import json
import os
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING

from captcha_core.errors import CaptchaError
from captcha_core.files import write_json
from captcha_core.temporary import temporary_folder

if TYPE_CHECKING:
    from captcha_core.workflows.searching.plan import SearchPlan

FAULTY, STOPPED = 3, 4  # exit codes of a worker: a fault in the code, and an error that a user can mend
END = "stopped.json"  # the error that ended a worker and that no other setting would mend


def main() -> None:
    """Prepare, take a search from stdin, and run its trials."""
    threads, parent = sys.argv[1:]
    _die_with(int(parent))
    with temporary_folder():
        code = _await_search(int(threads))
    sys.stderr.flush()
    os._exit(code)  # gRPC's and TensorFlow's threads have nothing left to say


def _await_search(threads: int) -> int:
    """Prepare, and run the search that a line on stdin names; without such a line there is none."""
    failure = None
    try:
        prepare(threads)
    except Exception as error:  # there is no log yet to write it to
        failure = error
    line = sys.stdin.readline()
    if not line:
        return 0
    order = json.loads(line)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log, stream.fileno())
    if failure is not None:
        traceback.print_exception(failure)
        return 1
    os.environ.update(order["variables"])
    return serve(order["search"], order["variables"]["KERASTUNER_TUNER_ID"])


def prepare(threads: int) -> None:
    """Import what a worker needs, which takes seconds, and keep it to its share of the processors."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["OMP_NUM_THREADS"] = str(threads)
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    import mlflow  # noqa: F401

    import captcha_core.workflows.searching.trial  # noqa: F401


def serve(name: str, tuner_id: str) -> int:
    """Run trials until the chief has none, and return the exit code."""
    from captcha_core.tracking.connect import connect
    from captcha_core.tracking.runs import open_outbox
    from captcha_core.training.search.oracles import make_oracle
    from captcha_core.training.search.trials import Fatal, Tuner
    from captcha_core.workflows.searching.plan import SearchPlan
    from captcha_core.workflows.searching.trial import TrialRunner

    connect()
    plan = SearchPlan.load(name)
    outbox = open_outbox(plan.folder / f"outbox-{tuner_id}.sqlite")
    folder = plan.folder / "workers" / tuner_id  # the chief's oracle decides, this one only knows the space
    oracle = make_oracle(plan.tuner, plan.space, plan.objective, plan.seed, plan.retries, folder, plan.trials)
    try:
        Tuner(oracle, plan.folder / "keras_tuner", TrialRunner(plan, outbox)).search()
    except Fatal as error:
        traceback.print_exc()
        return note_end(plan, error.cause)
    finally:
        outbox.close()
    return 0


def note_end(plan: "SearchPlan", error: BaseException) -> int:
    """Leave for the search what ended a worker, and return the worker's exit code."""
    if not isinstance(error, CaptchaError | OSError):
        return FAULTY
    number, sentence = None, str(error)
    if isinstance(error, OSError):
        where = f": {error.filename!r}" if error.filename else ""
        number, sentence = error.errno or errno.EIO, f"{error.strerror or error}{where}"
    with contextlib.suppress(OSError):  # the disk may be full
        write_json(plan.folder / END, {"errno": number, "sentence": sentence})
    return STOPPED


def _die_with(parent: int) -> None:
    """End as soon as the parent has; it may have ended while this module was being imported."""

    def follow() -> None:
        while os.getppid() == parent:
            time.sleep(0.2)
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


if __name__ == "__main__":
    main()
