import numpy as np
import pytest

from captcha_core.errors import SpecError
from captcha_core.spec.captcha import Charset


def test_ids_start_at_one_behind_the_blank() -> None:
    ids = Charset("abc").encode(["a", "cb", ""], length=3)
    assert ids.tolist() == [[1, 0, 0], [3, 2, 0], [0, 0, 0]]
    assert ids.dtype == np.int32


@pytest.mark.parametrize("text", ["a", "abc", "cab"])
def test_decoding_undoes_encoding(text: str) -> None:
    charset = Charset("abc")
    assert charset.decode(charset.encode([text], 5)[0]) == text


def test_case_is_folded_to_the_alphabets_own() -> None:
    assert Charset("aBc", case_sensitive=False).normalise("AbC") == "aBc"


def test_case_counts_where_it_is_said_to() -> None:
    with pytest.raises(SpecError, match="received 'A' in the label 'A'"):
        Charset("ab").normalise("A")


@pytest.mark.parametrize(
    ("alphabet", "case_sensitive", "message"),
    [
        ("", True, "at least two characters"),
        ("a", True, "at least two characters"),
        ("aba", True, "received 'a' more than once"),
        ("abA", False, "received 'Aa' more than once"),
        ("a b", True, "printable characters"),
    ],
)
def test_impossible_alphabets_are_refused(alphabet: str, case_sensitive: bool, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Charset(alphabet, case_sensitive)


def test_a_text_longer_than_the_row_is_refused() -> None:
    with pytest.raises(SpecError, match="at most 2 characters, received 3"):
        Charset("abc").encode(["abc"], 2)


def test_there_is_a_class_for_each_character_and_the_blank() -> None:
    assert Charset("ab").classes == 3


def test_either_case_has_the_class_of_the_alphabets_own() -> None:
    charset = Charset("aBc1", case_sensitive=False)
    assert charset.encode(["ABC1", "abc1"], 4).tolist() == [[1, 2, 3, 4]] * 2
    assert charset.decode([1, 0, 2, 4]) == "aB1"


def test_a_text_as_long_as_the_row_fits() -> None:
    assert Charset("abc").encode(["ab"], 2).tolist() == [[1, 2]]


@pytest.mark.parametrize("alphabet", ["a\u00a0", "a\u200b", "a\n"])
def test_what_nobody_can_see_is_no_character(alphabet: str) -> None:
    with pytest.raises(SpecError, match="printable"):
        Charset(alphabet)


def test_what_the_alphabet_does_not_have_stays_as_it_is_where_nobody_is_to_stop() -> None:
    charset = Charset("aBc", case_sensitive=False)
    assert (charset.normalised("AbC"), charset.normalised("AbX")) == ("aBc", "AbX")


def test_ids_are_in_the_order_in_which_a_text_is_drawn() -> None:
    charset = Charset("\u05d0\u05d112")
    assert charset.encode(["\u05d0\u05d112"], 5).tolist() == [[3, 4, 2, 1, 0]]
    assert charset.decode([3, 4, 0, 2, 1]) == "\u05d0\u05d112"
