"""Wild pictures: by seed and number, of every family, legible, and only in fonts that have the characters."""

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from captcha_core.errors import SpecError
from captcha_core.features.strip import page_colour
from captcha_core.sources.generate import draw_arrays
from captcha_core.sources.generate import texts as scheme_texts
from captcha_core.sources.schemes import get_scheme
from captcha_core.sources.wild import fonts
from captcha_core.sources.wild.dice import Dice
from captcha_core.sources.wild.draw import draw_wild, draw_with_ink, family_names
from captcha_core.sources.wild.families import FAMILIES
from captcha_core.sources.wild.labels import ALPHABET

LEAST_CONTRAST = 18  # levels between text and page, below which nobody reads
FAINT_SHARE = 0.02
LOCAL = ("relief", "overlaid")  # their text has the page's colour in places and stands out by its edges


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_draws_pictures_of_captchas(name: str) -> None:
    for index in range(12):
        image, text, family = draw_wild(3, index, (name,))
        assert family == name and image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
        assert 20 <= image.shape[0] <= 120 and 40 <= image.shape[1] <= 580
        assert 1 <= len(text) <= 10 and set(text) <= set(ALPHABET)


def test_a_picture_depends_on_seed_and_number_alone() -> None:
    there = [draw_wild(5, index) for index in range(40)]
    back = [draw_wild(5, index) for index in reversed(range(40))][::-1]
    assert all(np.array_equal(a[0], b[0]) and a[1:] == b[1:] for a, b in zip(there, back, strict=True))
    other = [draw_wild(6, index)[1] for index in range(40)]
    assert other != [text for _, text, _ in there] and len({text for _, text, _ in there}) > 30


def test_families_are_chosen_and_left_out() -> None:
    assert family_names(("plain", "kaptcha"), ("plain",)) == ("kaptcha",)
    names = family_names((), ("anything", "hollow"))
    assert set(names) == set(FAMILIES) - {"anything", "hollow"}
    assert {draw_wild(1, index, names)[2] for index in range(200)} <= set(names)
    with pytest.raises(SpecError, match="expected families of plain, .*received 'nothing'"):
        family_names(("nothing",))
    with pytest.raises(SpecError, match="none that is not left out"):
        family_names(("plain",), ("plain",))
    with pytest.raises(SpecError, match="received 'nothing'"):
        get_scheme("wild").turned(without=("nothing",))
    assert get_scheme("wild").turned(families="plain,kaptcha").knobs.model_dump()["families"] == ("plain", "kaptcha")


def test_text_stands_out_from_its_page() -> None:
    names = family_names((), LOCAL)
    faint = sum(_contrast(*draw_with_ink(8, index, names)) < LEAST_CONTRAST for index in range(400))
    assert faint <= FAINT_SHARE * 400


@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in LOCAL])
def test_text_of_every_family_stands_out(name: str) -> None:
    contrasts = [_contrast(*draw_with_ink(2, index, (name,))) for index in range(24)]
    assert np.median(contrasts) > 2 * LEAST_CONTRAST and sum(one < LEAST_CONTRAST for one in contrasts) <= 3


@pytest.mark.parametrize("name", LOCAL)
def test_text_without_a_colour_of_its_own_has_edges(name: str) -> None:
    contrasts = [_edge_contrast(*draw_with_ink(2, index, (name,))) for index in range(24)]
    assert np.median(contrasts) > 2 * LEAST_CONTRAST and sum(one < LEAST_CONTRAST for one in contrasts) <= 3


def _edge_contrast(image: np.ndarray, ink: np.ndarray) -> float:
    """Return the mean difference between neighbours at the edges of the text."""
    square = np.ones((3, 3), dtype=np.uint8)
    edges = cv2.morphologyEx(ink, cv2.MORPH_GRADIENT, square) > 128
    return float(cv2.morphologyEx(image, cv2.MORPH_GRADIENT, square).max(axis=2)[edges].mean())


def _contrast(image: np.ndarray, ink: np.ndarray) -> float:
    """Return the mean distance of the ink's pixels from the page."""
    assert (ink > 128).sum() >= 8, "a picture without text"
    far = image.astype(float) - page_colour(image)
    return float(np.sqrt((far**2).mean(axis=2))[ink > 128].mean())


def test_labels_are_of_one_alphabet_each() -> None:
    texts = scheme_texts(get_scheme("wild"), 2, range(2000))
    kinds = Counter(text.isdigit() or text.isalpha() for text in texts)
    assert kinds[True] > 800, "digits alone or letters alone teach what looks alike"
    assert set("".join(texts)) == set(ALPHABET)
    lengths = Counter(map(len, texts))
    assert lengths[4] > lengths[5] > lengths[8] > 0 and lengths[1] + lengths[2] < 200


def test_fonts_without_a_character_are_not_used() -> None:
    carried = fonts.font_files()[:30]
    assert not any("cmsy" in path or "cmex" in path or "LastResort" in path for path in carried)
    for index in range(50):
        path = fonts.pick_font(Dice(1, index), "aQ7")
        assert fonts.examined(path).known >= set("aQ7")
    assert fonts.examined(__file__).known == frozenset()


def test_one_more_folder_of_fonts_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "Own.ttf").write_bytes(Path(fonts.font_files()[0]).read_bytes())
    monkeypatch.setenv(fonts.FOLDER_VARIABLE, str(tmp_path))
    assert str(tmp_path / "Own.ttf") in fonts.font_files.__wrapped__()


def test_a_symbol_font_has_no_known_characters() -> None:
    folder = next(path for path in fonts.font_files() if path.endswith("DejaVuSans.ttf")).rpartition("/")[0]
    assert fonts.examined(f"{folder}/cmsy10.ttf").known == frozenset()
    assert fonts.examined(f"{folder}/DejaVuSerif.ttf").known == set(fonts.LETTERS + fonts.SIGNS)


def test_the_scheme_draws_pictures_of_their_own_sizes() -> None:
    scheme = get_scheme("wild")
    arrays, labels = draw_arrays(scheme, 7, range(6))
    assert len({array.shape for array in arrays}) > 1
    assert labels == [draw_wild(7, index)[1] for index in range(6)]
    given, _ = draw_arrays(scheme, 7, range(6), ["9x7A"] * 6)
    assert all(array.shape[2] == 3 for array in given)
