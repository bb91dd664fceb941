import pytest
from pydantic import ValidationError

from captcha_core.errors import SpecError
from captcha_core.spec.captcha import CaptchaSpec, composed, drawn_order

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


@pytest.mark.parametrize(
    ("fields", "change", "fits"),
    [
        (IMAGE, {"max_length": 64}, True),
        (IMAGE, {"max_length": 65}, False),
        (IMAGE, {"min_length": 1, "max_length": 1}, True),
        (IMAGE, {"height_px": 8, "width_px": 2048}, True),
        (IMAGE, {"height_px": 7}, False),
        (IMAGE, {"width_px": 2049}, False),
        (IMAGE, {"max_seconds": 1.0}, False),
        (AUDIO, {"sample_rate_hz": 4000}, True),
        (AUDIO, {"sample_rate_hz": 3999}, False),
        (AUDIO, {"sample_rate_hz": 192_000}, True),
        (AUDIO, {"sample_rate_hz": 192_001}, False),
        (AUDIO, {"max_seconds": 600}, True),
        (AUDIO, {"max_seconds": 0.5}, True),
        (IMAGE, {"alphabet": "0"}, False),
        (IMAGE, {"alphabet": "0aA", "case_sensitive": False}, False),
        (AUDIO, {"max_seconds": 601}, False),
        (AUDIO, {"max_seconds": 0}, False),
        (AUDIO, {"max_seconds": None}, False),
        (AUDIO, {"channels": 1}, False),
    ],
)
def test_the_bounds_of_a_specification(fields: dict, change: dict, fits: bool) -> None:
    if fits:
        CaptchaSpec.build(**{**fields, **change})
        return
    with pytest.raises(SpecError, match="expected"):
        CaptchaSpec.build(**{**fields, **change})


@pytest.mark.parametrize("text", ["1234", "123456"])
def test_the_shortest_and_the_longest_label_fit(text: str) -> None:
    assert CaptchaSpec.build(**IMAGE).label(text) == text


def test_what_a_specification_is_not_it_has_no_sizes_of() -> None:
    image, audio = CaptchaSpec.build(**IMAGE), CaptchaSpec.build(**AUDIO)
    assert (image.size_px, image.shape, audio.rate_hz, audio.seconds) == ((60, 160), (60, 160, 1), 8000, 9)
    assert CaptchaSpec.build(**IMAGE | {"channels": 3}).shape == (60, 160, 3)
    assert not image.fixed_length and CaptchaSpec.build(**IMAGE | {"min_length": 6}).fixed_length
    for ask in (lambda: audio.size_px, lambda: image.rate_hz, lambda: image.seconds):
        with pytest.raises(SpecError, match="expected an"):
            ask()


def test_a_specification_is_written_without_what_it_has_not_and_stays_as_it_is() -> None:
    spec = CaptchaSpec.build(**IMAGE)
    assert "null" not in spec.to_json() and "answer" not in spec.to_json() and spec.case_sensitive
    later = CaptchaSpec.build(**IMAGE | {"frame": "last"})
    assert '"frame":"last"' in later.to_json() and CaptchaSpec.from_json(later.to_json()) == later
    with pytest.raises(ValidationError):
        spec.width_px = 100
    with pytest.raises(SpecError, match="expected no frame for audio, received 'last'"):
        CaptchaSpec.build(**AUDIO | {"frame": "last"})


def test_the_lengths_that_a_label_may_have_are_in_the_sentence() -> None:
    with pytest.raises(SpecError, match="expected a label of 4 to 6 characters, received 3 in '123'"):
        CaptchaSpec.build(**IMAGE).label("123")
    with pytest.raises(SpecError, match="expected a label of 6 characters, received 3 in '123'"):
        CaptchaSpec.build(**IMAGE | {"min_length": 6}).label("123")


def test_a_sum_is_a_label_without_its_spaces_where_it_has_an_answer() -> None:
    sums = {"alphabet": "0123456789+-=?", "min_length": 5, "max_length": 5}
    spec = CaptchaSpec.build(**IMAGE | sums | {"answer": "arithmetic"})
    assert spec.label(" 1 + 2 = ?") == "1+2=?"
    with pytest.raises(SpecError, match="expected"):
        spec.label("1==2?")
    assert CaptchaSpec.build(**IMAGE | sums).label("1==2?") == "1==2?", "of a text nobody asks what it comes to"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\uff01\uff11\uff21\uff5e", "!1A~"),
        ("\uff5f\uff60", "\uff5f\uff60"),
        ("e\u0301", "\xe9"),
        ("\u200f\u05d01\u200e", "\u05d01"),
    ],
)
def test_a_label_comes_in_composed_and_of_usual_width(text: str, seen: str) -> None:
    assert composed(text) == seen


@pytest.mark.parametrize(
    ("text", "drawn"),
    [("ab1", "ab1"), ("\u05d0\u05d112", "12\u05d1\u05d0"), ("\u0639\u0663\u0664b", "\u0663\u0664b\u0639")],
)
def test_what_runs_from_the_right_is_drawn_from_the_left(text: str, drawn: str) -> None:
    assert drawn_order(text) == drawn and drawn_order(drawn) == text


def test_the_share_of_characters_that_a_reader_knows() -> None:
    spec, reader = CaptchaSpec.build(**IMAGE | {"alphabet": "01ab"}), CaptchaSpec.build(**IMAGE)
    assert spec.share_known(reader) == 0.5 and reader.share_known(spec) == 0.2
