"""Sums as captchas write them, their answers, and what is refused with its reason."""

import pytest

from captcha_core.errors import SpecError
from captcha_core.spec.arithmetic import answer_of, is_sum, operators_of

ANSWERS = {
    "3+4=?": "7", "3+4=": "7", "3+4": "7", "3+4?": "7", "12-30=?": "-18", "3−4=": "-1", "7x8=?": "56", "7X8": "56",
    "7×8=": "56", "7*8": "56", "8/4=?": "2", "8÷4=": "2", "8:4=": "2", "2+3*4=?": "14", "2*3+4": "10", "8/2/2": "2",
    "-3+5=": "2", "3+?=7": "4", "?*3=12": "4", "10-?=4": "6", "?=3+4": "7", "7=3+?": "4", "1/2*4=?": "2",
    "３＋４＝？": "7", "۳+۴=؟": "7", "٣×٤": "12", "three+4=?": "7", "Three Plus Four": "7", "6x7": "42",
    "sixxseven": "42", "twenty-one+1": "22", "twentyone-1": "20", "sixteen/four": "4", "дваплюстри": "5",
    "dois mais três": "5", "fünf mal drei": "15", "三加五等于?": "8", "十二减二等于几": "10", "二十一加一": "22",
    "七乘以八=?": "56", "1+2+3+4=?": "10", "999999999999999999*10": "9999999999999999990", "5*0=?": "0",
}  # fmt: skip
REFUSED = {
    "7": "without a sign",
    "-7": "without a sign", "abc": "neither a number nor a sign", "": "no numbers", "3+": "lacks a number",
    "3++": "where a number should stand", "3+4=7": "asks nothing", "7/2=?": "3.5", "7/0=": "division by zero",
    "?+?=4": "several unknowns", "3=4=5+1": "several equals", "0*?=0": "anything", "6/?=2": "by the unknown",
    "3四+1": "without a sign between", "__import__('os')": "neither", "十十+1": "nobody writes",
}  # fmt: skip


@pytest.mark.parametrize(("text", "answer"), ANSWERS.items())
def test_sums_have_an_answer(text: str, answer: str) -> None:
    assert answer_of(text) == answer
    assert is_sum(text)


@pytest.mark.parametrize(("text", "reason"), REFUSED.items())
def test_anything_else_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        answer_of(text)
    assert not is_sum(text)


def test_operators_have_one_spelling() -> None:
    texts = ("3+4=?", "3x4", "3*4", "8:2=", "2+3*4", "7−8", "three times four", "abc")
    assert [operators_of(text) for text in texts] == ["+", "×", "×", "÷", "+×", "-", "×", ""]
