"""Runs in MLflow. The only place that logs."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from captcha_core.bundle.bundle import Bundle
from captcha_core.errors import RegistryError
from captcha_core.evaluation.metrics import DEFINITION
from captcha_core.evaluation.predictions import Predictions
from captcha_core.interrupts import terminable
from captcha_core.tracking.connect import client, experiment, quoted
from captcha_core.tracking.logged_models import close_unfinished, link_metrics, log_bundle
from captcha_core.tracking.names import Artifact, Tag
from captcha_core.tracking.outbox import PATIENCE_S, LaterRun, Outbox, waiting
from captcha_core.tracking.provenance import origin, own_tags, provenance
from captcha_core.tracking.redact import masked, masked_value

if TYPE_CHECKING:
    from mlflow import MlflowClient

RUNS = Path("runs")  # a folder for each run of this place: its checkpoint, and what is not logged yet
OUTBOX = "outbox.sqlite"
PATIENCE_AFTER_FAULT_S = 10.0


def open_outbox(path: Path) -> Outbox:
    """Return the outbox in a file, sending to the tracking address in use."""
    return Outbox(path, begin_run, lambda run_id: Run(run_id, client()))


def send_left_behind(paths: Iterable[Path], patience_s: float = PATIENCE_S) -> tuple[list[Path], list[str]]:
    """Send what processes that are gone have left in outboxes.

    Returns:
        The files that could not be sent, and what MLflow will never take.
    """
    unsent, refused = [], []
    for path in paths:
        if waiting(path):
            outbox = open_outbox(path)
            if not outbox.close(patience_s):
                unsent.append(path)
            refused += outbox.refused
    return unsent, refused


@dataclass(frozen=True)
class Run:
    """A run that is going on.

    Args:
        id: MLflow's.
        client: Of the tracking store.
        later: Where metrics and tags go that must not wait for a server.
    """

    id: str
    client: "MlflowClient"
    later: LaterRun | None = None

    def params(self, values: Mapping[str, Any]) -> None:
        """Log parameters; nested mappings become dotted names.

        MLflow keeps the first value of each. What a run that goes on does differently is in the tag
        ``captchalab.resumed_with``.
        """
        from mlflow.entities import Param

        there = self.client.get_run(self.id).data.params
        given = {key: masked_value(key, value)[:6000] for key, value in _flat(values)}
        changed = [f"{key}={value}" for key, value in given.items() if there.get(key, value) != value]
        if changed:
            self.tags({Tag.RESUMED_WITH: " ".join(changed)})
        fresh = [Param(key, value) for key, value in given.items() if key not in there]
        for first in range(0, len(fresh), 100):
            self.client.log_batch(self.id, params=fresh[first : first + 100])

    def metrics(self, values: Mapping[str, float], step: int = 0, at_ms: int | None = None) -> None:
        """Log metrics at a step, with the time at which they were true."""
        if self.later is not None:
            self.later.metrics(values, step)
            return
        from mlflow.entities import Metric

        now = int(time.time() * 1000) if at_ms is None else at_ms
        self.client.log_batch(self.id, metrics=[Metric(key, float(value), now, step) for key, value in values.items()])

    def tags(self, values: Mapping[str, Any]) -> None:
        """Set tags; secrets in their values become stars."""
        shown = {key: masked_value(key, value)[:5000] for key, value in values.items()}
        if self.later is not None:
            self.later.tags(shown)
            return
        for key, value in shown.items():
            self.client.set_tag(self.id, key, value)

    def note(self, text: str) -> None:
        """Describe the run, unless somebody has described it."""
        if self.later is not None:
            self.later.note(text)
        elif Tag.NOTE not in self.client.get_run(self.id).data.tags:
            self.tags({Tag.NOTE: text})

    def end(self, state: str, reason: str = "", at_ms: int | None = None) -> None:
        """Give the run its last state, with the reason where it did not finish."""
        self.explain(reason)
        self.client.set_terminated(self.id, state, at_ms)

    def explain(self, reason: str) -> None:
        """Write into the run why it ended; without a reason, take back that of an earlier end."""
        if reason:
            self.tags({Tag.REASON: reason})
        elif Tag.REASON in self.client.get_run(self.id).data.tags:  # it failed before, and went on
            self.client.delete_tag(self.id, Tag.REASON)

    def folder(self, path: Path, to: str) -> None:
        """Log every file of a folder."""
        self.client.log_artifacts(self.id, str(path), to or None)

    def data(self, name: str, digest: str, source: str, counts: Mapping[str, int], context: str) -> None:
        """Log which data was used, as MLflow's dataset input."""
        import json

        from mlflow.entities import Dataset, DatasetInput, InputTag

        where = json.dumps({"uri": masked(source)})
        dataset = Dataset(name, digest[:36], "local", where, None, json.dumps(dict(counts)))
        self.client.log_inputs(self.id, [DatasetInput(dataset, [InputTag(Tag.DATA_CONTEXT, context)])])
        self.tags({Tag.digest(context): digest})

    def bundle(self, bundle: Bundle, name: str = "", example: bytes | None = None) -> str:
        """Log a bundle as an MLflow model, with a captcha as its example, and return the model's id."""
        close_unfinished(self.client, self.id)
        return log_bundle(bundle, name, example)

    def model_metrics(self, model_id: str, values: Mapping[str, float], data: tuple[str, str]) -> None:
        """Log figures of a logged model on a data set, given by its name and digest; in the run, too, as ``test_``."""
        link_metrics(self.client, self.id, model_id, values, data, int(time.time() * 1000))


