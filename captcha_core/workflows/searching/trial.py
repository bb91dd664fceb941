"""One trial: build, train, measure and log; a trial that was interrupted goes on where it stood."""

import contextlib
import gc
import math
import shutil
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras

from captcha_core.errors import CaptchaError, ModelError, SpecError
from captcha_core.files import locked, read_json, write_json
from captcha_core.tracking.callback import LogEpochs
from captcha_core.tracking.names import Tag
from captcha_core.tracking.outbox import LaterRun, Outbox
from captcha_core.training.callbacks import LossNotFinite
from captcha_core.training.checkpoint import Checkpoint, DamagedCheckpoint
from captcha_core.training.config import TrainingTask
from captcha_core.training.fit import Trained, train
from captcha_core.training.search.keras_tuner import Trial
from captcha_core.training.search.oracles import ROUNDS, hyperband_part, values_of
from captcha_core.training.search.trials import SettingFailed, TransientFailure
from captcha_core.workflows.data import Cache
from captcha_core.workflows.logged_training import log_inputs, log_missed
from captcha_core.workflows.searching.cost import Cost, cost_of
from captcha_core.workflows.searching.plan import FAILURE, FAULT, RESULT, SearchPlan
from captcha_core.workflows.searching.runs import begin_trial, report_trial

LOCK_S = 60.0  # a worker of a search that was killed is gone long before


class TrialRunner:
    """Runs the trials of a search in this process."""

    def __init__(self, plan: SearchPlan, outbox: Outbox) -> None:
        self.plan, self.outbox = plan, outbox
        self.cache: Cache = {}
        gc.freeze()  # what the libraries hold stays: without this every export spends 0.6 s on looking through it

    def __call__(self, trial: Trial) -> dict[str, float]:
        """Run a trial, or return the metrics that it has left if it is done.

        Raises:
            SettingFailed: If its setting cannot work.
            TransientFailure: If its loss ran away or memory was short.
            ModelError: If another process runs it.
        """
        began = time.perf_counter()
        folder = self.plan.trial_folder(trial.trial_id)
        with locked(folder, self._refusal(folder), LOCK_S):
            run = begin_trial(self.plan, self.outbox, trial.trial_id)
            with self._reporting(run, folder):
                result = read_json(folder / RESULT)
                if result is None:
                    with self._transient_failures(folder):
                        result = self._run_or_begin_anew(trial, folder, run, began)
            report_trial(run, result)
        keras.utils.clear_session(free_memory=False)
        metrics: dict[str, float] = result["metrics"]
        return {self.plan.objective.metric: metrics[f"best_{self.plan.objective.metric}"], **metrics}

    def _run_or_begin_anew(self, trial: Trial, folder: Path, run: LaterRun, began: float) -> dict[str, Any]:
        try:
            return self._run(trial, folder, run, began)
        except DamagedCheckpoint:
            _forget(folder)
            return self._run(trial, folder, run, began)

    def _run(self, trial: Trial, folder: Path, run: LaterRun, began: float) -> dict[str, Any]:
        plan = self.plan
        values = values_of(plan.space, trial.hyperparameters)
        configuration = plan.space.configuration(values)
        past, first, last = hyperband_part(trial.hyperparameters) or (None, 0, ROUNDS)
        attempt = _attempt(folder)
        run.params({"space": values})
        task = plan.task(configuration, _part(plan.budget, (last - first) / ROUNDS), attempt)
        building = time.perf_counter()
        cost = _cost(task, plan)
        own = replace(plan.base, task=task)
        training_data = own.training_data(self.cache)
        log_inputs(run, own, training_data)
        checkpoint = Checkpoint(folder / "checkpoint")
        from_epoch = _take_over(plan, past, folder) if past is not None else 0
        log_missed(run, checkpoint, plan.folder.glob("outbox-*.sqlite"), from_epoch)
        fitting = time.perf_counter()
        trained = train(
            task,
            training_data.batches,
            training_data.validation,
            checkpoint,
            [LogEpochs(run)],
            extend=not _finished(checkpoint, from_epoch),
        )
        ended = time.perf_counter()
        fit_s = ended - fitting - checkpoint.write_s
        seconds = {"fit_seconds": fit_s, "trial_seconds": ended - began, "prepare_seconds": fitting - building}
        seconds["platform_seconds"] = ended - began - fit_s
        metrics = {**_figures(plan, trained), **asdict(cost), **seconds}
        result = {"metrics": metrics, "at_ms": int(time.time() * 1000)}
        write_json(folder / RESULT, result)
        return result

    def _refusal(self, folder: Path) -> str:
        return (
            f"expected that nobody runs trial {folder.name}, received another process that holds it for over "
            f"{LOCK_S:.0f} s, a worker of an earlier start; end that and go on with captchalab tune --resume "
            f"{self.plan.name}."
        )

    @contextlib.contextmanager
    def _transient_failures(self, folder: Path) -> Iterator[None]:
        """Turn a loss that ran away and a lack of memory, wherever they come up, into a failure that may pass."""
        try:
            yield
        except Exception as error:
            short = type(error).__name__ == "ResourceExhaustedError"  # TensorFlow's own word for a lack of memory
            if not (short or isinstance(error, LossNotFinite | MemoryError)):
                raise
            write_json(folder / "attempt.json", {"attempt": _attempt(folder) + 1})
            _forget(folder)
            raise TransientFailure(_sentence(error)) from error

    @contextlib.contextmanager
    def _reporting(self, run: LaterRun, folder: Path) -> Iterator[None]:
        """End the run of a trial that does not finish, with the reason."""
        try:
            yield
        except KeyboardInterrupt:
            run.end("KILLED", "the search was stopped; resume it to go on")
            raise
        except (TransientFailure, SettingFailed, SpecError, ModelError) as error:
            write_json(folder / FAILURE, {"reason": str(error)})
            run.end("FAILED", str(error))
            if isinstance(error, TransientFailure):
                raise
            raise SettingFailed(str(error)) from error
        except (CaptchaError, OSError) as error:  # no fault of the code, but no other setting would mend it
            with contextlib.suppress(OSError):
                run.end("KILLED", f"the search stopped: {error}; resume it to go on")
            raise
        except Exception as error:
            write_json(self.plan.folder / FAULT, {"trial": folder.name, "traceback": traceback.format_exc()})
            run.tags({Tag.TRACEBACK: traceback.format_exc()[-5000:]})
            run.end("FAILED", _sentence(error))
            raise


