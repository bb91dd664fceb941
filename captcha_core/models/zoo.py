"""Every network by name. A new one is a file and a line here."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import keras
from pydantic import ValidationError

from captcha_core.errors import ModelError, SpecError, first_fault
from captcha_core.features.audio import LogMelFeatures, SpectrogramPicture
from captcha_core.features.contract import Features
from captcha_core.features.image import ImageFeatures
from captcha_core.features.kinds import FEATURES
from captcha_core.features.letters import LetterFeatures
from captcha_core.features.segmentation.segment import Segmentation
from captcha_core.features.strip import StripFeatures
from captcha_core.models import audio_ctc, classic, image_cnn, image_ctc, letter_cnn, strip_ctc
from captcha_core.models.letter_cnn import reader
from captcha_core.models.space import DROPOUT, Space
from captcha_core.plugins import Table
from captcha_core.spec.captcha import CaptchaSpec

Head = Literal["positions", "ctc"]


@dataclass(frozen=True)
class Network:
    """How a network is built and read.

    Args:
        media: What it takes.
        head: How its logits are decoded (:mod:`captcha_core.models.decode`) and trained.
        features: The input it wants for a specification.
        build: ``(shape, spec, **options) -> keras.Model`` from features to logits.
        space: What a search may try of it.
    """

    media: Literal["image", "audio"]
    head: Head
    features: Callable[[CaptchaSpec], Features]
    build: Callable[..., keras.Model]
    space: Space = field(default_factory=Space)

    @property
    def options(self) -> dict[str, Any]:
        """The builder's options with their defaults."""
        parameters = list(inspect.signature(self.build).parameters.values())[2:]
        return {parameter.name: parameter.default for parameter in parameters}


def _fixed(height_px: int, width_px: int, channels: Literal[1, 3]) -> Callable[[CaptchaSpec], ImageFeatures]:
    """The size a classic network was made for, whatever the captcha's own."""
    return lambda _: ImageFeatures(height_px=height_px, width_px=width_px, channels=channels)


def _letters(side_px: int, channels: Literal[1, 3] = 1) -> Callable[[CaptchaSpec], LetterFeatures]:
    """Squares of a fixed size for letter networks."""
    return lambda spec: LetterFeatures(
        min_length=spec.min_length,
        max_length=spec.max_length,
        segmentation=Segmentation(side_px=side_px),
        channels=channels,
    )


_WITH_DROPOUT = Space({"dropout": DROPOUT})
_OURS = {
    "image_cnn": Network("image", "positions", ImageFeatures.of, image_cnn.build, image_cnn.SPACE),
    "image_ctc": Network("image", "ctc", ImageFeatures.of, image_ctc.build, image_ctc.SPACE),
    "strip_ctc": Network("image", "ctc", StripFeatures.of, strip_ctc.build, strip_ctc.SPACE),
    "conv3_dense1024": Network("image", "positions", _fixed(100, 120, 3), classic.conv3_dense1024),
    "conv5x5_dense2048": Network("image", "positions", _fixed(64, 128, 3), classic.conv5x5_dense2048),
    "crnn": Network("image", "ctc", _fixed(32, 104, 1), classic.crnn),
    "conv10_batchnorm": Network("image", "positions", _fixed(64, 128, 3), classic.conv10_batchnorm),
    "letters": Network("image", "positions", LetterFeatures.of, reader(letter_cnn.build), letter_cnn.SPACE),
    "letters_dense564": Network("image", "positions", _letters(28), reader(classic.conv84_dense564), _WITH_DROPOUT),
    "letters_dense128": Network("image", "positions", _letters(30, 3), reader(classic.conv32_dense128), _WITH_DROPOUT),
    "audio_ctc": Network("audio", "ctc", LogMelFeatures.of, audio_ctc.build, audio_ctc.SPACE),
    "audio_conv10_batchnorm": Network("audio", "positions", SpectrogramPicture.of, classic.conv10_batchnorm),
}
NETWORKS: Table[Network] = Table("network", _OURS, lambda registered: Network(**registered))


