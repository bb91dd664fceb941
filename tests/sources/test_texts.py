"""Spaces of strings are gone through without repetition, in any order, from any place."""

from itertools import permutations, product

import pytest

from captcha_core.errors import SpecError
from captcha_core.sources.texts import TextSpace, UniqueTexts, check_unique, flagged_alphabet


def test_a_space_is_every_string_once() -> None:
    space = TextSpace("abc", 1, 3)
    expected = ["".join(letters) for length in (1, 2, 3) for letters in product("abc", repeat=length)]
    assert [space[rank] for rank in range(space.size)] == expected


def test_a_space_of_distinct_characters_is_every_permutation_once() -> None:
    space = TextSpace("0123", 2, 3, distinct=True)
    expected = ["".join(letters) for length in (2, 3) for letters in permutations("0123", length)]
    assert [space[rank] for rank in range(space.size)] == expected


def test_four_distinct_digits_are_5040() -> None:
    assert TextSpace("0123456789", 4, 4, distinct=True).size == 5040


@pytest.mark.parametrize("space", [TextSpace("01", 1, 1), TextSpace("abc", 1, 4), TextSpace("0123456789", 3, 3)])
def test_each_epoch_is_the_whole_space_in_another_order(space: TextSpace) -> None:
    texts = UniqueTexts(space, seed=5)
    first, second = ([texts[epoch * space.size + place] for place in range(space.size)] for epoch in (0, 1))
    assert sorted(first) == sorted(second) == sorted(space[rank] for rank in range(space.size))
    if space.size > 10:
        assert first != second and first != sorted(first)


def test_the_order_depends_on_the_seed_alone() -> None:
    space = TextSpace("0123456789", 4, 4)
    assert [UniqueTexts(space, 1)[i] for i in range(20)] == [UniqueTexts(space, 1)[i] for i in range(20)]
    assert [UniqueTexts(space, 1)[i] for i in range(20)] != [UniqueTexts(space, 2)[i] for i in range(20)]


def test_a_sample_of_a_huge_space_is_spread_over_it() -> None:
    space = TextSpace("0123456789", 30, 30)
    texts = [UniqueTexts(space, 3)[index] for index in range(2000)]
    assert len(set(texts)) == 2000
    for place in (0, 15, 29):
        counts = [sum(text[place] == digit for text in texts) for digit in "0123456789"]
        assert min(counts) > 140, "a digit is drawn far too seldom"


def test_more_unique_texts_than_there_are_is_refused() -> None:
    check_unique(TextSpace("01", 3, 3), 8)
    with pytest.raises(SpecError, match="expected at most 8 unique texts of '01', received a count of 9"):
        check_unique(TextSpace("01", 3, 3), 9)


def test_too_few_distinct_characters_are_refused() -> None:
    with pytest.raises(SpecError, match="at most 2 characters a text when none may repeat, received a length of 3"):
        TextSpace("01", 1, 3, distinct=True)


def test_flags_make_alphabets() -> None:
    assert flagged_alphabet(True, False, True) == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert flagged_alphabet(False, True, False) == "abcdefghijklmnopqrstuvwxyz"
    assert flagged_alphabet(False, False, False) == ""
