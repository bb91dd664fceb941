"""The scheme ``site``: every trait is a knob that shows, and a picture depends on seed and number alone."""

from typing import Any

import numpy as np
import pytest

from captcha_core.errors import SpecError
from captcha_core.sources.generate import draw_arrays
from captcha_core.sources.schemes import get_scheme

PLAIN = get_scheme("site").turned(fonts=("DejaVuSans",))
TRAITS: dict[str, Any] = {
    "sizes_px": [[30, 90]], "pages": [[0, 0, 0]], "inks": [[200, 0, 0]], "page_spread": 60, "ink_spread": 60,
    "background": "clouds", "fonts": ["DejaVuSerif"], "height": (0.3, 0.3), "fill": (0.5, 0.5), "wide": (0.7, 0.7),
    "rotate_deg": 40, "slant": 0.5, "spacing": (0.7, 0.7), "jitter": 0.2, "size_change": 0.4, "stretch": 0.3,
    "swing": 0.3, "edge": 0.0, "aliased": 1.0, "bold_px": 2, "bend": 1.0, "pepper": 0.1, "lines": (2, 3),
    "curves": (1, 2), "dashes": 20, "dots": 20, "grain": 12, "frame": True, "blur": 1.0, "coarse": 0.5, "jpeg": 30,
    "one_bit": True,
}  # fmt: skip
WAYS: dict[str, tuple[str, ...]] = {
    "lettering": ("outline", "edged", "double", "shadow", "dotted"), "background": ("gradient", "clouds", "scene"),
}  # fmt: skip
BENDS = ("waves", "lens", "rubber", "tilt", "slices")


def drawn(**knobs: Any) -> list[np.ndarray]:
    return list(draw_arrays(PLAIN.turned(**knobs), 3, range(6))[0])


def differ(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return any(a.shape != b.shape or not np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("name", TRAITS)
def test_every_trait_shows(name: str) -> None:
    assert differ(drawn(), drawn(**{name: TRAITS[name]}))


@pytest.mark.parametrize(("name", "way"), [(name, way) for name, ways in WAYS.items() for way in ways])
def test_every_way_shows(name: str, way: str) -> None:
    assert differ(drawn(), drawn(**{name: way}))


def test_texts_are_bent_in_every_way() -> None:
    found = [drawn(bend=1.5, bending=way) for way in BENDS]
    assert all(differ(found[i], found[j]) for i in range(len(found)) for j in range(i))
    assert differ(drawn(bend=1.5, lines=(2, 2)), drawn(bend=1.5, lines=(2, 2), bends_all=True))


def test_pictures_depend_on_seed_and_number_alone() -> None:
    scheme = PLAIN.turned(variants=[{"rotate_deg": 30}, {"pepper": 0.1}, {"fonts": ["DejaVuSerif"]}])
    there, back = draw_arrays(scheme, 5, range(20))[0], draw_arrays(scheme, 5, range(10, 20))[0]
    assert all(np.array_equal(a, b) for a, b in zip(there[10:], back, strict=True))


def test_size_and_channels_are_those_of_the_specification() -> None:
    spec = PLAIN.spec.model_copy(update={"height_px": 40, "width_px": 100, "channels": 1})
    pictures, texts = draw_arrays(PLAIN.model_copy(update={"spec": spec}), 0, range(4))
    assert {picture.shape for picture in pictures} == {(40, 100, 1)}
    assert all(4 <= len(text) <= 6 and text.isdecimal() for text in texts)


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"height": (0.8, 0.5)}, "expected the lesser of height first"),
        ({"fonts": ("NoSuchFont",)}, "expected a font of this machine"),
        ({"lettering": "gold"}, "received 'gold' for lettering"),
        ({"inks": [[0, 0, 300]]}, "received 300 for inks"),
    ],
)
def test_what_cannot_be_drawn_is_said(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        drawn(**knobs)
