"""Keras Tuner's loop over trials, with failures of a setting told apart from faults of the code."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from keras_tuner import errors
from keras_tuner.src.engine.base_tuner import BaseTuner
from keras_tuner.src.engine.trial import Trial

PAUSE_S = 0.2


class SettingFailed(Exception):
    """A setting that cannot work: its trial fails, the search goes on."""


class TransientFailure(Exception):
    """A trial that failed and might not another time: lost numbers, memory that was short. It may be run again."""


class Stopped(Exception):
    """A fault that no other setting would mend: the search ends with it."""


class Tuner(BaseTuner):
    """Asks an oracle for trials and runs them, in this process.

    Under Keras Tuner's variables (``KERASTUNER_TUNER_ID``, ``KERASTUNER_ORACLE_IP``, ``KERASTUNER_ORACLE_PORT``) it is
    a worker, and asks the oracle of the chief.

    Args:
        oracle: From :func:`captcha_core.training.search.oracles.make_oracle`.
        folder: For Keras Tuner's own files; nothing is kept there.
        run: Runs a trial and returns its metrics; raises :class:`SettingFailed`, :class:`TransientFailure` or others.
        ended: Called after each trial.
    """

    def __init__(
        self,
        oracle: Any,
        folder: Path,
        run: Callable[[Trial], dict[str, float]],
        ended: Callable[[Trial], None] = lambda trial: None,
    ) -> None:
        self._run, self._ended, self._asked = run, ended, 0.0
        super().__init__(oracle, directory=str(folder.parent), project_name=folder.name)

    def pre_create_trial(self) -> None:
        self._check()
        if time.monotonic() - self._asked < PAUSE_S:  # the oracle has nothing to do yet
            time.sleep(PAUSE_S)
        self._asked = time.monotonic()

    def on_trial_begin(self, trial: Trial) -> None:
        self._check()

    def run_trial(self, trial: Trial, *_: Any, **__: Any) -> dict[str, float]:
        try:
            return self._run(trial)
        except SettingFailed as error:
            raise errors.FailedTrialError(str(error)) from error
        except TransientFailure:
            raise
        except Exception as error:
            raise Fatal(error) from error

    def on_trial_end(self, trial: Trial) -> None:
        trial.message = (trial.message or "").strip().rpartition("\n")[2] or None
        self.oracle.end_trial(trial)
        self._check()
        self._ended(trial)

    def save(self) -> None:
        """The oracle keeps what there is to keep."""

    def reload(self) -> None:
        """The oracle has reloaded itself."""

    def _check(self) -> None:
        fault = getattr(self.oracle, "fault", None) if hasattr(self.oracle, "trials") else None
        if fault is not None:
            raise Fatal(fault)


class Fatal(errors.FatalError):
    """Carries what ends a search through Keras Tuner's loop."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.cause = cause
