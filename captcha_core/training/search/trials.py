"""The loop over trials, which tells failures of a setting from faults of the code, and the chief that serves them."""

import time
from collections.abc import Callable
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc

from captcha_core.training.search.keras_tuner import BaseTuner, Trial, errors, serve_oracle

PAUSE_S = 0.2


class SettingFailed(Exception):
    """A setting that cannot work: its trial fails, the search goes on."""


class TransientFailure(Exception):
    """A trial that failed for a passing reason, as a loss that ran away or a lack of memory. It may be run again."""


class Tuner(BaseTuner):
    """Asks an oracle for trials and runs them, in this process.

    Under Keras Tuner's variables (``KERASTUNER_TUNER_ID``, ``KERASTUNER_ORACLE_IP``, ``KERASTUNER_ORACLE_PORT``) it is
    a worker, and asks the oracle of the chief.

    Args:
        folder: For Keras Tuner's own files; nothing is kept there.
        run: Runs a trial and returns its metrics; raises :class:`SettingFailed`, :class:`TransientFailure` or others.
    """

    def __init__(
        self,
        oracle: Any,
        folder: Path,
        run: Callable[[Trial], dict[str, float]],
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._run, self._ended, self._asked = run, ended, 0.0
        super().__init__(oracle, directory=str(folder.parent), project_name=folder.name)

    def pre_create_trial(self) -> None:
        """Pause between two questions to the oracle."""
        self._check()
        if time.monotonic() - self._asked < PAUSE_S:  # the oracle has nothing to do yet
            time.sleep(PAUSE_S)
        self._asked = time.monotonic()

    def on_trial_begin(self, *_: Any) -> None:
        """Stop before a trial whose beginning could not be saved."""
        self._check()

    def run_trial(self, trial: Trial, *_: Any, **__: Any) -> dict[str, float]:
        """Run a trial and return its metrics.

        Raises:
            FailedTrialError: If its setting cannot work.
            TransientFailure: If it failed for a passing reason.
            Fatal: If anything else happened.
        """
        try:
            return self._run(trial)
        except SettingFailed as error:
            raise errors.FailedTrialError(str(error)) from error
        except TransientFailure:
            raise
        except Exception as error:
            raise Fatal(error) from error

    def on_trial_end(self, trial: Trial) -> None:
        """Report a trial to the oracle with the last line of its message."""
        trial.message = (trial.message or "").strip().rpartition("\n")[2] or None
        self.oracle.end_trial(trial)
        self._check()
        self._ended()

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


class Chief:
    """Serves an oracle to workers over gRPC within the block.

    Keras Tuner's own loop around this service is not used: it would wait for ever for a worker that died, and up to 20
    seconds at the end.

    Args:
        host: Address to listen at; there is no password, so that of this machine or of a closed network.
    """

    def __init__(self, oracle: Any, host: str = "127.0.0.1") -> None:
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=1))
        serve_oracle(oracle, self._server)
        self.host, self.port = host, self._server.add_insecure_port(f"{host}:0")

    def __enter__(self) -> "Chief":
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(grace=1).wait()

    def variables(self, tuner_id: str) -> dict[str, str]:
        """Return the environment in which Keras Tuner is a worker of this chief."""
        return {
            "KERASTUNER_TUNER_ID": tuner_id,
            "KERASTUNER_ORACLE_IP": self.host,
            "KERASTUNER_ORACLE_PORT": str(self.port),
        }
