"""A training inside an MLflow run: fit, convert, evaluate on unseen samples, log, register."""

import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from captcha_core.bundle.bundle import REFERENCE, Bundle, BundleConfig, LiteRT, with_metrics, write_bundle
from captcha_core.bundle.convert import rehearse, to_litert
from captcha_core.dataset.store import Dataset
from captcha_core.errors import ModelError
from captcha_core.evaluation.causes import Cause, Inquiry, write_examples
from captcha_core.evaluation.report import Report
from captcha_core.features.batches import Batch, Batches
from captcha_core.files import locked
from captcha_core.models.decode import read
from captcha_core.models.transfer import Donor
from captcha_core.models.zoo import build_network, features_of, is_ours
from captcha_core.progress import console
from captcha_core.registry.versions import Proof, locate, register
from captcha_core.solver import Solver
from captcha_core.spec.answer import ModelIdentity
from captcha_core.tracking.callback import LogEpochs, WriteReadings
from captcha_core.tracking.names import Artifact, Kind, Metric, Tag
from captcha_core.tracking.outbox import LaterRun, steps_posted
from captcha_core.tracking.runs import OUTBOX, RUNS, Run, start_run
from captcha_core.training.backend import precision_of
from captcha_core.training.checkpoint import Checkpoint
from captcha_core.training.config import TrainingConfig, TrainingTask
from captcha_core.training.fit import Trained, train
from captcha_core.workflows.data import DataSource, TrainingData, labelled
from captcha_core.workflows.evaluate import read_all
from captcha_core.workflows.plan import TrainingPlan

QUANTISED_MAY_LOSE = 0.001  # of exact match on the validation set; below that the smaller file is the better one


@dataclass(frozen=True)
class TrainingOutcome:
    """What a training left behind: its run, the report on unseen samples, and the registered version, if there is one.

    ``figures`` are the best validation metrics, ``parameters`` and ``model_bytes``. ``causes`` say what explains the
    wrong answers of a model that reads less than can be hoped for.
    """

    run_id: str
    report: Report
    name: str
    version: str
    figures: Mapping[str, float]
    causes: Sequence[Cause] = ()


def train_in_run(plan: TrainingPlan, tested: Dataset, tensorboard: str) -> TrainingOutcome:
    """Train inside a run of MLflow that no other process trains, and register the result."""
    task = plan.task
    if not is_ours(task.network):
        rehearse(build_network(task.network, task.spec, task.options, task.features))
    donor = donor_of(plan.start_from) if plan.start_from else None
    training_data = plan.training_data()
    tags = {Tag.KIND: Kind.TRAIN, Tag.PRESET: plan.label}
    watchers: list[keras.callbacks.Callback] = [TrainingBar(task.config)]
    watchers += [keras.callbacks.TensorBoard(tensorboard)] if tensorboard else []
    with ExitStack() as stack:
        if plan.run_id:
            stack.enter_context(_locked_run(plan.run_id))  # before the run is touched
        run = stack.enter_context(start_run(plan.label, tags, plan.run_id or None, keep=RUNS))
        stack.enter_context(_locked_run(run.id))
        plan.save(run.id)
        watchers.append(WriteReadings(run.id, task, *training_data.validation))
        return train_and_register(run, plan, training_data, tested, watchers, donor)


def _locked_run(run_id: str) -> AbstractContextManager[None]:
    refusal = f"expected a run that nobody trains, received {run_id}, which another process is training; wait for it."
    return locked(RUNS / run_id, refusal)


def train_and_register(
    run: Run,
    plan: TrainingPlan,
    training_data: TrainingData,
    tested: Dataset,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    start_from: Donor | None = None,
    to_register: bool = True,
) -> TrainingOutcome:
    """Train inside a run, let the result read the test split of ``tested``, and register it."""
    trained = fit_logged(run, plan, training_data, callbacks, start_from)
    with tempfile.TemporaryDirectory() as folder:
        bundle, report = evaluated(run, Path(folder), plan, trained, training_data, tested)
        history = [epoch[Metric.VAL_EXACT_MATCH] for epoch in trained.progress.history]
        causes = _causes(run, report, training_data.source, tested, history, Path(folder) / "causes")
        version = register(run, bundle, plan.name, proof(report, tested)) if to_register else ""
        size = bundle.litert_path.stat().st_size
    figures = {**best_metrics(trained), "parameters": trained.model.count_params(), "model_bytes": float(size)}
    return TrainingOutcome(run.id, report, plan.name, version, figures, causes)


