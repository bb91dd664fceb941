"""Keras Tuner's four oracles, made to survive a kill at any moment.

Keras Tuner 1.4.8 writes its state in several files, none of them in one step: a kill can leave a trial that nobody
runs, or send a finished one for another run; a grid forgets which combinations are done. Here the whole state is one
file that is replaced in one step whenever a trial begins or ends, and what a grid needs is worked out from its trials.
"""

import json
import os
import warnings
from collections.abc import Mapping
from functools import cmp_to_key
from pathlib import Path
from typing import Any

import keras_tuner as kt
import numpy as np
from keras_tuner.src.engine import hyperparameters as hp_module
from keras_tuner.src.engine.trial import Trial, TrialStatus
from keras_tuner.src.tuners.gridsearch import LinkedList

from captcha_core.errors import SpecError
from captcha_core.files import write_file
from captcha_core.models.space import SearchSpace
from captcha_core.training.search.hyperparameters import declare, told
from captcha_core.training.search.objective import Objective

STATE = "oracle.json"
NEVER = 10**9
DEATHS = 2  # a trial in which so many workers died is the cause of it
CANDIDATES = 1200


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
        state: dict[str, Any] = super().get_state()  # type: ignore[misc]
        settled = {*state["end_order"], *state["retry_queue"]}
        state["ongoing_trials"] = {
            tuner: trial for tuner, trial in state["ongoing_trials"].items() if trial not in settled
        }
        state["deaths"] = self.deaths
        return state

    def set_state(self, state: dict[str, Any]) -> None:
        super().set_state(state)  # type: ignore[misc]
        self.deaths = dict(state["deaths"])

    def save(self) -> None:
        trials = {trial_id: trial.get_state() for trial_id, trial in self.trials.items()}
        state = json.dumps({"oracle": self.get_state(), "trials": trials}, default=_plain)
        try:
            write_file(self.folder / STATE, state.encode())
        except OSError as error:
            self.fault = error

    def reload(self) -> None:
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
        hp = kt.HyperParameters()
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

    @kt.synchronized
    def end_trial(self, trial: Trial) -> None:
        own = self.trials[trial.trial_id]
        if trial.trial_id in self.end_order:  # type: ignore[attr-defined]
            return  # told twice
        trial.hyperparameters = own.hyperparameters  # a worker's have gone through float32
        trial.message = trial.message or own.message
        if trial.trial_id in self._retry_queue:  # its worker was given up, and is heard after all
            self._retry_queue.remove(trial.trial_id)
        super().end_trial(trial)  # type: ignore[misc]

    @kt.synchronized
    def lose(self, tuner_id: str) -> str | None:
        """A worker died: send its trial to another, or fail it after :data:`DEATHS`; return the trial's id."""
        self.tuner_ids.discard(tuner_id)  # type: ignore[attr-defined]
        trial = self.ongoing_trials.get(tuner_id)
        if trial is None:
            return None
        self.deaths[trial.trial_id] = self.deaths.get(trial.trial_id, 0) + 1
        if self.deaths[trial.trial_id] >= DEATHS:
            trial.status = TrialStatus.FAILED
            trial.message = died(DEATHS)
            self.end_trial(trial)
        else:
            self.ongoing_trials.pop(tuner_id)
            self._retry_queue.append(trial.trial_id)
            self.save()
        return str(trial.trial_id)

    @property
    def waiting(self) -> int:
        """Trials that were begun and neither run nor ended."""
        return len(set(self.trials) - set(self.end_order) - {one.trial_id for one in self.ongoing_trials.values()})  # type: ignore[attr-defined]

    @property
    def ended(self) -> list[Trial]:
        """Finished and failed trials in the order of their numbers."""
        return sorted((self.trials[one] for one in self.end_order), key=number)  # type: ignore[attr-defined]


def died(times: int) -> str:
    return f"expected a worker to live, received the death of {times} in this trial (was memory short?)"


def number(trial: Trial) -> int:
    return int(trial.trial_id)


class RandomOracle(_Durable, kt.oracles.RandomSearchOracle):
    """Values drawn at random, no configuration twice."""


class GridOracle(_Durable, kt.oracles.GridSearchOracle):
    """Every combination; of a continuous dimension ten values."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Return the next combination; Keras Tuner's own waits for the end of the one before, whoever else is free."""
        found: dict[str, Any] = super().populate_space(trial_id)
        if found["status"] == TrialStatus.RUNNING:
            self._populate_next.append(trial_id)
        return found

    def set_state(self, state: dict[str, Any]) -> None:
        super().set_state(state)

        def compare(one: str, other: str) -> int:
            return int(
                self._compare(self.trials[one].hyperparameters.values, self.trials[other].hyperparameters.values)
            )

        self._ordered_ids = LinkedList()
        for trial_id in sorted(self.start_order, key=cmp_to_key(compare)):
            self._ordered_ids.insert(trial_id)
        self._populate_next = list(self.start_order)  # those whose next combination is there already are passed over