def get_network(name: str) -> Network:
    """Return a network by its name.

    Raises:
        ModelError: If there is none; the message lists the known.
    """
    try:
        return NETWORKS[name]
    except KeyError:
        raise ModelError(f"expected a network of {', '.join(NETWORKS)}, received {name!r}; choose one.") from None


def features_of(name: str, spec: CaptchaSpec, settings: Mapping[str, Any] | None = None) -> Features:
    """Return what a network sees of a specification's captchas, with some of its settings set to other values.

    Raises:
        ModelError: If there is no such network.
        SpecError: If a setting is unknown or out of its bounds.
    """
    features = get_network(name).features(spec)
    names = getattr(type(features), "model_fields", features.model_dump())  # with those that a dump leaves out
    unknown = sorted(set(settings or {}) - set(names))
    if unknown:
        known = ", ".join(names)
        raise SpecError(f"expected features of {name} ({known}), received {unknown[0]!r}; correct the name.")
    try:
        return FEATURES.validate_python({**features.model_dump(), **(settings or {})}) if settings else features
    except ValidationError as error:
        raise SpecError(first_fault(error, f"setting of the features of {name}")) from None


def build_network(
    name: str,
    spec: CaptchaSpec,
    options: Mapping[str, Any] | None = None,
    features: Mapping[str, Any] | None = None,
) -> keras.Model:
    """Build a network for a specification, with options of its own and settings of its features.

    Raises:
        ModelError: If the name or an option is unknown, or what was built takes or gives something else.
        SpecError: If the network cannot serve the specification.
    """
    network = get_network(name)
    if network.media != spec.media:
        raise SpecError(f"expected {network.media} captchas for {name}, received {spec.media}; choose another network.")
    unknown = sorted(set(options or {}) - set(network.options))
    if unknown:
        known = ", ".join(network.options) or "none"
        raise ModelError(f"expected options of {name} ({known}), received {unknown[0]!r}; correct the name.")
    shape = features_of(name, spec, features).shape
    model = network.build(shape, spec, **(options or {}))
    _check_ends(name, model, tuple(shape), spec)
    return model


def is_ours(name: str) -> bool:
    """Say whether a network is the package's own, and not one that a plugin brought."""
    return name in _OURS


def _check_ends(name: str, model: keras.Model, shape: tuple[int, ...], spec: CaptchaSpec) -> None:
    """Refuse a network that could be trained, and whose LiteRT file could not be used afterwards.

    Raises:
        ModelError: If its input is not the features as they are, or its output no logits of the specification.
    """
    ends: list[Sequence[Any]] = [
        getattr(model, end, None) or () for end in ("inputs", "outputs")
    ]  # a model that is not built has none
    if [len(end) for end in ends] != [1, 1]:
        raise ModelError(
            f"expected a functional Keras model with one input and one output from {name}, received "
            f"{type(model).__name__} with {len(ends[0])} and {len(ends[1])}; build it from keras.Input to its logits."
        )
    entry, exit_ = ends[0][0], ends[1][0]
    if tuple(entry.shape[1:]) != shape or entry.dtype != "uint8":
        raise ModelError(
            f"expected an input of {shape} in uint8 from {name}, received {tuple(entry.shape[1:])} in {entry.dtype}; "
            "begin it with keras.Input(shape, dtype='uint8')."
        )
    steps = (spec.max_length,) if get_network(name).head == "positions" else ("T",)
    found = tuple(exit_.shape[1:])
    if len(found) != 2 or found[1] != spec.charset.classes or (steps != ("T",) and found[:1] != steps):
        raise ModelError(
            f"expected logits of {(*steps, spec.charset.classes)} from {name}, received {found}; the last axis has a "
            "class for each character and the blank."
        )
