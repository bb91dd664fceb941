"""The renderer against the `captcha` package that it imitates."""

import numpy as np
import pytest

from captcha_core.errors import SpecError
from captcha_core.sources.generate import texts
from captcha_core.sources.image_reference import draw_reference, replay_reference
from captcha_core.sources.image_render import draw_batch
from captcha_core.sources.schemes import get_scheme


@pytest.mark.parametrize("name", ["digits4", "alnum6"])
def test_the_same_draws_give_the_packages_bytes(name: str) -> None:
    scheme, indices = get_scheme(name), range(150)
    labels = texts(scheme, 3, indices)
    package = replay_reference(scheme, 3, indices, labels).astype(int)
    worst = np.abs(draw_batch(scheme, 3, indices, labels, exact=True) - package).max(axis=(1, 2, 3))
    assert (worst == 0).mean() >= 0.96
    assert (worst <= 1).mean() >= 0.99
    fast = draw_batch(scheme, 3, indices, labels)
    assert np.abs(fast - package).mean() < 0.2
    assert abs((fast - package).mean()) < 0.02


def test_what_the_package_cannot_draw_is_refused() -> None:
    with pytest.raises(SpecError, match="received nthu6, which sets"):
        draw_reference(get_scheme("nthu6"), ["123456"])


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
