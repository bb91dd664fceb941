"""Labels in other scripts: Cyrillic, Persian, Hebrew, Chinese, in every normal form and width."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest

from captcha_core.sources.folders import list_labelled
from captcha_core.sources.import_spec import SpecOverrides, spec_of
from captcha_core.sources.import_survey import fit, survey
from captcha_core.spec.captcha import CaptchaSpec, Charset, drawn_order
from tests.sources.labelled_files import fill, picture

CYRILLIC = ("д25сг", "д2984", "жжг9л", "л9двк", "п4мвп", "йcт8р")
PERSIAN_DIGITS = ("۱۲۳۴", "۰۹۸۷", "۵۵۶۱", "۷۳۲۰", "۴۴۱۹", "۸۶۰۲")
HEBREW = ("אבג12", "דהו34", "זחט56", "יכל78", "מנס90", "עפצ13")
CHINESE = ("大小多少", "上下左右", "天地人和", "春夏秋冬", "东南西北", "红黄蓝绿")
ACCENTS = ("éàü1", "öñç2", "éñü3", "àöç4", "çéà5", "üñö6")


def imported(folder: Path, texts: tuple[str, ...]) -> tuple[CaptchaSpec, set[str | None]]:
    fill(folder, {f"{text}.png": picture(text) for text in texts})
    seen = survey(list_labelled(folder))
    spec = spec_of(seen, SpecOverrides())
    fit(seen, spec)
    assert not seen.rejects
    return spec, {entry.text for entry in seen.entries}


@pytest.mark.parametrize("texts", [CYRILLIC, PERSIAN_DIGITS, HEBREW, CHINESE, ACCENTS])
def test_labels_of_any_script_come_in_as_they_are(tmp_path: Path, texts: tuple[str, ...]) -> None:
    spec, labels = imported(tmp_path, texts)
    assert labels == set(texts) and set("".join(texts)) <= set(spec.alphabet)
    ids = spec.charset.encode(texts, spec.max_length)
    assert [spec.charset.decode(row) for row in ids] == list(texts)


def test_decomposed_names_are_composed(tmp_path: Path) -> None:
    assert imported(tmp_path, tuple(unicodedata.normalize("NFD", text) for text in ACCENTS))[1] == set(ACCENTS)


def test_full_width_characters_are_the_usual_ones(tmp_path: Path) -> None:
    spec, labels = imported(tmp_path, ("１２３４", "９０８７", "５５６１", "７３２０", "4419", "8602"))
    assert spec.alphabet == "0123456789" and "1234" in labels
    assert spec.label("１２３４") == "1234"


def test_marks_that_nobody_sees_are_no_characters(tmp_path: Path) -> None:
    assert imported(tmp_path, tuple(f"\u200f{text}\u200e" for text in HEBREW))[1] == set(HEBREW)


@pytest.mark.parametrize(
    ("text", "drawn"), [("אבג", "גבא"), ("אבג12", "12גבא"), ("سلام", "مالس"), ("۱۲۳۴", "۱۲۳۴"), ("a1", "a1"), ("", "")]
)
def test_networks_see_a_text_as_it_is_drawn(text: str, drawn: str) -> None:
    assert drawn_order(text) == drawn and drawn_order(drawn) == text


def test_ids_run_from_left_to_right() -> None:
    charset = Charset("אבגדה")
    assert np.array_equal(charset.encode(["אבג"], 4), [[3, 2, 1, 0]]) and charset.decode([3, 2, 1, 0]) == "אבג"
