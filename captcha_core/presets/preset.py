"""A preset joins what is read with how it is learnt: data, network, recipe and evaluation, by name."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from captcha_core.errors import SpecError, first_fault, short
from captcha_core.evaluation.promotion_rule import PromotionRule
from captcha_core.sources.scheme_files import is_scheme
from captcha_core.yaml_files import is_yaml, parse_yaml, read_yaml

FOLDER = Path(__file__).parent
NOUN = "preset"
STREAM_NETWORKS = {"image": "image_ctc", "audio": "audio_ctc", "wild": "strip_ctc"}
STREAM_TRAINING = {"minutes": 10, "steps_per_epoch": 200, "batch_size": 64, "learning_rate": 0.01}
MAX_EXTENDED = 8  # presets, each of which extends the next


class EvaluationConfig(BaseModel):
    """What a model that learnt from a stream is tested on: fresh samples that the captcha package draws."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(2000, ge=1)


class SearchConfig(BaseModel):
    """How a search over this preset differs from what its network declares.

    Args:
        networks: Networks to choose among; by default the preset's.
        space: What to leave of a dimension, by its name: a value, a list of values, or ``low`` and ``high``.
        minutes: Training time of a trial; by default a third of the preset's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    networks: list[str] = []
    space: dict[str, Any] = {}
    minutes: float | None = Field(None, gt=0)


class Preset(BaseModel):
    """One experiment by name.

    A file may begin with ``extends: NAME`` or another file's path: it then says what differs. Sections are joined key
    by key; ``data`` takes the place of ``scheme`` and the reverse, and another ``network`` has no options of the first.

    Args:
        scheme: What a live stream draws for training; or
        data: the folder of the data set that it trains on.
        network: A name in the zoo, with its ``options`` and settings of its ``features``.
        training: Settings of :class:`captcha_core.training.config.TrainingConfig`.
        evaluation: Fresh samples for a stream's test.
        promotion: When a new version takes the champion's place.
        search: What a search over it may try.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str
    scheme: str | None = None
    data: str | None = None
    network: str
    options: dict[str, Any] = {}
    features: dict[str, Any] = {}
    training: dict[str, Any] = {}
    evaluation: EvaluationConfig = EvaluationConfig()
    promotion: PromotionRule = PromotionRule()
    search: SearchConfig = SearchConfig()

    @model_validator(mode="after")
    def _has_source(self) -> Self:
        if (self.scheme is None) == (self.data is None):
            raise SpecError(f"expected either a scheme or data in the preset {self.name}, received both or neither.")
        return self

    @property
    def registered_name(self) -> str:
        """The registered model's name where no other is given."""
        return f"captcha-{self.name}"


def preset_names() -> list[str]:
    """Return the names of the presets that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load_preset(name: str) -> Preset:
    """Return a preset by its name, or read one from a YAML file's path. An edit is seen at the next call.

    The file may be a scheme's: its stream is learnt with a usual recipe.

    Raises:
        SpecError: If there is none (the message lists the known) or it cannot be right.
    """
    path = _path(name, Path())
    if is_scheme(_parsed(path, read_yaml(path, NOUN))):
        return _preset_for(path)
    try:
        return Preset.model_validate({"name": path.stem, **_fields(path, ())})
    except ValidationError as error:
        raise SpecError(first_fault(error, f"preset {path.name}")) from None


def _path(name: str, folder: Path) -> Path:
    path = folder / name if is_yaml(name) else FOLDER / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(preset_names())
        raise SpecError(f"expected a preset of {known} or a YAML file, received {name!r}; choose one.")
    return path


def _fields(path: Path, before: tuple[Path, ...]) -> dict[str, Any]:
    """Return what a preset says, and below that what those say that it extends."""
    if path.resolve() in before or len(before) == MAX_EXTENDED:
        chain = " -> ".join(one.name for one in (*before, path))
        raise SpecError(f"expected presets that end somewhere, received {chain}; correct an extends:.")
    fields = dict(_parsed(path, read_yaml(path, NOUN)))
    if (parent := fields.pop("extends", None)) is None:
        return fields
    if not isinstance(parent, str):
        raise SpecError(
            f"expected a preset's name after extends: in {path.name}, received {short(parent)}; correct it."
        )
    return _over(_fields(_path(parent, path.parent), (*before, path.resolve())), fields)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return one preset's fields over another's: sections are joined, and what can only stand alone is replaced."""
    replaced = {"data", "scheme"} if {"data", "scheme"} & set(above) else set()
    if above.get("network", below.get("network")) != below.get("network"):
        replaced |= {"options"}  # they are of the other network
    joined = {key: value for key, value in below.items() if key not in replaced}
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(joined.get(key), Mapping)
        joined[key] = {**joined[key], **value} if both else value
    return joined


@lru_cache(maxsize=64)
def _parsed(path: Path, content: bytes) -> dict[str, Any]:
    fields = parse_yaml(content, path, NOUN)
    scheme = fields.get("scheme")
    beside = path.parent / scheme if isinstance(scheme, str) and is_yaml(scheme) else None
    return {**fields, "scheme": str(beside.resolve())} if beside and beside.is_file() else fields


def _preset_for(path: Path) -> Preset:
    """Return how a scheme's file is trained on where no preset says it."""
    from captcha_core.sources.schemes import get_scheme  # with what draws, which not every installation has
    from captcha_core.sources.wild.scheme import WildKnobs
    from captcha_core.sources.wild.site import SiteKnobs

    scheme = get_scheme(str(path))
    kind = "wild" if isinstance(scheme.knobs, WildKnobs | SiteKnobs) else scheme.spec.media
    return Preset(
        name=scheme.name,
        description=scheme.description,
        scheme=str(path.resolve()),
        network=STREAM_NETWORKS[kind],
        training=STREAM_TRAINING | ({"ema": 0.999, "learning_rate": 0.005} if kind == "wild" else {}),
    )


def promotion_rule(preset: str) -> PromotionRule:
    """Return the rule of a preset, the usual one where there is no such preset."""
    try:
        return load_preset(preset).promotion
    except SpecError:  # trained without a preset, or by one that is gone
        return PromotionRule()
