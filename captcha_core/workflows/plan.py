"""From a preset, a data set and settings to a training that can be run, stopped and resumed.

Resolving needs no Keras: names and settings are checked before the seconds that its start takes.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from captcha_core.dataset.store import MANIFEST, Dataset
from captcha_core.errors import SpecError
from captcha_core.files import write_json
from captcha_core.presets.preset import EvaluationConfig, Preset, load_preset
from captcha_core.registry.versions import BUILTIN, BUILTIN_AUDIO, check_name, name_after
from captcha_core.sources.programs.scheme import ProgramKnobs
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.tracking.runs import RUNS
from captcha_core.training.config import TrainingConfig, TrainingTask
from captcha_core.workflows.audio_start import start_on_clips
from captcha_core.workflows.data import (
    Cache,
    DataSource,
    TrainingData,
    from_dataset,
    from_letters,
    from_stream,
    rows_digest,
    test_dataset,
)
from captcha_core.workflows.start import options_of_builtin, start_on, start_on_program
from captcha_core.yaml_files import is_yaml

PLAN = "plan.json"
PROGRAM_TEST = 1000  # fresh captchas of a program, which may draw 10 a second
NO_START = "none"  # as a model to start from: random weights
DEFAULT_NETWORK = {"image": "image_ctc", "audio": "audio_ctc"}
DEFAULT_TRAINING = {"minutes": 5.0, "learning_rate": 0.005, "steps_per_epoch": 100, "augment": 0.5}


@dataclass(frozen=True)
class TrainingPlan:
    """One training: what is trained, on a scheme's stream or the data set in a folder, and its registered name.

    Args:
        evaluation: Fresh samples for a stream's test.
        run_id: The run it goes on in, empty for a new one.
        letters: Single letters to learn from in place of the captchas: the folder of a data set, or one with a folder
            for each character.
        start_from: A model whose weights are taken over, empty for none.
        extend: Whether a training that used up its budget gets a new one.
        program: The scheme of somebody else's program, in place of one of ours.
    """

    task: TrainingTask
    preset: str
    scheme: str
    data: str
    evaluation: EvaluationConfig
    name: str
    run_id: str = ""
    letters: str = ""
    start_from: str = ""
    extend: bool = True
    program: Scheme | None = None

    @property
    def drawn(self) -> Scheme:
        """What its stream draws."""
        return self.program or get_scheme(self.scheme)

    @property
    def label(self) -> str:
        """The preset's name, or without one that of the data set's folder."""
        return self.preset or (Path(self.data).absolute().name if self.data else self.scheme)

    def training_data(self, cache: Cache | None = None) -> TrainingData:
        """Return what it learns from; what was read stays in the cache for the next training."""
        from captcha_core.models.zoo import features_of

        spec, config, cache = self.task.spec, self.task.config, {} if cache is None else cache
        features = features_of(self.task.network, spec, self.task.features)
        if self.scheme:
            return from_stream(self.drawn, features, config, cache)
        if config.oversample:
            raise SpecError(
                f"expected oversample with a live stream only, received it with the data set {self.data}; leave it out."
            )
        dataset = Dataset.open(Path(self.data))
        if self.letters:
            return from_letters(Path(self.letters), dataset, spec, features, config, cache)
        return from_dataset(dataset, spec, features, config, cache)

    def source(self) -> DataSource:
        """Return what it learns from, without reading it."""
        if self.scheme:
            return DataSource.of_stream(self.drawn, self.task.config)
        return DataSource.of_dataset(Dataset.open(Path(self.data)))

    def learnt(self) -> str:
        """Return a digest of what it learns from and is steered by; empty for the stream of a scheme that we bring."""
        if self.scheme:
            return self.drawn.digest if self.program or is_yaml(self.scheme) else ""
        letters = Path(self.letters) if self.letters else None
        single = Dataset.open(letters).digest if letters and (letters / MANIFEST).is_file() else ""
        return rows_digest(Dataset.open(Path(self.data)), "train", "validation") + single

    def tested(self) -> Dataset:
        """Return the data set whose test split scores the result: for a stream, fresh samples in data/PRESET-test."""
        if not self.scheme:
            return Dataset.open(Path(self.data))
        edition = f"-{self.drawn.digest[:8]}" if self.program or is_yaml(self.scheme) else ""  # ours stay as they are
        folder = Path("data") / f"{self.preset or self.drawn.name}{edition}-test"
        return test_dataset(self.drawn, self.evaluation.count, folder)

    def save(self, run_id: str) -> None:
        """Write what a resume needs; the checkpoint beside it holds the rest."""
        write_json(RUNS / run_id / PLAN, {**self.record(), "learnt": self.learnt()})

    def record(self) -> dict[str, Any]:
        """Return the plan as plain data; :meth:`of` reads it."""
        return {
            "preset": self.preset,
            "scheme": recorded_path(self.scheme) if is_yaml(self.scheme) else self.scheme,
            "program": self.program and self.program.model_dump(mode="json", serialize_as_any=True),
            "data": recorded_path(self.data),
            "letters": recorded_path(self.letters),
            "start_from": self.start_from,
            "evaluation": self.evaluation.model_dump(),
            "name": self.name,
            "spec": self.task.spec.to_json(),
            "network": self.task.network,
            "options": self.task.options,
            "features": self.task.features,
            "training": self.task.config.model_dump(),
        }

    @classmethod
    def of(cls, record: dict[str, Any], run_id: str = "", training: dict[str, Any] | None = None) -> "TrainingPlan":
        """Build a plan from its record, with another recipe where one is given."""
        config = TrainingConfig.build(**(training or record["training"]))
        spec, seen = CaptchaSpec.from_json(record["spec"]), record.get("features", {})
        task = TrainingTask(spec, record["network"], record["options"], config, seen)
        return cls(
            task,
            record["preset"],
            record["scheme"],
            record["data"],
            EvaluationConfig(**record["evaluation"]),
            record["name"],
            run_id,
            record.get("letters", ""),
            record.get("start_from", ""),
            program=_program_of(record.get("program")),
        )


def recorded_path(folder: str) -> str:
    """Return a folder as plans name it: seen from the project where it lies in that, which may be moved as a whole."""
    if not folder:
        return ""
    for whole in (Path(os.path.abspath(folder)), Path(folder).resolve()):  # noqa: PTH100  links stay links
        if whole.is_relative_to(Path.cwd()):
            return str(whole.relative_to(Path.cwd()))
    return str(whole)


def plan_training(
    preset: str | Preset | None = None,
    data: str | Path | None = None,
    network: str | None = None,
    name: str | None = None,
    minutes: float | None = None,
    settings: Mapping[str, Any] | None = None,
    letters: str | Path | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    start_from: str | None = None,
    program: Scheme | None = None,
) -> TrainingPlan:
    """Join a preset, a data set and settings; what is empty, 0 or None is not given.

    Args:
        preset: A preset, its name or a YAML file.
        data: Folder of a data set, in place of the preset's.
        network: By default the preset's; another one has no options of the preset.
        minutes: Budget as training time; or
        epochs: budget in epochs.
        settings: Training settings by name, network options as ``options.NAME``, those of its features as
            ``features.NAME``.
        start_from: A model whose weights are taken over. By default a data set of images that no preset describes is
            learnt from the builtin reader; ``none`` starts it from random weights.
        program: The scheme of a program, whose stream it learns from.

    Raises:
        SpecError: If there is neither preset nor data, or they name something unknown or contradict each other.
        DataError: If the folder, or the preset's, holds no data set.
    """
    if program and (preset or data):
        raise SpecError("expected a program, or --preset and --data, received both; leave one out.")
    if not (preset or data or program):
        raise SpecError("expected --preset, --data or both, received neither; captchalab presets lists the presets.")
    if minutes and epochs:
        raise SpecError("expected a budget in minutes or in epochs, received both; leave one out.")
    named = _loaded(preset)
    folder = str(data or (named and named.data) or "")
    dataset = Dataset.open(Path(folder)) if folder else None
    if letters and dataset is None:
        raise SpecError("expected --data with the captchas to read beside --letters, received none; give their folder.")
    drawn = program or (None if dataset else get_scheme((named and named.scheme) or ""))
    spec = dataset.spec if dataset else drawn.spec if drawn else None
    assert spec is not None
    chosen = named or _preset_for(folder, spec, program.name if program else "")
    own = dataset or program
    ships = BUILTIN_AUDIO if spec.media == "audio" else BUILTIN
    by_default = not network and start_from in (None, "", BUILTIN, ships)  # who names the default gets what it gives
    if own is not None and named is None and spec.media == "image" and by_default:
        start = start_on(own) if isinstance(own, Dataset) else start_on_program(own)
        known = {"network": start.network, "options": start.options, "features": start.features}
        chosen = chosen.model_copy(update={**known, "training": start.training})
        start_from = start.start_from
    elif dataset and named is None and spec.media == "audio" and not network:
        heard = start_on_clips(dataset, ships if by_default else "" if start_from == NO_START else str(start_from))
        known = {"options": heard.options, "features": heard.features}
        chosen = chosen.model_copy(update={**known, "training": heard.training})
        start_from = heard.start_from
    elif own is None and start_from == BUILTIN and not chosen.options and network in ("", None, chosen.network):
        chosen = chosen.model_copy(update={"options": options_of_builtin(chosen.network)})  # a scheme's file names none
    same = not network or network == chosen.network
    options, features = (chosen.options, chosen.features) if same else ({}, {})
    training, options, features = _apply(settings or {}, chosen.training, options, features)
    training |= budget_settings(minutes, epochs) | ({} if seed is None else {"seed": seed})
    task = TrainingTask(spec, network or chosen.network, options, TrainingConfig.build(**training), features)
    return TrainingPlan(
        task,
        preset=named.name if named else "",
        scheme="" if dataset else chosen.scheme or "",
        data=folder,
        evaluation=chosen.evaluation,
        name=check_name(name or registered_name(named, folder or chosen.scheme or "")),
        letters=str(letters or ""),
        start_from="" if start_from in (None, NO_START) else start_from,
        program=program,
    )


def registered_name(preset: str | Preset | None, data: str) -> str:
    """Return the name under which a training is registered by default, whether its data is there or not."""
    named = _loaded(preset)
    return named.registered_name if named else name_after(Path(data).resolve().name)


def _loaded(preset: str | Preset | None) -> Preset | None:
    if isinstance(preset, str):
        return load_preset(preset) if preset else None
    return preset


def _preset_for(data: str, spec: CaptchaSpec, scheme: str) -> Preset:
    """Return the defaults for a data set, or a program's scheme, that no preset describes."""
    network = DEFAULT_NETWORK[spec.media]
    source: dict[str, Any] = {"data": data}
    if scheme:
        source = {"scheme": scheme, "evaluation": EvaluationConfig(count=PROGRAM_TEST)}
    return Preset(name="data", description="", network=network, training=DEFAULT_TRAINING, **source)


def _program_of(record: dict[str, Any] | None) -> Scheme | None:
    return Scheme(**{**record, "knobs": ProgramKnobs(**record["knobs"])}) if record else None


def _apply(
    settings: Mapping[str, Any],
    training: Mapping[str, Any],
    options: Mapping[str, Any],
    features: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return settings of the training, of the network and of its features with others in their place."""
    training, options, features = dict(training), dict(options), dict(features)
    for key, value in settings.items():
        if key.startswith("options."):
            options[key.removeprefix("options.")] = value
        elif key.startswith("features."):
            features[key.removeprefix("features.")] = value
        else:
            training[key.removeprefix("training.")] = value
    given = {key.removeprefix("training.") for key in settings}
    if given & {"minutes", "epochs", "samples"}:  # the preset's own budget is another
        training |= dict.fromkeys({"minutes", "epochs", "samples"} - given)
    return training, options, features


def budget_settings(minutes: float | None, epochs: int | None = None) -> dict[str, float | None]:
    """Return the settings of a budget in place of another; none where neither is given."""
    if not (minutes or epochs):
        return {}
    return {"minutes": minutes or None, "epochs": epochs or None, "samples": None}
