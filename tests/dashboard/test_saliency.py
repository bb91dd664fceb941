"""What a network looked at, and captchas that get harder."""

from pathlib import Path

import numpy as np
import pytest

from captcha_core.errors import DataError
from captcha_core.media.image import encode_png
from captcha_core.solver import Solver
from captcha_core.sources.scheme import can_turn, harder
from captcha_core.sources.schemes import SCHEMES
from dashboard.solve import drawing, saliency
from dashboard.widgets import pictures
from tests.conftest import tiny_pixels, tiny_samples


@pytest.fixture(scope="module")
def solver(tiny_bundle: Path) -> Solver:
    return Solver.load(str(tiny_bundle))


def test_each_character_hangs_on_its_own_place(solver: Solver) -> None:
    """The first digit is on the left half of the picture, the second on the right."""
    left = right = 0.0
    for text in ("03", "12", "31", "20"):
        look = saliency.look(solver, encode_png(tiny_pixels(text, np.random.default_rng(3))))
        assert len(look.spans) == 2
        first, second = look.heat(0), look.heat(1)
        assert first.shape == (16, 32) and first.min() >= 0 and first.max() <= 1
        left += float(first[:, :16].sum() - first[:, 16:].sum())
        right += float(second[:, 16:].sum() - second[:, :16].sum())
    assert left > 0 and right > 0


def test_a_blank_picture_has_a_map_too(solver: Solver) -> None:
    heat = saliency.look(solver, encode_png(np.full((16, 32), 255, np.uint8))).heat()
    assert np.isfinite(heat).all()
    assert pictures.heated(np.zeros((16, 32, 1), np.uint8), heat).startswith("<img")


def test_a_damaged_picture_gets_a_sentence(solver: Solver) -> None:
    with pytest.raises(DataError, match="expected"):
        saliency.look(solver, b"nothing")


@pytest.mark.parametrize("name", SCHEMES)
def test_difficulty_stays_within_the_knobs_bounds(name: str) -> None:
    scheme = SCHEMES[name]
    assert harder(scheme, 1.0) == scheme
    for difficulty in (0.0, 0.5, 3.0):
        harder(scheme, difficulty)  # every scheme checks its knobs
    assert can_turn(scheme) == (harder(scheme, 3.0) != scheme)


def test_harder_means_more_of_what_distorts() -> None:
    easy, hard = (harder(SCHEMES["digits4"], difficulty).knobs.model_dump() for difficulty in (0.0, 2.0))
    assert easy["rotate_deg"] == easy["dots"] == 0
    assert hard["rotate_deg"] == 60 and hard["dots"] == 60


def test_a_mixture_gets_harder_in_each_of_its_looks() -> None:
    mixed = next(scheme for scheme in SCHEMES.values() if scheme.knobs.model_dump().get("looks"))
    before, after = (harder(mixed, difficulty).knobs.model_dump()["looks"] for difficulty in (1.0, 0.0))
    assert len(before) == len(after) and any(look["rotate_deg"] for look in before)
    assert all(look["rotate_deg"] == 0 for look in after)


def test_fresh_captchas_are_fresh() -> None:
    first, second = (drawing.fresh(SCHEMES["digits4"])[0] for _ in range(2))
    assert first.media != second.media and first.text is not None


def test_the_breaking_point_has_a_row_a_level(solver: Solver) -> None:
    table = drawing.breaking_point(solver, SCHEMES["digits4"], 3, levels=(0.0, 3.0))
    assert table["difficulty"].to_list() == [0.0, 3.0] and set(table["n"]) == {3}


def test_pictures_are_drawn_anew_and_names_escaped() -> None:
    media = tiny_samples(1)[0].media
    shown = pictures.picture(media + b"<script>", '"><script>')
    assert "<script>" not in shown and shown.startswith('<img class="cl-picture"')
    assert "not a readable picture" in pictures.picture(b"junk", "x")
    card = pictures.mistake_card(None, "<1", "21", 0.5, "<b>")
    assert "<b>" not in card and "&lt;" in card and "<mark>2</mark>" in card