class BayesianOracle(_Durable, kt.oracles.BayesianOptimizationOracle):
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

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        finished = [trial for trial in self.trials.values() if trial.status == TrialStatus.COMPLETED]
        if len(finished) < (self.num_initial_points or 1):
            return dict(self._random_populate_space())
        x, y = (np.nan_to_num(part, posinf=0, neginf=0) for part in self._vectorize_trials())
        rng = np.random.RandomState([self.seed, len(self.trials)])  # the same after a kill
        around = x[np.argsort(y)[:3]].repeat(CANDIDATES // 6, axis=0)
        near = np.clip(around + rng.normal(0, 0.15, around.shape), 0, 1)
        points = np.concatenate([rng.uniform(0, 1, (CANDIDATES // 2, x.shape[1])), near])
        proposed = [self._vector_to_values(point) for point in np.minimum(points, 1 - 1e-9)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # few points seldom fix the kernel; it says so each time
            self.gpr.fit(x, y)
            mean, spread = self.gpr.predict(np.array([self._vector(values) for values in proposed]), return_std=True)
        for index in np.argsort(mean - self.beta * spread, kind="stable"):
            if not self._duplicate(proposed[index]):
                return {"status": TrialStatus.RUNNING, "values": proposed[index]}
        return dict(self._random_populate_space())

    def _vector(self, values: dict[str, Any]) -> list[float]:
        return [hp.value_to_prob(values.get(hp.name, hp.default)) for hp in self._nonfixed_space()]


class HyperbandOracle(_Durable, kt.oracles.HyperbandOracle):
    """Many short trials, the better ones continued; sweep after sweep until the trials are used up."""


TUNERS = ("hyperband", "bayesian", "random", "grid")
ROUNDS = 9  # the longest trial of hyperband in units of the shortest
INITIAL_SHARE = 3  # a third of a Bayesian search's trials, at least three, are random


def check_tuner(tuner: str) -> None:
    """Raises: SpecError: If there is no such tuner."""
    if tuner not in TUNERS:
        raise SpecError(f"expected a tuner of {', '.join(TUNERS)}, received {tuner!r}; choose one.")


def make_oracle(
    tuner: str,
    space: SearchSpace,
    objective: Objective,
    seed: int,
    retries: int,
    folder: Path,
    trials: int,
    first: Mapping[str, Any] | None = None,
) -> Any:
    """Return an oracle, with the state that its folder holds.

    Args:
        tuner: One of :data:`TUNERS`.
        space: What may be tried.
        objective: What is looked for.
        seed: Of its choices.
        retries: How often a trial that failed by bad luck is run again.
        folder: Where its state is kept.
        trials: How many trials in all.
        first: Values by axis that the first trial has; a grid keeps to its own order.

    Raises:
        SpecError: If there is no such tuner.
    """
    check_tuner(tuner)
    common: dict[str, Any] = {
        "objective": kt.Objective(objective.metric, objective.direction),
        "seed": seed + 1,  # 0 would mean any
        "hyperparameters": declare(space),
        "allow_new_entries": False,
        "tune_new_entries": False,
        "max_retries_per_trial": retries,
        "max_consecutive_failed_trials": NEVER,
    }
    oracle: Any
    if tuner == "random":
        oracle = RandomOracle(max_trials=trials, **common)
    elif tuner == "grid":
        oracle = GridOracle(max_trials=trials, **common)
    elif tuner == "bayesian":
        drawn = max(3, -(-trials // INITIAL_SHARE))
        oracle = BayesianOracle(max_trials=trials, num_initial_points=drawn, **common)
    else:
        oracle = HyperbandOracle(max_epochs=ROUNDS, factor=3, hyperband_iterations=0, **common)
    known = {axis.key: axis for axis in space.axes}
    said = {key: told(known[key], value) if key in known else value for key, value in (first or {}).items()}
    oracle.begin(folder, trials, said if first is not None else None)
    return oracle


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no JSON")


def hyperband_part(hp: hp_module.HyperParameters) -> tuple[str | None, int, int] | None:
    """Return the trial that a trial of hyperband continues, and the units of budget it begins and ends at."""
    if "tuner/epochs" not in hp.values:
        return None
    values = hp.values
    return values.get("tuner/trial_id"), int(values["tuner/initial_epoch"]), int(values["tuner/epochs"])


os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
