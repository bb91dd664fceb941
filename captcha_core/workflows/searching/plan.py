"""What a search is, written down when it begins; a resume must agree with it."""

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from captcha_core.errors import ModelError, SpecError
from captcha_core.files import read_json, write_json
from captcha_core.models.space import Configuration, SearchSpace
from captcha_core.models.zoo import NETWORKS, get_network
from captcha_core.presets.preset import SearchConfig
from captcha_core.tracking.names import Metric, Tag
from captcha_core.tracking.provenance import origin, own_tags
from captcha_core.tracking.runs import RUNS
from captcha_core.training.config import TrainingConfig, TrainingTask
from captcha_core.training.search.objective import Objective
from captcha_core.training.search.oracles import check_tuner
from captcha_core.workflows.plan import TrainingPlan

FILE = "search.json"
RESULT, FAILURE = "result.json", "failure.json"  # in the folder of a trial
FAULT = "fault.json"  # in the folder of the search: a fault in the code
TRIAL_SHARE = 3  # of a preset's minutes, by default
BUDGETED = ("minutes", "epochs", "samples")  # the first that is set counts
NOT_IN_NAMES = re.compile(r"[^\w.-]")


@dataclass(frozen=True)
class SearchLimits:
    """What a trial may cost at most, None for no limit."""

    latency_ms: float | None = None
    bytes: int | None = None


@dataclass(frozen=True)
class SearchPlan:
    """One search.

    Args:
        base: The preset's own training: the default that the winner is measured against.
        overrides: What was asked to be left of the space.
        budget: ``minutes``, ``epochs`` or ``samples`` of a trial.
        retries: How often a trial that failed for a passing reason is run again.
    """

    name: str
    base: TrainingPlan
    overrides: Mapping[str, Any]
    networks: tuple[str, ...]
    tuner: str
    trials: int
    seed: int
    objective: Objective
    budget: Mapping[str, float]
    limits: SearchLimits = SearchLimits()
    retries: int = 0
    uid: str = field(default_factory=lambda: uuid.uuid4().hex)
    run_id: str = ""
    space: SearchSpace = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "space", _space(self.base, self.networks, self.overrides))

    @property
    def folder(self) -> Path:
        """Folder of the search in this place."""
        return folder_of(self.name)

    def trial_folder(self, trial_id: str) -> Path:
        """Return the folder of a trial."""
        return self.folder / "trials" / f"{int(trial_id):04d}"

    def key(self, trial_id: str) -> str:
        """Return what tells the run of a trial apart from all others."""
        return f"{self.uid}/{int(trial_id):04d}"

    def child_tags(self, kind: str) -> dict[str, str]:
        """Return the tags of a run below the parent's; its origin is that of this process, whoever sends them."""
        tags = {Tag.PARENT: self.run_id, Tag.KIND: kind, Tag.SEARCH: self.name, Tag.PRESET: self.base.label}
        return {**origin(), **tags, **own_tags()}

    def task(self, configuration: Configuration, budget: Mapping[str, float], attempt: int = 0) -> TrainingTask:
        """Return what a trial trains.

        Raises:
            SpecError: If the recipe cannot be.
        """
        own = self.base.task
        options, features = (own.options, own.features) if configuration.network == own.network else ({}, {})
        training = {key: value for key, value in own.config.model_dump().items() if key not in BUDGETED}
        training |= {**configuration.training, **budget, "seed": own.config.seed + attempt}
        config = TrainingConfig.build(**training)
        return TrainingTask(own.spec, configuration.network, options | configuration.options, config, features)

    def default_values(self) -> dict[str, Any] | None:
        """Return the axes' values of the default, None where the space does not hold it."""
        own = self.base.task
        options = {**get_network(own.network).options, **own.options}
        return self.space.values(Configuration(own.network, options, own.config.model_dump()))

    def save(self) -> None:
        """Write what :meth:`load` reads."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.folder / FILE, self.record(), indent=1)

    def record(self) -> dict[str, Any]:
        """Return the search as plain data."""
        plain = {
            "base": self.base.record(),
            "networks": list(self.networks),
            "objective": self.objective.metric,
            "limits": asdict(self.limits),
            "space": self.space.record(),
        }
        return {one.name: getattr(self, one.name) for one in fields(self)} | plain

    @classmethod
    def load(cls, name: str) -> "SearchPlan":
        """Return the search that was begun under a name in this folder.

        Raises:
            ModelError: If there is none.
        """
        path = folder_of(name) / FILE
        if not path.is_file():
            known = ", ".join(names()) or "there is none"
            raise ModelError(f"expected a search begun in this folder ({known}), received {name!r}; give its name.")
        record = read_json(path)
        space = record.pop("space")
        built = {
            "base": TrainingPlan.of(record["base"]),
            "networks": tuple(record["networks"]),
            "objective": Objective.named(record["objective"]),
            "limits": SearchLimits(**record["limits"]),
        }
        plan = cls(**record | built)
        if json.loads(json.dumps(plan.space.record())) != space:
            raise SpecError(
                f"expected the space that the search {name} was begun with, received another: its network declares "
                "something else now; begin a new search."
            )
        return plan


def folder_of(name: str) -> Path:
    """Return the folder of a search."""
    return RUNS / f"search-{name}"


def names() -> list[str]:
    """Return the searches that were begun in this folder."""
    return sorted(path.parent.name.removeprefix("search-") for path in RUNS.glob(f"search-*/{FILE}"))


def plan_search(
    base: TrainingPlan,
    *,
    name: str = "",
    tuner: str,
    trials: int,
    seed: int = 0,
    objective: str = Metric.VAL_EXACT_MATCH,
    networks: Sequence[str] = (),
    config: SearchConfig = SearchConfig(),
    overrides: Mapping[str, Any] | None = None,
    minutes: float = 0.0,
    epochs: int = 0,
    limits: SearchLimits = SearchLimits(),
    retries: int = 0,
) -> SearchPlan:
    """Join a training with what is to be searched.

    Args:
        base: The training whose settings are the default.
        name: Of the search; by default that of the preset or data with the tuner and a number.
        networks: By default those of ``config``, else the training's.
        config: The preset's section on searches.
        overrides: Dimensions to narrow beyond that.
        minutes: Training time of a trial; or
        epochs: its epochs; by default a share of the preset's minutes.

    Raises:
        SpecError: If the name is taken, or the tuner, the space or the objective cannot be.
    """
    check_tuner(tuner)
    return SearchPlan(
        name=_new_name(name, base, tuner),
        base=base,
        overrides={**config.space, **(overrides or {})},
        networks=tuple(dict.fromkeys(tuple(networks) or tuple(config.networks) or (base.task.network,))),
        tuner=tuner,
        trials=trials,
        seed=seed,
        objective=Objective.named(objective),
        budget=_budget(base.task.config, minutes or config.minutes or 0.0, epochs),
        limits=limits,
        retries=retries,
    )


def _new_name(name: str, base: TrainingPlan, tuner: str) -> str:
    """Return the name of a new search, checked, or the next free one where none is given."""
    label = NOT_IN_NAMES.sub("-", base.preset or Path(base.data).resolve().name)
    name = name or next(free for n in range(1, 10**6) if not folder_of(free := f"{label}-{tuner}-{n}").exists())
    if (folder_of(name) / FILE).exists():
        raise SpecError(
            f"expected a new name for the search, received {name!r}, which is taken; choose another, or go on with it "
            f"by --resume {name}."
        )
    if NOT_IN_NAMES.search(name) or not name.strip("-_."):
        raise SpecError(
            f"expected a name of letters, digits, dots, dashes and underscores, received {name!r}; rename it."
        )
    return name


def _budget(config: TrainingConfig, minutes: float, epochs: int) -> dict[str, float]:
    """Return the budget of a trial, by default a share of a whole training's."""
    if not (minutes or epochs) and config.samples:
        return {"samples": config.samples}
    if epochs or not (minutes or config.minutes):
        return {"epochs": epochs or config.epochs or 1}
    return {"minutes": minutes or (config.minutes or 0.0) / TRIAL_SHARE}


