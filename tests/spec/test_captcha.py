import pytest

from captcha_core.errors import SpecError
from captcha_core.spec.captcha import CaptchaSpec

IMAGE = {
    "media": "image", "alphabet": "0123456789", "min_length": 4, "max_length": 6, "height_px": 60, "width_px": 160,
    "channels": 1,
}  # fmt: skip
AUDIO = {"media": "audio", "alphabet": "01", "min_length": 1, "max_length": 2, "sample_rate_hz": 8000, "max_seconds": 9}


@pytest.mark.parametrize("fields", [IMAGE, AUDIO])
def test_json_brings_back_the_same_spec(fields: dict) -> None:
    spec = CaptchaSpec.build(**fields)
    assert CaptchaSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"min_length": 0}, "1 <= min_length <= max_length"),
        ({"min_length": 7}, "1 <= min_length <= max_length"),
        ({"max_length": 1000}, "1 <= min_length <= max_length"),
        ({"height_px": None}, "exactly height_px, width_px and channels"),
        ({"sample_rate_hz": 8000}, "exactly height_px, width_px and channels"),
        ({"width_px": 60_000}, "8 to 2048 pixels"),
        ({"channels": 2}, "channels"),
        ({"media": "video"}, "media"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(change: dict, message: str) -> None:
    with pytest.raises(SpecError, match=message) as error:
        CaptchaSpec.build(**{**IMAGE, **change})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["123", "1234567", "12a4"])
def test_a_label_outside_the_spec_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match=f"received .*{text}"):
        CaptchaSpec.build(**IMAGE).label(text)


@pytest.mark.parametrize(
    ("alphabet", "case_sensitive", "folds"), [("01", False, False), ("0a", False, True), ("0a", True, False)]
)
def test_case_is_folded_where_letters_have_one(alphabet: str, case_sensitive: bool, folds: bool) -> None:
    assert CaptchaSpec.build(**IMAGE | {"alphabet": alphabet, "case_sensitive": case_sensitive}).folds_case is folds


def test_the_difference_of_two_specs_is_named() -> None:
    one, two = CaptchaSpec.build(**IMAGE), CaptchaSpec.build(**{**IMAGE, "width_px": 100})
    assert one.difference(two) == "width_px 160 and 100"
    assert one.difference(one) == ""


def test_broken_json_is_refused() -> None:
    with pytest.raises(SpecError, match="expected a valid specification"):
        CaptchaSpec.from_json("{")
