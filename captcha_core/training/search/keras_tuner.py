"""Keras Tuner 1.4.8 as this project uses it: the one file that knows its modules and its private attributes.

Its oracles are made to survive a kill at any moment. Keras Tuner writes its state in several files, none of them in one
step: a kill can leave a trial that nobody runs, or send a finished one for another run, and a grid forgets which
combinations are done. Here the whole state is one file that is replaced in one step whenever a trial begins or ends,
and what a grid needs is worked out from its trials.
"""

import json
import os
import warnings
from functools import cmp_to_key
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from keras_tuner import HyperParameters, Objective, errors, oracles, synchronized
from keras_tuner.src import protos
from keras_tuner.src.distribute.oracle_chief import OracleServicer
from keras_tuner.src.engine.base_tuner import BaseTuner
from keras_tuner.src.engine.trial import Trial, TrialStatus
from keras_tuner.src.tuners.gridsearch import LinkedList

from captcha_core.files import write_file

__all__ = [
    "BaseTuner",
    "BayesianOracle",
    "GridOracle",
    "HyperParameters",
    "HyperbandOracle",
    "Objective",
    "RandomOracle",
    "Trial",
    "TrialStatus",
    "errors",
    "serve_oracle",
]

STATE = "oracle.json"
DEATHS = 2  # a trial in which so many workers died is the cause of it
CANDIDATES = 1200

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")


def serve_oracle(oracle: Any, server: grpc.Server) -> None:
    """Let a gRPC server answer workers out of an oracle."""
    protos.get_service_grpc().add_OracleServicer_to_server(OracleServicer(oracle), server)


class _Durable:
    """In front of an oracle: one state file, and no end but the last trial."""

    _retry_queue: list[str]
    fault: OSError | None = None  # raised only later: an exception within a synchronised call would lock the oracle
    first: dict[str, Any] | None = None

    def begin(self, folder: Path, trials: int, first: dict[str, Any] | None = None) -> None:
        """Take up the state in a folder, if there is one, with a number of trials in all.

        The values of ``first`` are tried before any that are drawn at random.
        """
        self.folder, self.first = folder, first
        self.deaths: dict[str, int] = {}
        self.max_trials = trials
        self.verbose = 0
        self._max_collisions = 1000
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / STATE).is_file():
            self.reload()

    def get_state(self) -> dict[str, Any]:
        """Return Keras Tuner's state without trials that are settled, and the deaths of workers."""
        state: dict[str, Any] = super().get_state()  # type: ignore[misc]
        settled = {*state["end_order"], *state["retry_queue"]}
        state["ongoing_trials"] = {
            tuner: trial for tuner, trial in state["ongoing_trials"].items() if trial not in settled
        }
        state["deaths"] = self.deaths
        return state

    def set_state(self, state: dict[str, Any]) -> None:
        """Take a state that :meth:`get_state` returned."""
        super().set_state(state)  # type: ignore[misc]
        self.deaths = dict(state["deaths"])

    def save(self) -> None:
        """Replace the state file; an error is kept in ``fault``."""
        trials = {trial_id: trial.get_state() for trial_id, trial in self.trials.items()}
        state = json.dumps({"oracle": self.get_state(), "trials": trials}, default=_plain)
        try:
            write_file(self.folder / STATE, state.encode())
        except OSError as error:
            self.fault = error

    def reload(self) -> None:
        """Read the state file; trials that were running are the next to be run."""
        stored = json.loads((self.folder / STATE).read_text(encoding="utf-8"))
        self.trials = {trial_id: Trial.from_state(state) for trial_id, state in stored["trials"].items()}
        self.set_state(stored["oracle"])
        interrupted = [trial.trial_id for trial in self.ongoing_trials.values()]
        self.ongoing_trials: dict[str, Trial] = {}
        self._retry_queue = [*reversed(interrupted), *self._retry_queue]  # it is emptied from its end

    def _save_trial(self, trial: Trial) -> None:
        """Trials are saved with the state."""

    def _random_values(self) -> dict[str, Any] | None:
        if self.first is None or self.trials:
            drawn: dict[str, Any] | None = super()._random_values()  # type: ignore[misc]
            return drawn
        hp = HyperParameters()
        for one in self.hyperparameters.space:  # type: ignore[attr-defined]
            hp.merge([one])
            if hp.is_active(one):
                hp.values[one.name] = self.first.get(one.name, one.default)
        return dict(hp.values)

    def _retry(self, trial: Trial) -> bool:
        if trial.status != TrialStatus.INVALID:
            return False
        if self._run_times[trial.trial_id] > self.max_retries_per_trial:  # type: ignore[attr-defined]
            trial.status = TrialStatus.FAILED
            return False
        self._retry_queue.append(trial.trial_id)
        return True

    @synchronized
    def end_trial(self, trial: Trial) -> None:
        """Note the end of a trial, once."""
        own = self.trials[trial.trial_id]
        if trial.trial_id in self.end_order:  # type: ignore[attr-defined]
            return  # reported twice
        trial.hyperparameters = own.hyperparameters  # a worker's have gone through float32
        trial.message = trial.message or own.message
        if trial.trial_id in self._retry_queue:  # its worker was given up, and reports after all
            self._retry_queue.remove(trial.trial_id)
        super().end_trial(trial)  # type: ignore[misc]

    @synchronized
    def lose(self, tuner_id: str) -> str | None:
        """A worker died: send its trial to another, or fail it after :data:`DEATHS`; return the trial's id."""
        self.tuner_ids.discard(tuner_id)  # type: ignore[attr-defined]
        trial = self.ongoing_trials.get(tuner_id)
        if trial is None:
            return None
        self.deaths[trial.trial_id] = self.deaths.get(trial.trial_id, 0) + 1
        if self.deaths[trial.trial_id] >= DEATHS:
            trial.status = TrialStatus.FAILED
            trial.message = (
                f"expected a worker to live, received the death of {DEATHS} in this trial (was memory short?)"
            )
            self.end_trial(trial)
        else:
            self.ongoing_trials.pop(tuner_id)
            self._retry_queue.append(trial.trial_id)
            self.save()
        return str(trial.trial_id)

    @property
    def waiting(self) -> int:
        """Trials that were begun and neither run nor ended."""
        running = {one.trial_id for one in self.ongoing_trials.values()}
        return len(set(self.trials) - set(self.end_order) - running)  # type: ignore[attr-defined]

    @property
    def ended(self) -> list[Trial]:
        """Finished and failed trials in the order of their numbers."""
        return [self.trials[one] for one in sorted(self.end_order, key=int)]  # type: ignore[attr-defined]


