"""One contract for every network: it builds, learns, is saved without code, and computes the same under LiteRT."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from captcha_core.bundle.bundle import LiteRT
from captcha_core.bundle.convert import rehearse, to_litert
from captcha_core.errors import ModelError, SpecError
from captcha_core.features.image import ImageFeatures
from captcha_core.models.decode import read
from captcha_core.models.zoo import NETWORKS, Network, build_network, get_network
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.training.config import TrainingConfig
from captcha_core.training.fit import optimizer_of
from captcha_core.training.losses import loss_of

IMAGE = CaptchaSpec.build(
    media="image", alphabet="abc", min_length=1, max_length=3, height_px=32, width_px=64, channels=1
)
AUDIO = CaptchaSpec.build(
    media="audio", alphabet="abc", min_length=1, max_length=3, sample_rate_hz=8_000, max_seconds=1.5
)
SPECS = {"image": IMAGE, "audio": AUDIO}
IMAGE_NETWORKS = [name for name, network in NETWORKS.items() if network.media == "image"]
LETTERS = [name for name in IMAGE_NETWORKS if name.startswith("letters")]


def shape_of(name: str) -> tuple[int, ...]:
    """A small input: images of 32 x 64, whatever size the network was made for, clips of 1.5 s, letters as they are."""
    media = get_network(name).media
    if media == "image" and name not in LETTERS:
        return IMAGE.shape
    return get_network(name).features(SPECS[media]).shape


def small(name: str) -> keras.Model:
    keras.utils.set_random_seed(0)
    return get_network(name).build(shape_of(name), SPECS[get_network(name).media])


def batch(name: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("abc"), rng.integers(1, 4))) for _ in range(count)]
    x = rng.integers(0, 256, (count, *shape_of(name)), dtype=np.uint8)
    if name in LETTERS:  # empty squares stand behind a short text
        x *= (np.arange(3) < np.array([len(text) for text in texts])[:, None])[..., None, None, None]
    return x, IMAGE.charset.encode(texts, 3)


@pytest.mark.parametrize("name", NETWORKS)
def test_it_learns_a_batch_by_heart(name: str) -> None:
    model = small(name)
    recipe = TrainingConfig.build(epochs=1, optimizer="adam", learning_rate=1e-3, ema=0.0)
    model.compile(optimizer=optimizer_of(recipe), loss=loss_of(get_network(name).head, 0.0))
    x, ids = batch(name, 16)
    losses = [float(model.train_on_batch(x, ids)) for _ in range(12)]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_saved_without_code_and_computes_the_same_everywhere(name: str, tmp_path: Path) -> None:
    model = small(name)
    x, _ = batch(name, 4)
    wanted = model.predict(x, verbose=0)
    assert wanted.shape[0] == 4
    assert wanted.shape[2] == IMAGE.charset.classes
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True, compile=False)
    assert np.abs(again.predict(x, verbose=0) - wanted).max() < 1e-4
    assert np.abs(LiteRT(to_litert(model)).run(x) - wanted).max() < 1e-3 * max(1.0, np.abs(wanted).max())
    texts = read(get_network(name).head, wanted, IMAGE)
    assert all(IMAGE.min_length <= len(text) <= IMAGE.max_length for text in texts)


@pytest.mark.parametrize("name", NETWORKS)
def test_it_refuses_other_media_and_unknown_options(name: str) -> None:
    right = SPECS[get_network(name).media]
    wrong = AUDIO if right is IMAGE else IMAGE
    with pytest.raises(SpecError, match="choose another network"):
        build_network(name, wrong)
    with pytest.raises(ModelError, match="received 'colour'"):
        build_network(name, right, {"colour": "red"})


@pytest.mark.parametrize("name", [name for name in IMAGE_NETWORKS if name not in ("image_cnn", *LETTERS)])
def test_an_image_that_is_too_small_is_refused(name: str) -> None:
    with pytest.raises(SpecError, match="expected"):
        get_network(name).build((3, 3, 1), IMAGE)


def test_too_few_time_steps_are_refused() -> None:
    long = IMAGE.model_copy(update={"max_length": 30, "min_length": 30})
    with pytest.raises(SpecError, match="expected at least 59 time steps for labels of up to 30 characters"):
        build_network("image_ctc", long, {"width_poolings": 3})


def test_an_unknown_network_names_the_known() -> None:
    with pytest.raises(ModelError, match="image_ctc"):
        get_network("transformer")


@pytest.mark.parametrize(("name", "parameters"), [("crnn", 415_051), ("conv3_dense1024", 8_622_124)])
def test_classics_have_the_size_their_authors_gave(name: str, parameters: int) -> None:
    spec = CaptchaSpec.build(
        media="image", alphabet="0123456789", min_length=4, max_length=4, height_px=60, width_px=160, channels=1
    )
    assert build_network(name, spec).count_params() == parameters


def built(shape: tuple[int, ...], steps: int, classes: int, dtype: str, *between: keras.layers.Layer) -> keras.Model:
    """A network as a plugin might build it."""
    entry = keras.Input(shape, dtype=dtype)
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(entry))
    for layer in between:
        x = layer(x)
    return keras.Model(entry, keras.layers.Reshape((steps, classes))(keras.layers.Dense(steps * classes)(x)))


@pytest.mark.parametrize(
    ("head", "build", "message"),
    [
        ("positions", lambda shape, _: built(shape, 3, 4, "float32"), r"uint8 from odd, received .* in float32; begin"),
        (
            "positions",
            lambda shape, _: built((8, 8, 1), 3, 4, "uint8"),
            r"input of \(32, 64, 1\).*received \(8, 8, 1\)",
        ),
        ("positions", lambda shape, _: built(shape, 3, 3, "uint8"), r"logits of \(3, 4\) from odd, received \(3, 3\)"),
        ("positions", lambda shape, _: built(shape, 2, 4, "uint8"), r"logits of \(3, 4\) from odd, received \(2, 4\)"),
        ("ctc", lambda shape, _: built(shape, 9, 5, "uint8"), r"logits of \('T', 4\) from odd, received \(9, 5\)"),
        ("ctc", lambda shape, _: None, "one input and one output from odd, received NoneType with 0 and 0"),
        ("ctc", lambda shape, _: keras.Sequential(), "received Sequential with 0 and 0"),
    ],
)
def test_what_could_be_trained_and_not_used_is_refused_when_it_is_built(
    monkeypatch: pytest.MonkeyPatch, head: Any, build: Any, message: str
) -> None:
    monkeypatch.setitem(NETWORKS._things, "odd", Network("image", head, ImageFeatures.of, build))
    with pytest.raises(ModelError, match=message):
        build_network("odd", IMAGE)


def test_a_network_that_cannot_be_kept_is_refused_before_its_training() -> None:
    rehearse(built((8, 8, 1), 3, 4, "uint8"))
    with pytest.raises(ModelError, match="loaded without code of its own.*without Lambda"):
        rehearse(built((8, 8, 1), 3, 4, "uint8", keras.layers.Lambda(lambda x: x + 1)))
