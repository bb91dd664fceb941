"""A scheme fitted to captchas without labels: what is read off is right, and the search comes nearer."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from captcha_core.errors import DataError
from captcha_core.sources.generate import draw_arrays, draw_samples
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.answer import Answer, Character
from captcha_core.spec.sample import Sample
from captcha_core.workflows import imitate as workflow
from captcha_core.workflows.imitate import imitate
from captcha_core.workflows.imitating.evolve import Evolution, tidied
from captcha_core.workflows.imitating.likeness import Likeness, describe
from captcha_core.workflows.imitating.traits import guessed_alphabet, guessed_lengths, read_traits
from tests.commands.walk import run

SHOP = get_scheme("site").turned(
    pages=[[230, 240, 255]], inks=[[200, 0, 0], [0, 0, 180]], ink_spread=4, height=(0.55, 0.6), fill=(0.8, 0.85),
    fonts=["DejaVuSans-Bold"], pepper=0.03, colours="any", frame=True, jpeg=80,
)  # fmt: skip


@pytest.fixture(scope="module")
def shop() -> list[Sample]:
    return draw_samples(SHOP, 4, range(30))


def pictures(scheme: Any, seed: int, count: int = 30) -> list[np.ndarray]:
    return list(draw_arrays(scheme, seed, range(count))[0])


def test_what_is_plain_is_read_off(shop: list[Sample]) -> None:
    traits = read_traits(pictures(SHOP, 4), [sample.media for sample in shop])
    assert traits.size_px == (50, 150)
    assert np.abs(np.array(traits.knobs["pages"]) - (230, 240, 255)).max() < 20
    for ink in ((200, 0, 0), (0, 0, 180)):
        assert min(np.abs(np.array(one) - ink).sum() for one in traits.knobs["inks"]) < 60
    assert traits.knobs["frame"] and not traits.knobs["one_bit"]
    assert 0.45 < traits.height < 0.75 and 0.6 < traits.fill <= 1


def answer(text: str, confidence: float = 0.9) -> Answer:
    return Answer(text, confidence, tuple(Character(c, confidence) for c in text), 1.0)


def test_rare_guesses_do_not_count() -> None:
    answers = [answer("12a4"), *[answer(f"{n:04}") for n in range(60)], answer("123456789", 0.02)]
    assert guessed_lengths(answers) == (4, 4)
    assert guessed_alphabet(answers) == "0123456789"
    assert guessed_alphabet([answer("abC3"), answer("XYz7")]).startswith("0123456789abc")
    assert guessed_lengths([answer("123"), answer("12345")]) == (3, 5)


def test_captchas_of_one_kind_are_near_and_others_far(shop: list[Sample]) -> None:
    given, pool = describe(pictures(SHOP, 4)), describe(pictures(get_scheme("wild"), 0))
    likeness = Likeness(given, pool)
    again = likeness.distance(describe(pictures(SHOP, 5)))
    other = likeness.distance(describe(pictures(SHOP.turned(lettering="outline", pepper=0.0), 5)))
    assert abs(again) < 0.1 < 0.25 * other < likeness.distance(pool)


def test_the_search_comes_nearer() -> None:
    wanted = 17.0
    traits = read_traits(pictures(SHOP, 4), [b""] * 30)
    evolution = Evolution(traits, lambda values: abs(values["rotate_deg"] - wanted) + values["pepper"])
    best = evolution.run(400, 60)
    assert evolution.tried == 400 and best[0].distance < 0.5 and best == sorted(best)
    assert best[0].values == Evolution(traits, evolution.measure).run(400, 60)[0].values, "the same from one seed"


def test_what_does_not_show_is_left_out() -> None:
    assert "bending" not in tidied({"bend": 0.0, "bending": "lens", "lines": (0, 0), "curves": (0, 0)})
    assert "bending" in tidied({"bend": 0.5, "bending": "lens"})
    assert tidied({"rotate_deg": 0.0}) == {"rotate_deg": 0.0}


def test_the_file_is_a_scheme_that_draws_what_was_fitted(
    shop: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(workflow, "POOL", 10)
    monkeypatch.setattr(workflow, "JUDGED", 8)
    folder = tmp_path / "shop"
    folder.mkdir()
    for sample in shop:
        (folder / sample.path).write_bytes(sample.media)
    out = tmp_path / "fitted.yaml"
    assert run("imitate", str(folder), "--out", str(out), "--seconds", "2", "--length", "5") == 0
    assert "30 captchas looked at" in capsys.readouterr().out
    scheme = get_scheme(str(out))
    assert scheme.name == "fitted" and scheme.spec.size_px == (50, 150) and scheme.spec.max_length == 5
    assert set("0123456789") <= set(scheme.spec.alphabet)
    found = imitate([sample.media for sample in shop], "again", trials=4, seconds=60, lengths=(5, 5))
    path = tmp_path / "again.yaml"
    path.write_text(found.to_yaml())
    assert get_scheme(str(path)).knobs == found.scheme.knobs


def test_too_few_captchas_are_refused(shop: list[Sample], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match="expected at least 20 captchas to imitate, received 3"):
        imitate([sample.media for sample in shop[:3]], "few")
    assert run("imitate", str(tmp_path), "--out", "shop.json") == 1
    assert "expected a file such as shop.yaml" in capsys.readouterr().err


def test_a_script_that_the_reader_does_not_know_wants_its_alphabet() -> None:
    blank = draw_samples(SHOP.turned(inks=[[230, 240, 255]], ink_spread=0, frame=False, pepper=0.0), 0, range(20))
    with pytest.raises(DataError, match="give their --alphabet and --length"):
        imitate([sample.media for sample in blank], "blank")
