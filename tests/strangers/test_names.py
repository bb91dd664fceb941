"""Names as systems write them, composed or not, with counters behind; and what is odd about labels."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest

from captcha_core.errors import SpecError
from captcha_core.sources.folders import Listing, list_labelled
from captcha_core.sources.import_spec import SpecOverrides, spec_of
from captcha_core.sources.import_survey import Survey, fit, survey
from captcha_core.sources.labels.reading import Reading
from captcha_core.sources.oddities import oddities
from captcha_core.spec.captcha import CaptchaSpec
from tests.sources.labelled_files import TEXTS, fill, pack, picture


def taken_in(listing: Listing, **overrides: object) -> tuple[Survey, CaptchaSpec]:
    seen = survey(listing)
    spec = spec_of(seen, SpecOverrides(**overrides))  # type: ignore[arg-type]
    fit(seen, spec)
    return seen, spec


@pytest.mark.parametrize("texts", [["가각갈다", "라바사아", "하자차카", "타파가나"], ["äöüé", "çàéü", "éàöä", "üçöä"]])
def test_letters_that_a_mac_takes_apart_are_put_together(texts: list[str], tmp_path: Path) -> None:
    names = {unicodedata.normalize("NFD", f"{text}_{i}.png"): picture(text) for i, text in enumerate(texts)}
    for place in (fill(tmp_path / "in", names), pack(tmp_path / "in.zip", names)):
        seen, spec = taken_in(list_labelled(place))
        assert sorted(entry.text or "" for entry in seen.entries) == sorted(texts)
        assert spec.min_length == spec.max_length == 4
        assert spec.alphabet == unicodedata.normalize("NFC", spec.alphabet)


def test_a_label_by_hand_is_composed_as_well() -> None:
    spec = CaptchaSpec.build(
        media="image", alphabet="äé", min_length=2, max_length=2, height_px=16, width_px=32, channels=1
    )
    assert spec.label("a\u0308e\u0301") == "äé"


def test_copies_of_a_system_do_not_shape_the_specification(tmp_path: Path) -> None:
    names = [*TEXTS, "0421 (1)", "9913 - Copy", "7350 - 副本"]
    _, spec = taken_in(list_labelled(fill(tmp_path, {f"{name}.png": picture(name) for name in names})))
    assert (spec.alphabet, spec.min_length, spec.max_length) == ("0123456789", 4, 4)


def odd(texts: dict[str, str], **overrides: object) -> str:
    """What is said to be odd about files with these labels."""
    return "\n".join(oddities(*_imported(texts, **overrides)))


def _imported(texts: dict[str, str], **overrides: object) -> tuple[Listing, Survey, CaptchaSpec]:
    from captcha_core.sources.folders import Entry

    entries = tuple(Entry(name, text) for name, text in texts.items())
    listing = Listing(_Drawn(), Reading("csv", "a table", "", dict(texts)), entries, ())
    return listing, *taken_in(listing, **overrides)


class _Drawn:
    def names(self) -> list[str]:
        return []

    def read(self, name: str, limit: int = 0) -> bytes:
        return picture(name, (24, 48) if name.startswith("large") else (16, 32))


def drawn(letters: str, count: int = 60, length: int = 5) -> list[str]:
    rng = np.random.default_rng(count)
    return ["".join(rng.choice(list(letters), length)) for _ in range(count)]


def test_a_few_capitals_are_said() -> None:
    texts = drawn("abcdefgh")
    texts[3] = texts[3].upper()
    named = {f"{i}.png": text for i, text in enumerate(texts)}
    assert f"capitals are in 1 of 60 labels alone, as in {texts[3]} (--case-insensitive)" in odd(named)
    assert odd(named, case_sensitive=False) == ""


def test_one_length_among_another_is_said() -> None:
    texts = {f"{i}.png": text for i, text in enumerate([*drawn("abcdefgh"), "abcdefg"])}
    assert "1 labels have not 5 characters as all others, as abcdefg (--length 5)" in odd(texts)


def test_zeros_that_a_spreadsheet_ate_are_said() -> None:
    texts = {f"{i}.png": str(int(text)) for i, text in enumerate(drawn("0123456789", 90, 3)) if int(text)}
    assert "a spreadsheet may have removed zeros" in odd(texts)


def test_one_text_on_very_many_pictures_is_said() -> None:
    texts = {f"{i}.png": text for i, text in enumerate([*drawn("abcdefgh"), *["error"] * 40])}
    assert "40 captchas have the label error" in odd(texts)


def test_two_kinds_in_two_folders_are_said() -> None:
    small = {f"small/{i}.png": text for i, text in enumerate(drawn("abcdefgh", 20))}
    large = {f"large/{i}.png": text for i, text in enumerate(drawn("abcdefgh", 21, 6))}
    found = odd(small | large)
    assert "different sizes (16 x 32 and 24 x 48)" in found and "different lengths (5 and 6)" in found


def test_labels_that_count_are_taken_when_asked_for_and_said(tmp_path: Path) -> None:
    fill(tmp_path, {f"{i:03d}.png": picture(str(i)) for i in range(20)})
    listing = list_labelled(tmp_path, "name")
    assert "the labels only count (another --label-from" in "\n".join(oddities(listing, *taken_in(listing)))


def test_a_pattern_must_name_its_text(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": b"x"})
    with pytest.raises(SpecError, match="with a group named text"):
        list_labelled(tmp_path, pattern="(.*)")
    with pytest.raises(SpecError, match="expected a regular expression for --label-pattern"):
        list_labelled(tmp_path, pattern="(")