def resume_search(name: str, given: Mapping[str, Any], trials: int = 0) -> SearchPlan:
    """Return a search to go on with, longer where more trials are asked for.

    Args:
        given: What else is given, as in the record of the plan; it must agree.
        trials: How many in all, 0 for as many as before.

    Raises:
        SpecError: If what is given differs from the search, or trials are fewer than before.
    """
    plan = SearchPlan.load(name)
    base = plan.base.record()
    own = {**base, **plan.record(), "registered": base["name"]}
    for key, value in given.items():
        same = value.items() <= own[key].items() if isinstance(value, dict) else own[key] == value
        if not same:
            noun = {"overrides": "space", "registered": "registered model"}.get(key, key)
            raise SpecError(
                f"expected the {noun} of the search {name}, {own[key]!r}, received {value!r}; resume without it, or "
                "begin a new search."
            )
    if trials and trials < plan.trials:
        raise SpecError(
            f"expected at least the {plan.trials} trials of the search {name}, received {trials}; a search can be "
            "extended, not cut."
        )
    return replace(plan, trials=trials or plan.trials)


def _space(base: TrainingPlan, networks: Sequence[str], overrides: Mapping[str, Any]) -> SearchSpace:
    media = base.task.spec.media
    for network in networks:
        if get_network(network).media != media:
            fitting = ", ".join(name for name, one in NETWORKS.items() if one.media == media)
            raise SpecError(f"expected networks for {media} captchas ({fitting}), received {network!r}; choose one.")
    without = ["augment"] if base.scheme or media == "audio" else []  # a live stream never repeats itself
    return SearchSpace.of({network: get_network(network).space for network in networks}, overrides, without)