class RandomOracle(_Durable, oracles.RandomSearchOracle):
    """Values drawn at random, no configuration twice."""


class HyperbandOracle(_Durable, oracles.HyperbandOracle):
    """Many short trials, the better ones continued; sweep after sweep until the trials are used up."""


class GridOracle(_Durable, oracles.GridSearchOracle):
    """Every combination; of a continuous dimension ten values."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Return the next combination; Keras Tuner's own waits for the end of the one before, whoever else is free."""
        found: dict[str, Any] = super().populate_space(trial_id)
        if found["status"] == TrialStatus.RUNNING:
            self._populate_next.append(trial_id)
        return found

    def set_state(self, state: dict[str, Any]) -> None:
        """Take a state, and work out of the trials which combinations are done."""
        super().set_state(state)

        def compare(one: str, other: str) -> int:
            return int(
                self._compare(self.trials[one].hyperparameters.values, self.trials[other].hyperparameters.values)
            )

        self._ordered_ids = LinkedList()
        for trial_id in sorted(self.start_order, key=cmp_to_key(compare)):
            self._ordered_ids.insert(trial_id)
        self._populate_next = list(self.start_order)  # those whose next combination is there already are passed over


class BayesianOracle(_Durable, oracles.BayesianOptimizationOracle):
    """A Gaussian process over the finished trials, and the configuration with the best bound (UCB) under it.

    Keras Tuner looks for that with a gradient method from 50 points, up to 12 seconds of processor a trial on a space
    of five dimensions, and may propose what was tried. Most dimensions are discrete: here it is the best of many
    configurations, drawn at random and around the best so far, that was not tried.
    """

    def _make_gpr(self) -> Any:
        from sklearn.gaussian_process.kernels import Matern

        # few trials fit any length: below the bound every point would be as unknown as the next
        kernel = Matern(nu=2.5, length_scale=0.5, length_scale_bounds=(0.1, 10.0))
        return super()._make_gpr().set_params(kernel=kernel, n_restarts_optimizer=5)

    def populate_space(self, *_: Any) -> dict[str, Any]:
        """Return the configuration with the best bound of those that were not tried."""
        finished = [trial for trial in self.trials.values() if trial.status == TrialStatus.COMPLETED]
        if len(finished) < (self.num_initial_points or 1):
            return dict(self._random_populate_space())
        x, y = (np.nan_to_num(part, posinf=0, neginf=0) for part in self._vectorize_trials())
        proposed = [self._vector_to_values(point) for point in self._candidates(x, y)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # few points seldom fix the kernel; it says so each time
            self.gpr.fit(x, y)
            mean, spread = self.gpr.predict(np.array([self._vector(values) for values in proposed]), return_std=True)
        for index in np.argsort(mean - self.beta * spread, kind="stable"):
            if not self._duplicate(proposed[index]):
                return {"status": TrialStatus.RUNNING, "values": proposed[index]}
        return dict(self._random_populate_space())

    def _candidates(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return points of the unit cube, half of them anywhere, half around the three best trials."""
        rng = np.random.RandomState([self.seed, len(self.trials)])  # the same after a kill
        around = x[np.argsort(y)[:3]].repeat(CANDIDATES // 6, axis=0)
        near = np.clip(around + rng.normal(0, 0.15, around.shape), 0, 1)
        points = np.concatenate([rng.uniform(0, 1, (CANDIDATES // 2, x.shape[1])), near])
        return np.asarray(np.minimum(points, 1 - 1e-9))

    def _vector(self, values: dict[str, Any]) -> list[float]:
        return [hp.value_to_prob(values.get(hp.name, hp.default)) for hp in self._nonfixed_space()]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no JSON")