def _cost(task: TrainingTask, plan: SearchPlan) -> Cost:
    try:
        cost = cost_of(task, plan.folder / "costs")
    except ValueError as error:  # Keras's word for layers that do not fit each other
        raise SettingFailed(f"expected layers that fit each other, received: {_sentence(error)}") from error
    cost.check(plan.limits)
    return cost


def _attempt(folder: Path) -> int:
    return int((read_json(folder / "attempt.json") or {"attempt": 0})["attempt"])


def _part(budget: Any, share: float) -> dict[str, float]:
    ((key, whole),) = budget.items()
    return {key: whole * share if key == "minutes" else max(1, math.ceil(whole * share))}


def _take_over(plan: SearchPlan, past: str, folder: Path) -> int:
    """Begin with the state of another trial, and return how many epochs it had."""
    mark = folder / "begun.json"
    begun = read_json(mark)
    if begun is None:
        source, fresh = plan.trial_folder(past) / "checkpoint", folder / "checkpoint.new"
        begun = {"from": past, "epoch": Checkpoint(source).load_progress().epoch}
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(folder / "checkpoint", ignore_errors=True)
        shutil.copytree(source, fresh)
        fresh.replace(folder / "checkpoint")
        write_json(mark, begun)
    return int(begun["epoch"])


def _forget(folder: Path) -> None:
    """Let a trial begin from its beginning."""
    (folder / "begun.json").unlink(missing_ok=True)  # first: without it the trial takes over its state anew
    shutil.rmtree(folder / "checkpoint", ignore_errors=True)


def _finished(checkpoint: Checkpoint, from_epoch: int) -> bool:
    """Return whether this trial's own budget is used up, and not only that of the trial it continues."""
    if not checkpoint.exists:
        return False
    progress = checkpoint.load_progress()
    return progress.finished and progress.budget_start_epoch >= from_epoch and progress.epoch > from_epoch


def _figures(plan: SearchPlan, trained: Trained) -> dict[str, float]:
    history = trained.progress.history
    value, epoch = plan.objective.best(history)
    best = {f"best_{key}": number for key, number in history[epoch].items() if key.startswith("val_")}
    best[f"best_{plan.objective.metric}"] = value
    return {**best, "best_epoch": float(epoch), "epochs": float(len(history))}


def _sentence(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:1000]
