"""The renderer against the `captcha` package that it imitates, and what the package is asked for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import captcha.image
import numpy as np
import pytest

from captcha_core.errors import SpecError
from captcha_core.media.image import decode_image
from captcha_core.sources.generate import texts
from captcha_core.sources.image_render import draw_batch
from captcha_core.sources.randomness import deal
from captcha_core.sources.raster.knobs import ImageKnobs
from captcha_core.sources.raster.picture import Draws
from captcha_core.sources.raster.text import GAP, GAP_FACE, GAP_MOVE, MOVE, TILE
from captcha_core.sources.reference import draw_pictures, draw_reference
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.schemes import get_scheme


class Replay:
    """Stands in for the module ``secrets``: hands out given 32-bit draws in turn."""

    def __init__(self, draws: Sequence[int]) -> None:
        self._draws = iter(draws)

    def randbelow(self, count: int) -> int:
        return (next(self._draws) * count) >> 32

    def randbits(self, bits: int) -> int:
        return next(self._draws) >> (32 - bits)

    def choice(self, options: Sequence[Any]) -> Any:
        return options[self.randbelow(len(options))]


@contextmanager
def replayed(draws: Sequence[int]) -> Iterator[None]:
    genuine = captcha.image.secrets
    captcha.image.secrets = Replay(draws)
    try:
        yield
    finally:
        captcha.image.secrets = genuine


def in_package_order(draws: Draws, row: int, count: int, space_probability: float) -> list[int]:
    """Return a picture's draws as the package asks for them: gaps it does not take are left out, moves come last."""
    order = [*draws.background[row, 0], *draws.opacity[row, 0], *draws.foreground[row, 0]]
    moves = []
    for slots in draws.characters[row, :count]:
        order.append(slots[GAP])
        if slots[GAP] / 2**32 > space_probability:
            order += [*slots[GAP_FACE:TILE]]
            moves.append(slots[GAP_MOVE])
        order += [*slots[TILE:GAP_MOVE]]
        moves.append(slots[MOVE])
    return [int(bits) for bits in [*order, *moves, *draws.dots[row].ravel(), *draws.arcs[row].ravel()]]


def replay(scheme: Scheme, seed: int, indices: range, labels: Sequence[str]) -> np.ndarray:
    """Draw pictures with the package and the renderer's draws: what ``draw_batch`` ought to give."""
    knobs = scheme.knobs
    assert isinstance(knobs, ImageKnobs)
    lengths = np.array([len(label) for label in labels])
    draws = deal(Draws, seed, np.asarray(indices), lengths, knobs)
    pictures = []
    for row, label in enumerate(labels):
        with replayed(in_package_order(draws, row, len(label), knobs.space_probability)):
            pictures.append(draw_pictures(scheme, [label])[0])
    return np.stack(pictures)


@pytest.mark.parametrize("name", ["digits4", "alnum6"])
def test_the_same_draws_give_the_packages_bytes(name: str) -> None:
    scheme, indices = get_scheme(name), range(150)
    labels = texts(scheme, 3, indices)
    package = replay(scheme, 3, indices, labels).astype(int)
    worst = np.abs(draw_batch(scheme, 3, indices, labels, exact=True) - package).max(axis=(1, 2, 3))
    assert (worst == 0).mean() >= 0.96
    assert (worst <= 1).mean() >= 0.99
    fast = draw_batch(scheme, 3, indices, labels)
    assert np.abs(fast - package).mean() < 0.2
    assert abs((fast - package).mean()) < 0.02


def test_reference_samples_are_the_packages_pictures() -> None:
    scheme = get_scheme("alnum6")
    for sample in draw_reference(scheme, 3):
        assert sample.text is not None and 4 <= len(sample.text) <= 6 and sample.path.endswith(f"_{sample.text}.png")
        assert decode_image(sample.media).shape == scheme.spec.shape


def test_what_the_package_cannot_draw_is_refused() -> None:
    with pytest.raises(SpecError, match="received nthu6, which sets"):
        draw_pictures(get_scheme("nthu6"), ["123456"])
    with pytest.raises(SpecError, match="received speech-noisy, which sets other knobs; take digits4"):
        draw_reference(get_scheme("speech-noisy"), 1)


def test_what_cannot_be_drawn_is_refused() -> None:
    digits, letters = get_scheme("digits4"), get_scheme("alnum4")
    with pytest.raises(SpecError, match="which lacks 'ABC"):
        draw_batch(letters.turned(fonts=("strokes",)), 1, range(1), ["AB12"])
    narrow = digits.model_copy(update={"spec": digits.spec.model_copy(update={"width_px": 20})})
    with pytest.raises(SpecError, match="expected a width of at least 24 px"):
        draw_batch(narrow, 1, range(1), ["1234"])
    low = digits.model_copy(update={"spec": digits.spec.model_copy(update={"height_px": 30})})
    with pytest.raises(SpecError, match="expected fonts no larger than the height"):
        draw_batch(low, 1, range(1), ["1234"])
