from typing import Any

import numpy as np
import pytest

from captcha_core.errors import DataError
from captcha_core.features.segmentation.segment import Outcome, Segmentation, Segments, segment
from tests.features.drawn import Drawn, draw, overlap

NIGHT = (15, 20, 40)
BRIGHT = ((240, 230, 200),)
PAINTS = ((150, 30, 40), (20, 90, 30), (30, 50, 160), (110, 80, 10))
STYLES: dict[str, dict[str, Any]] = {
    "dark on light": {},
    "light on dark": {"paper": NIGHT, "inks": BRIGHT},
    "colours on colour": {"paper": (250, 220, 140), "inks": PAINTS},
    "gradient": {"paper": (250, 240, 230), "gradient": 90},
    "dark gradient": {"paper": (120, 90, 90), "gradient": 80, "inks": BRIGHT},
    "grain": {"noise": 12},
    "specks": {"specks": 60},
    "tilted": {"tilt": 20},
    "tilted light on dark with grain": {"paper": NIGHT, "inks": BRIGHT, "tilt": 15, "noise": 8},
}
TEXTS = ["048293", "71625", "WAKE", "xnh7kd", "5556"]


def is_right(found: Segments, drawn: Drawn, least: float = 0.55) -> bool:
    return found.ok and all(overlap(a, b) >= least for a, b in zip(found.boxes_px, drawn.boxes_px, strict=True))


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_finds_every_letter_in_every_style(style: dict[str, Any]) -> None:
    for seed, text in enumerate(TEXTS):
        drawn = draw(text, seed, **style)
        assert is_right(segment(drawn.pixels, len(text)), drawn), text


@pytest.mark.parametrize("style", [{"lines": 2}, {"lines": 2, "inks": PAINTS}], ids=["one ink", "colours"])
def test_takes_thin_lines_off(style: dict[str, Any]) -> None:
    drawn = [draw(text, seed, **style) for seed in range(6) for text in TEXTS]
    right = [is_right(segment(one.pixels, len(one.text)), one) for one in drawn]
    assert np.mean(right) >= 0.85


@pytest.mark.parametrize("inks", [((20, 30, 60),), PAINTS], ids=["one ink", "colours"])
def test_cuts_touching_letters_apart(inks: Any) -> None:
    drawn = [draw(text, seed, gap_px=-1, inks=inks) for seed in range(4) for text in ("80352", "469", "2085")]
    found = [segment(one.pixels, len(one.text)) for one in drawn]
    assert sum(one.seams for one in found) >= len(found)
    right = [is_right(one, truth) for one, truth in zip(found, drawn, strict=True)]
    assert np.mean(right) >= 0.9


def test_dots_belong_to_their_letters() -> None:
    drawn = draw("iajis", gap_px=5)
    found = segment(drawn.pixels, 5)
    assert is_right(found, drawn, 0.8)


def test_grey_and_colour_give_the_same_boxes() -> None:
    drawn = draw("4173")
    grey = np.ascontiguousarray(drawn.pixels[:, :, :1])
    assert is_right(segment(grey, 4), drawn)


def test_polarity_does_not_change_the_squares() -> None:
    drawn = draw("4173")
    mine, inverted = segment(drawn.pixels, 4), segment(255 - drawn.pixels, 4)
    assert mine.boxes_px == inverted.boxes_px
    assert np.abs(mine.crops.astype(int) - inverted.crops).max() <= 2


def test_squares_are_padded_and_of_the_size_that_was_set() -> None:
    found = segment(draw("4173").pixels, 4, Segmentation(side_px=40, pad_px=5))
    assert found.crops.shape == (4, 40, 40) and found.crops.dtype == np.uint8
    border = np.ones((40, 40), dtype=bool)
    border[5:-5, 5:-5] = False
    assert not found.crops[:, border].any()
    assert (found.crops.max(axis=(1, 2)) > 230).all()


def test_without_an_expected_count_takes_what_stands_apart() -> None:
    drawn = draw("80352", gap_px=6)
    assert is_right(segment(drawn.pixels), drawn)


def test_a_blank_picture() -> None:
    for pixels in (np.full((40, 120, 3), 255, np.uint8), np.zeros((40, 120, 1), np.uint8)):
        found = segment(pixels, 4)
        assert found.outcome is Outcome.BLANK and found.crops.shape == (0, 28, 28)
        assert "nothing stands out" in found.sentence()


def test_grain_alone_is_blank() -> None:
    grain = np.random.default_rng(0).normal(200, 25, (40, 120, 3)).clip(0, 255).astype(np.uint8)
    assert segment(grain, 5).outcome is not Outcome.OK


def test_one_large_blob_is_not_cut() -> None:
    pixels = np.full((40, 120, 3), 255, np.uint8)
    pixels[8:34, 20:100] = 0
    found = segment(pixels, 4)
    assert found.outcome is Outcome.TOO_FEW
    assert found.sentence() == "expected 4 letters, found one component; use a network that reads whole captchas."


def test_more_pieces_than_letters() -> None:
    found = segment(draw("80352").pixels, 3)
    assert found.outcome is Outcome.TOO_MANY
    assert "expected 3 letters, found 5 components" in found.sentence()


def test_touching_letters_without_a_count_are_not_passed_off_as_one() -> None:
    found = segment(draw("8888", gap_px=-2).pixels)
    assert found.outcome is Outcome.UNEVEN
    assert "too uneven" in found.sentence()


def test_touching_letters_stay_whole_where_cutting_is_switched_off() -> None:
    found = segment(draw("8035", gap_px=-2).pixels, 4, Segmentation(split_touching=False))
    assert found.outcome is Outcome.TOO_FEW and found.seams == 0


def test_refuses_what_is_no_picture() -> None:
    with pytest.raises(DataError, match=r"expected uint8 \(H, W, 1 or 3\), received float64 \(4, 4\)"):
        segment(np.zeros((4, 4)), 2)


def test_settings_travel_as_json() -> None:
    settings = Segmentation(side_px=32, thresholds=(0.5, 0.3), split_touching=False)
    assert Segmentation.model_validate_json(settings.model_dump_json()) == settings