def _causes(
    run: Run, report: Report, source: DataSource, tested: Dataset, history: Sequence[float], folder: Path
) -> Sequence[Cause]:
    """Look for what explains the wrong answers, and log it with the captchas that show it most plainly."""
    learnt = [text for text in tested.texts("train") if text is not None] if source.digest == tested.digest else []
    causes = Inquiry(report, learnt, history).causes()
    if causes:
        write_examples(causes, report, folder)
        run.folder(folder, Artifact.CAUSES)
        run.tags({Tag.CAUSES: "\n".join(cause.sentence for cause in causes)})
    return causes


def fit_logged(
    run: Run,
    plan: TrainingPlan,
    training_data: TrainingData,
    callbacks: Sequence[keras.callbacks.Callback],
    start_from: Donor | None,
) -> Trained:
    """Train inside a run, and log inputs, epochs, remarks and the best epoch."""
    log_inputs(run, plan, training_data)
    checkpoint = Checkpoint(RUNS / run.id)
    if run.later is not None:
        log_missed(run.later, checkpoint, [RUNS / run.id / OUTBOX])
    remarks: list[str] = []

    def warn(remark: str) -> None:
        remarks.append(remark)
        console.print(f"[yellow]Note:[/] {escape(remark)}")
        run.tags({Tag.REMARKS: "\n".join(remarks)})

    for remark in training_data.remarks:
        warn(remark.text)
    watchers = [LogEpochs(run), *callbacks]
    batches, validation = training_data.batches, training_data.validation
    everything = training_data.everything and _announced(training_data.everything)
    trained = train(plan.task, batches, validation, checkpoint, watchers, start_from, warn, plan.extend, everything)
    progress = trained.progress
    times = {"best_epoch": progress.best_epoch, Metric.TRAIN_SECONDS: progress.elapsed_s}
    run.metrics({**best_metrics(trained), **times})
    if run.later is not None:
        run.later.outbox.flush()  # a server that is away just now has time to come back before files are logged
    return trained


def _announced(everything: Batches) -> Batches:
    """Return the batches of the last epochs, which say so when they begin: the bar is full by then."""

    def begin(first: int) -> Iterator[Batch]:
        console.print("last epochs, on all samples")
        return everything(first)

    return begin


def best_metrics(trained: Trained) -> dict[str, float]:
    """Return the metrics of the best epoch under the names that a run has them."""
    return {Metric.BEST + key: value for key, value in trained.progress.best.items()}


def log_missed(run: LaterRun, checkpoint: Checkpoint, outboxes: Iterable[Path], first: int = 0) -> None:
    """Log the epoch, of those from ``first`` on, that a checkpoint holds and a kill kept from being logged.

    It can only be the last; where the outboxes hold none of several epochs, they have been cleared.
    """
    if not checkpoint.exists:
        return
    posted = steps_posted(outboxes, run.key)
    history = checkpoint.load_progress().history
    for step in range(first, len(history)):
        if step not in posted and (posted or len(history) == first + 1):
            run.metrics(history[step], step=step)


def evaluated(
    run: Run,
    folder: Path,
    plan: TrainingPlan,
    trained: Trained,
    training_data: TrainingData,
    tested: Dataset,
) -> tuple[Bundle, Report]:
    """Write the bundle of a trained model into a folder, let it read a test split, and log that and the report."""
    bundle = bundle_of(folder / "bundle", plan, trained, training_data)
    report = read_all(Solver(bundle, ModelIdentity(plan.name)), labelled(tested, "test"))
    bundle = with_metrics(bundle, {REFERENCE: report.histograms.as_dict()})
    log_tested(run, tested)
    numbers = {**report.numbers, "model_bytes": float(bundle.litert_path.stat().st_size)}
    run.metrics({f"{Metric.TEST}{key}": value for key, value in numbers.items()})
    report.write(folder / "report")
    run.folder(folder / "report", Artifact.REPORT)
    return bundle, report


def log_tested(run: Run, tested: Dataset) -> None:
    """Log which data set a model has read."""
    source = DataSource.of_dataset(tested)
    run.data(source.name, source.digest, source.where, source.counts, "evaluation")


def proof(report: Report, tested: Dataset) -> Proof:
    """Return what a report says of a model, to be registered with it and with the first captcha that it could read."""
    name = Path(tested.path).resolve().name
    sentence = f"Exact match {report.exact_match} on {name} ({tested.digest[:12]})."
    readable = (sample.media for sample, text in zip(report.samples, report.read, strict=True) if text is not None)
    return Proof(next(readable, None), report.numbers, name, tested.digest, sentence)


def log_inputs(run: Run | LaterRun, plan: TrainingPlan, training_data: TrainingData) -> None:
    """Log what the run will do before it does it."""
    task = plan.task
    run.params(
        {
            # nested names: `mlflow run` has logged the plain ones as it was given them
            "preset": {"name": plan.preset or None},
            "network": {"name": task.network, "options": task.options, "features": task.features or None},
            "training": task.config.model_dump() | {"epochs": task.config.whole_epochs},
            "spec": task.spec.model_dump(exclude_none=True),
            "start_from": plan.start_from or None,
            "data": described(training_data.source),
        }
    )
    log_learnt(run, training_data.source, f"{task.network} trained", plan.preset)
    run.tags({Tag.PRECISION: precision_of(task.config.precision)})


