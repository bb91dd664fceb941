"""Is a served model still asked for the captchas that it was made for?"""

from dataclasses import dataclass
from pathlib import Path

from captcha_core.dataset.store import Dataset, require_same_spec
from captcha_core.errors import DataError, ModelError
from captcha_core.evaluation.drift import Drift, Histograms, drift
from captcha_core.evaluation.live_log import LIVE, LiveLog
from captcha_core.evaluation.report import LOOKED_AT
from captcha_core.solver import Solver
from captcha_core.workflows.evaluate import read_all


@dataclass(frozen=True)
class LiveDrift:
    """How what a model is asked for differs from what it was made for, from when to when, and what that was."""

    model: str
    version: str
    reference: str
    since: str
    until: str
    drift: Drift


def live_drift(uri: str, live: Path = LIVE, last: int = 1000, data: str | Path = "", split: str = "test") -> LiveDrift:
    """Compare the captchas that a server has answered with a model to those of its training.

    Args:
        uri: The model.
        live: Folder in which the server keeps its histograms.
        last: How many of the newest captchas count, at least.
        data: A data set to hold them against, read with the model; by default what the model keeps of its own.
        split: Of that data set: captchas that the model has not learnt from.

    Raises:
        DataError: If nothing was asked yet, or the data set is another kind of captcha's.
        ModelError: If the model keeps no histograms and no data set is given.
    """
    solver = Solver.load(uri)
    reference, name = _reference(solver, uri, data, split)
    log = LiveLog(live, solver.model.name, solver.model.version or "")
    period = log.last(last)
    if period is None:
        raise DataError(
            f"expected histograms of answered captchas in {log.path}, received none; serve the model with captchalab "
            "serve, or name the server's folder with --live."
        )
    found = drift(reference, period.histograms)
    return LiveDrift(log.model, log.version, name, period.since, period.until, found)


def _reference(solver: Solver, uri: str, data: str | Path, split: str) -> tuple[Histograms, str]:
    if data:
        dataset = Dataset.open(data)
        require_same_spec(dataset, solver.spec)
        samples = dataset.spread(split, LOOKED_AT)
        if not samples:
            raise DataError(f"expected captchas in the {split} split of {data}, received none; name another --split.")
        return read_all(solver, samples).histograms, f"the {split} split of {data}"
    if solver.reference is None:
        raise ModelError(
            f"expected a model that keeps what its captchas looked like, received {uri}, which was trained before "
            "models did; give its data set with --data."
        )
    return solver.reference, "its own test captchas"