def logged_predictions(run_id: str) -> Predictions:
    """Return what a run read of its test samples.

    Raises:
        RegistryError: If there is no such run, or it has logged none.
        DataError: If what it logged is no table of predictions.
    """
    from mlflow.exceptions import MlflowException

    try:
        with tempfile.TemporaryDirectory() as folder:
            path = client().download_artifacts(run_id, Artifact.PREDICTIONS, folder)
            return Predictions.from_file(Path(path))
    except (MlflowException, OSError):
        raise RegistryError(
            f"expected a run with a report, received {run_id}; list the runs in the dashboard, or compare models on a "
            "data set with --data DIR."
        ) from None


def begin_run(key: str, name: str, tags: Mapping[str, str]) -> str:
    """Return the id of the one run with a key, RUNNING; where there is none it is made, beside its parent."""
    mine = client()
    parent = tags.get(Tag.PARENT)
    place = mine.get_run(parent).info.experiment_id if parent else experiment()
    found = mine.search_runs([place], f"tags.`{Tag.KEY}` = {quoted(key)}", max_results=1)
    if not found:
        shown = {tag: masked_value(tag, value) for tag, value in {**origin(), **tags}.items()}
        return str(mine.create_run(place, run_name=name, tags={**shown, Tag.KEY: key}).info.run_id)
    run_id = str(found[0].info.run_id)
    for name in set(own_tags()) & set(tags):  # whose it is now; nobody takes it for one that was left open
        mine.set_tag(run_id, name, tags[name])
    if found[0].info.status != "RUNNING":
        mine.update_run(run_id, status="RUNNING")
    return run_id


@contextlib.contextmanager
def parent_run(key: str, name: str, tags: Mapping[str, str]) -> Iterator[Run]:
    """Run in MLflow that others run below: the one with a key, gone on with where a stop came between.

    It is not MLflow's active run, so that each of its children can be.
    """
    run = Run(begin_run(key, name, {**tags, **own_tags()}), client())
    try:
        yield run
    except KeyboardInterrupt:
        run.end("KILLED", "stopped by the user")
        raise
    except BaseException as error:
        run.end("FAILED", f"{type(error).__name__}: {error}")
        raise
    run.end("FINISHED")


@contextlib.contextmanager
def start_run(
    name: str,
    tags: Mapping[str, str] | None = None,
    run_id: str | None = None,
    keep: Path | None = None,
    nested: bool = False,
) -> Iterator[Run]:
    """Run in MLflow: RUNNING inside the block, FINISHED, KILLED (Ctrl-C, SIGTERM) or FAILED with the reason after it.

    Args:
        name: The run's name.
        tags: Further tags.
        run_id: A run to go on with; ``mlflow run`` hands its own over in MLFLOW_RUN_ID.
        keep: Folder in which metrics and tags are kept until MLflow has them; without one they are logged at once.
        nested: Whether it is begun within another run, as its child.
    """
    mine = client()  # sets how much MLflow says, before it is imported
    import mlflow

    handed = run_id or os.environ.pop("MLFLOW_RUN_ID", None)
    given = _given_name(mine.get_run(handed).info.run_name) if handed else ""
    owner = own_tags()
    started = mlflow.start_run(
        run_id=handed,
        experiment_id=None if handed or nested else experiment(),
        run_name=given or name,
        nested=nested,
        log_system_metrics=True,
        tags=owner,  # with the run, so that no kill leaves one that nobody owns
    )
    run, outbox = Run(started.info.run_id, mine), None
    try:
        with terminable():
            run.tags({Tag.RUN_NAME: given or name, **owner, Tag.METRICS: DEFINITION, **provenance(), **(tags or {})})
            outbox = open_outbox(keep / run.id / OUTBOX) if keep else None
            yield run if outbox is None else Run(run.id, mine, outbox.known(run.id, run.id))
    except KeyboardInterrupt:
        _end("KILLED", run, outbox, "stopped by the user")
        raise
    except BaseException as error:
        _end("FAILED", run, outbox, f"{type(error).__name__}: {error}")
        raise
    _end("FINISHED", run, outbox)


def _given_name(name: str | None) -> str:
    """Return a run's name if somebody chose it, as with ``mlflow run --run-name``; empty where MLflow made it up."""
    from mlflow.utils.name_utils import _GENERATOR_NOUNS, _GENERATOR_PREDICATES

    first, _, rest = (name or "").partition("-")
    second, _, number = rest.partition("-")
    made_up = first in _GENERATOR_PREDICATES and second in _GENERATOR_NOUNS and number.isdecimal()
    return "" if made_up else name or ""


def _end(state: str, run: Run, outbox: Outbox | None, reason: str = "") -> None:
    """Send what is left, then end the run. Where something else went wrong, that is what the user hears of.

    Whatever fails here, MLflow is told to end the run: one that it still holds when Python ends becomes FINISHED.
    """
    import mlflow

    patience_s = PATIENCE_S if state == "FINISHED" else PATIENCE_AFTER_FAULT_S
    if outbox is not None and not outbox.close(patience_s) and state == "FINISHED":
        with contextlib.suppress(Exception):
            mlflow.end_run("FAILED")
        raise RegistryError(
            f"expected the tracking server to take what was logged, received: {outbox.trouble}; nothing is lost: "
            f"{outbox.path} keeps it, go on with the same run when the server is back."
        )
    try:
        try:
            if outbox is not None and outbox.refused:
                run.tags({Tag.REFUSED: "; ".join(outbox.refused)})
            run.explain(reason)
        finally:
            mlflow.end_run(state)
    except Exception:
        if state == "FINISHED":
            raise


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif value is not None:
            yield f"{prefix}{key}", value
