"""From a command's options to a training that can be run, stopped and resumed."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import yaml
from filelock import FileLock, Timeout

from captcha_core.dataset.store import MANIFEST, Dataset
from captcha_core.errors import ModelError, SpecError
from captcha_core.files import write_json
from captcha_core.models.zoo import get_network
from captcha_core.presets.preset import EvaluationConfig, Preset, load_preset
from captcha_core.progress.training_bar import TrainingBar
from captcha_core.registry.versions import check_name, locate, name_after
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from captcha_core.tracking.names import Kind, Tag
from captcha_core.tracking.runs import client, start_run
from captcha_core.training.config import TrainingConfig
from captcha_core.training.fit import Task
from captcha_core.workflows.data import (
    Cache,
    TrainingData,
    from_dataset,
    from_stream,
    labelled,
    require_labels,
    require_named,
    rows_digest,
    test_dataset,
)
from captcha_core.workflows.letter_data import from_letters
from captcha_core.workflows.train import RUNS, Outcome, checkpoint_of, train_and_register

DEFAULT_NETWORK = {"image": "image_ctc", "audio": "audio_ctc"}
DEFAULT_MINUTES = 5.0


@dataclass(frozen=True)
class Plan:
    """One training: what, on what, under which name.

    Args:
        task: What is trained.
        preset: Its preset's name, empty without one.
        scheme: The stream it learns from, or
        data: the data set's folder.
        evaluation: Fresh samples for a stream's test.
        name: Registered model.
        run_id: The run it goes on in, empty for a new one.
        letters: Single letters to learn from in place of the captchas: the folder of a data set, or one with a folder
            for each character; empty without.
        extend: Whether a training that used up its budget gets a new one.
    """

    task: Task
    preset: str
    scheme: str
    data: str
    evaluation: EvaluationConfig
    name: str
    run_id: str = ""
    letters: str = ""
    extend: bool = True

    def run(
        self, start_from: str = "", test: Callable[[], Sequence[Sample]] | None = None, tensorboard: str = ""
    ) -> Outcome:
        """Train, evaluate and register.

        Args:
            start_from: A model whose weights are taken over where they fit.
            test: Overrides where the final samples come from.
            tensorboard: A folder for TensorBoard's logs.
        """
        if self.data and test is None:
            require_labels(Dataset.open(Path(self.data)), "test")  # now, not after the training
        donor = _donor(start_from) if start_from else None
        training_data = self.training_data()
        tags = {Tag.KIND: Kind.TRAIN, Tag.PRESET: self.preset or Path(self.data).name}
        with ExitStack() as held:
            if self.run_id:
                held.enter_context(_alone(self.run_id))  # before the run is touched
            name = self.preset or Path(self.data).name
            run = held.enter_context(start_run(name, tags, self.run_id or None, keep=RUNS))
            held.enter_context(_alone(run.id))
            self._remember(run.id)
            return train_and_register(
                run,
                self.task,
                training_data,
                test or self.test,
                self.name,
                self.preset or None,
                _watchers(self.task.config, tensorboard),
                donor,
                self.extend,
            )

    def training_data(self, cache: Cache | None = None) -> TrainingData:
        """Return what it learns from; what was read stays in the cache for the next training."""
        features = get_network(self.task.network).features(self.task.spec)
        if self.scheme:
            return from_stream(get_scheme(self.scheme), features, self.task.config, cache)
        if self.task.config.oversample:
            raise SpecError(
                f"expected oversample with a live stream only, received it with the data set {self.data}; leave it out."
            )
        dataset = Dataset.open(Path(self.data))
        if self.letters:
            return from_letters(Path(self.letters), dataset, self.task.spec, features, self.task.config, cache)
        return from_dataset(dataset, self.task.spec, features, self.task.config, cache)

    def learnt(self) -> str:
        """Return a digest of the samples and labels that it learns from and is steered by, empty for a stream."""
        if self.scheme:
            return ""
        letters = Path(self.letters) if self.letters else None
        single = Dataset.open(letters).digest if letters and (letters / MANIFEST).is_file() else ""
        return rows_digest(Dataset.open(Path(self.data)), "train", "validation") + single

    def tested(self) -> Dataset:
        """Return the data set whose test split scores the result: for a stream, fresh samples in data/PRESET-test."""
        if not self.scheme:
            return Dataset.open(Path(self.data))
        folder = Path("data") / f"{self.preset or self.scheme}-test"
        return test_dataset(get_scheme(self.scheme), self.evaluation.count, folder)

    def test(self) -> Sequence[Sample]:
        """Return samples that training never sees."""
        return labelled(self.tested(), "test")

    def _remember(self, run_id: str) -> None:
        """Write what a resume needs; the checkpoint beside it holds the rest."""
        folder = RUNS / run_id
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "plan.json", {**self.record(), "learnt": self.learnt()}, indent=1)

    def record(self) -> dict[str, Any]:
        """Return the plan as plain data; :meth:`of` reads it."""
        return {
            "preset": self.preset,
            "scheme": self.scheme,
            "data": str(Path(self.data).resolve()) if self.data else "",
            "letters": str(Path(self.letters).resolve()) if self.letters else "",
            "evaluation": self.evaluation.model_dump(),
            "name": self.name,
            "spec": self.task.spec.to_json(),
            "network": self.task.network,
            "options": self.task.options,
            "training": self.task.config.model_dump(),
        }

    @classmethod
    def of(cls, record: dict[str, Any], run_id: str = "", training: dict[str, Any] | None = None) -> "Plan":
        """Build a plan from its record, with another recipe where one is given."""
        config = TrainingConfig.build(**(training or record["training"]))
        task = Task(CaptchaSpec.from_json(record["spec"]), record["network"], record["options"], config)
        return cls(
            task,
            record["preset"],
            record["scheme"],
            record["data"],
            EvaluationConfig(**record["evaluation"]),
            record["name"],
            run_id,
            record.get("letters", ""),
        )


@contextmanager
def _alone(run_id: str) -> Iterator[None]:
    """Hold the checkpoint of a run. Raises: ModelError: If another process does."""
    folder = RUNS / run_id
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock", timeout=0, is_singleton=True)
    try:
        lock.acquire()
    except Timeout:
        raise ModelError(
            f"expected a run that nobody trains, received {run_id}, which another process is training; wait for it."
        ) from None
    try:
        yield
    finally:
        lock.release()


def _watchers(config: TrainingConfig, tensorboard: str) -> list[keras.callbacks.Callback]:
    bar: list[keras.callbacks.Callback] = [TrainingBar(config)]
    return [*bar, keras.callbacks.TensorBoard(tensorboard)] if tensorboard else bar


def plan_training(
    preset: str,
    data: str,
    network: str,
    name: str,
    minutes: float,
    settings: Sequence[str] | None,
    letters: str = "",
) -> Plan:
    """Join a preset, a data set and settings.

    Raises:
        SpecError: If they name something unknown or contradict each other.
    """
    require_named(preset, data)
    chosen = load_preset(preset) if preset else _preset_for(data)
    folder = data or chosen.data or ""
    if letters and not folder:
        raise SpecError("expected --data with the captchas to read beside --letters, received none; give their folder.")
    spec = Dataset.open(Path(folder)).spec if folder else get_scheme(chosen.scheme or "").spec
    training, options = _apply(settings or (), chosen.training, {} if network else chosen.options)
    if minutes:
        training = {**training, "minutes": minutes, "epochs": None}
    task = Task(spec, network or chosen.network, options, TrainingConfig.build(**training))
    registered = check_name(name or (chosen.registered_name if preset else name_after(Path(folder).resolve().name)))
    return Plan(
        task,
        chosen.name if preset else "",
        "" if folder else chosen.scheme or "",
        folder,
        chosen.evaluation,
        registered,
        letters=letters,
    )


def resume_training(run_id: str, minutes: float) -> Plan:
    """Return the plan of a run on this machine, to go on where its checkpoint stands.

    Raises:
        ModelError: If the run left no checkpoint here.
    """
    path = RUNS / run_id / "plan.json"
    if Path(run_id).name != run_id or not path.is_file():
        known = ", ".join(sorted(p.parent.name for p in RUNS.glob("*/plan.json"))[-5:]) or "there is none"
        raise ModelError(f"expected a run begun in this folder ({known}), received {run_id!r}; give its id.")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        training = record["training"] | ({"minutes": minutes, "epochs": None} if minutes else {})
        plan = Plan.of(record, run_id, training)
    except (ValueError, TypeError, KeyError):
        raise ModelError(f"expected the plan of a training in {path}, received a damaged file; begin anew.") from None
    if "learnt" in record and record["learnt"] != plan.learnt():
        raise ModelError(
            f"expected the samples and labels in {plan.data} that {run_id} learns from, received others; put them "
            "back, or begin a new training with --start-from."
        )
    trained = checkpoint_of(run_id).exists and checkpoint_of(run_id).load_progress().finished and not minutes
    if trained and client().get_run(run_id).info.status == "FINISHED":
        raise ModelError(
            f"expected --minutes for the finished run {run_id}, received none; say how much longer it shall train."
        )
    return replace(plan, extend=not trained)  # killed before it was registered


def _preset_for(data: str) -> Preset:
    """The defaults for a data set that no preset describes."""
    spec = Dataset.open(Path(data)).spec
    return Preset(
        name="data",
        description="",
        data=data,
        network=DEFAULT_NETWORK[spec.media],
        training={"minutes": DEFAULT_MINUTES, "learning_rate": 0.005, "steps_per_epoch": 100, "augment": 0.5},
    )


def _apply(
    settings: Sequence[str], training: dict[str, Any], options: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return training settings and network options with KEY=VALUE pairs applied; values are YAML."""
    training, options = dict(training), dict(options)
    for pair in settings:
        key, value = key_value(pair, "--set", "batch_size=32")
        if key.startswith("options."):
            options[key.removeprefix("options.")] = value
        else:
            training[key.removeprefix("training.")] = value
    given = {pair.partition("=")[0].removeprefix("training.") for pair in settings}
    if "epochs" in given and "minutes" not in given:
        training["minutes"] = None  # the preset's: whoever counts epochs does not count minutes
    return training, options


def key_value(pair: str, option: str, example: str) -> tuple[str, Any]:
    """Return the two sides of a KEY=VALUE pair that an option was given; the value is YAML.

    Raises:
        SpecError: If it is no such pair.
    """
    key, equals, value = pair.partition("=")
    if not equals:
        raise SpecError(f"expected KEY=VALUE after {option}, received {pair!r}; write for example {example}.")
    try:
        return key.strip(), yaml.safe_load(value)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise SpecError(
            f"expected a value in YAML for {key.strip()} after {option}, received {value[:80]!r}; write for example "
            f"{example}."
        ) from None


def _donor(uri: str) -> keras.Model:
    from captcha_core.bundle.bundle import Bundle

    bundle = Bundle.open(locate(uri).path)
    return keras.saving.load_model(bundle.keras_path, compile=False, safe_mode=True)