def described(source: DataSource) -> dict[str, Any]:
    """Return the parameters that tell what a run learns from."""
    return {"name": source.name, "digest": source.digest, "counts": source.counts}


def log_learnt(run: Run | LaterRun, source: DataSource, what: str, preset: str) -> None:
    """Log the data that a run learns from, and a sentence on what it does with it."""
    preset = f", preset {preset}" if preset else ""
    run.note(f"{what} on {source.name} ({source.digest[:12]}){preset}.")
    run.data(source.name, source.digest, source.where, source.counts, "training")


def bundle_of(path: Path, plan: TrainingPlan, trained: Trained, training_data: TrainingData) -> Bundle:
    """Convert the best weights, choose between float and quantised by exact match, and write the bundle."""
    task = plan.task
    litert, quantised = _litert(task, trained.model, *training_data.validation)
    config = BundleConfig(
        network=task.network,
        options=task.options,
        head=task.head,
        features=features_of(task.network, task.spec, task.features),
        quantised=quantised,
        preset=plan.preset or None,
    )
    metrics = {"validation": trained.progress.best, "epochs": trained.progress.epoch}
    keras_file = path.parent / "model.keras"
    trained.model.save(keras_file)
    return write_bundle(path, task.spec, config, keras_file, litert, metrics)


def _litert(task: TrainingTask, model: keras.Model, x: np.ndarray, texts: Sequence[str]) -> tuple[bytes, bool]:
    """Return the file to serve and whether it is quantised; both are checked against Keras first.

    Raises:
        ModelError: If the float32 file does not compute what Keras computes.
    """
    some = x[:1000]
    wanted = model.predict(some, batch_size=256, verbose=0)
    plain = to_litert(model)
    apart = float(np.abs(LiteRT(plain).run(some) - wanted).max())
    if not apart < 1e-2 * max(1.0, float(np.abs(wanted).max())):
        raise ModelError(f"expected the LiteRT file to agree with Keras, received logits {apart:.3g} apart; report it.")
    small = to_litert(model, quantised=True)
    truth = [task.spec.charset.normalise(text) for text in texts[: len(some)]]
    hits = [
        np.mean([a == b for a, b in zip(truth, read(task.head, logits, task.spec), strict=True)])
        for logits in (wanted, LiteRT(small).run(some))
    ]
    quantised = len(small) < len(plain) and hits[1] >= hits[0] - QUANTISED_MAY_LOSE
    return (small, True) if quantised else (plain, False)


def donor_of(uri: str) -> Donor:
    """Return the Keras model of a bundle, without what it was trained with, and what it reads.

    Raises:
        ModelError: If the address or the bundle cannot be used.
    """
    bundle = Bundle.open(locate(uri).path)
    return Donor(keras.saving.load_model(bundle.keras_path, compile=False, safe_mode=True), bundle.spec)


class TrainingBar(keras.callbacks.Callback):
    """A bar over the budget, with the last validation beside it."""

    def __init__(self, config: TrainingConfig) -> None:
        super().__init__()
        self.config = config
        self.steps, self.started = 0, time.monotonic()
        self.bar = Progress(
            TextColumn("training"),
            BarColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            console=console,
        )
        self.task = self.bar.add_task("starting", total=1.0)

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        """Show the bar."""
        self.started = time.monotonic()
        self.bar.start()

    def on_train_batch_end(self, *_: Any, **__: Any) -> None:
        """Move the bar, every 20 steps."""
        self.steps += 1
        if self.steps % 20 == 0:
            self.bar.update(self.task, completed=self._used())

    def _used(self) -> float:
        if self.config.minutes is not None:
            return (time.monotonic() - self.started) / (60 * self.config.minutes)
        return self.steps / ((self.config.whole_epochs or 1) * self.config.steps_per_epoch)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Show the last validation."""
        logs = logs or {}
        read = f"{logs.get(Metric.VAL_EXACT_MATCH, 0.0):.1%}"
        self.bar.update(
            self.task, description=f"epoch {epoch + 1}  loss {logs.get('loss', 0.0):.3f}  exact match {read}"
        )

    def on_train_end(self, *_: Any, **__: Any) -> None:
        """Fill the bar and leave it."""
        self.bar.update(self.task, completed=1.0)
        self.bar.stop()

    def __deepcopy__(self, memo: dict[int, Any]) -> "TrainingBar":
        return self  # a live display has one owner
