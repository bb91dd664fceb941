"""The answer to a captcha that shows a sum: a small parser of signs, digits of any script and number words.

Read are numbers joined by + - × ÷ in their usual spellings, products before sums, and one unknown: the right side of
``3+4=?``, or a ``?`` anywhere else, as in ``3+?=7``. The answer is a whole number. Nothing else is understood, and
nothing is executed.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from captcha_core.errors import SpecError, short

SIGNS = {"+": "+", "-": "-−–—‒", "×": "×*x✕✖∗·•⋅х", "÷": "÷/:∕⁄", "=": "=", "?": "?؟"}  # the last × is Cyrillic
SIGN_WORDS = {
    "+": "plus and add más mas mais плюс 加上 加",
    "-": "minus less subtract menos moins минус 减去 減去 减 減",
    "×": "times multipliedby mal por vezes fois умножитьна умножить 乘以 乘",
    "÷": "dividedby geteiltdurch entre divididopor dividido diviséepar divisépar разделитьна разделить 除以",
    "=": "equals is gleich ist iguala igual égale равно 等于 等於 是",
    "?": "what ? 几 多少 什么",
}
NUMBER_WORDS = (  # from 0 on, a language a line
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen",
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn "
    "achtzehn neunzehn zwanzig",
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
    "dieciocho diecinueve veinte",
    "zero um dois três quatro cinco seis sete oito nove dez onze doze treze quatorze quinze dezesseis dezessete "
    "dezoito dezenove vinte",
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dixsept dixhuit "
    "dixneuf vingt",
    "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать "
    "пятнадцать шестнадцать семнадцать восемнадцать девятнадцать двадцать",
    "零 一 二 三 四 五 六 七 八 九 十",
    "〇 壹 贰 叁 肆 伍 陆 柒 捌 玖 拾",
    "〇 壹 貳 參 肆 伍 陸 柒 捌 玖 拾",
)
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
MORE_WORDS = {"两": 2, "兩": 2, "ein": 1, "uma": 1, "duas": 2, "une": 1, **TENS}
CHINESE = "零〇一壹二贰貳两兩三叁參四肆五伍六陆陸七柒八捌九玖十拾"


class Token(NamedTuple):
    """A number, or one of the signs ``+ - × ÷ = ?``."""

    sign: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """``constant + factor * ?``: what a part of a sum is worth while the unknown is not known."""

    constant: Fraction
    factor: Fraction = Fraction(0)


def answer_of(text: str) -> str:
    """Return the answer to a sum, a whole number, possibly with a minus before it.

    Raises:
        SpecError: If it is no sum, asks nothing or for several things, or comes to no whole number; it says which.
    """
    tokens = _tokens(text)
    signs = [token.sign for token in tokens]
    if not any(left in ("", "?") and right and right in "+-×÷" for left, right in pairwise(signs)):
        raise _refused(text, "a number without a sign" if any(not sign for sign in signs) else "no numbers")
    left, right = _sides(text, tokens)
    asked = Line(left.constant - right.constant, left.factor - right.factor)
    if not asked.factor:
        raise _refused(text, "an unknown that could be anything")
    found = -asked.constant / asked.factor
    if found.denominator != 1:
        raise _refused(text, f"a sum that comes to {float(found):.4g} and to no whole number")
    return str(found.numerator)


def operators_of(text: str) -> str:
    """Return the signs that join the numbers of a text, as ``+ - × ÷`` in the order of these, each once."""
    try:
        signs = {token.sign for token in _tokens(text)}
    except SpecError:
        return ""
    return "".join(sign for sign in "+-×÷" if sign in signs)


def answer_or_none(text: str | None) -> str | None:
    """Return the answer to a sum, None where the text has none."""
    try:
        return None if text is None else answer_of(text)
    except SpecError:
        return None


def is_sum(text: str) -> bool:
    """Tell whether a text is a sum that has an answer."""
    return answer_or_none(text) is not None


def _refused(text: str, received: str) -> SpecError:
    return SpecError(f"expected a sum such as 3+4=?, received {short(text)}: {received}; correct the text.")


@cache
def _words() -> tuple[re.Pattern[str], dict[str, Token]]:
    """Return what cuts a text into tokens, and what each word and sign means."""
    meanings = {word: Token("", number) for line in NUMBER_WORDS for number, word in enumerate(line.split())}
    meanings |= {word: Token("", number) for word, number in MORE_WORDS.items()}
    for words in (SIGN_WORDS, {sign: " ".join(ways) for sign, ways in SIGNS.items()}):
        meanings |= {word: Token(sign) for sign, line in words.items() for word in line.split()}
    ones = "|".join(NUMBER_WORDS[0].split()[1:10])
    longest = "|".join(re.escape(word) for word in sorted(meanings, key=len, reverse=True))
    pattern = rf"(?P<digits>\d+)|(?P<ten>{'|'.join(TENS)})-?(?P<one>{ones})|(?P<chinese>[{CHINESE}]{{2,3}})|{longest}"
    return re.compile(pattern), meanings


def _tokens(text: str) -> list[Token]:
    plain = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    pattern, meanings = _words()
    tokens, at = [], 0
    while at < len(plain):
        found = pattern.match(plain, at)
        if found is None:
            raise _refused(text, f"{plain[at]!r}, which is neither a number nor a sign")
        at = found.end()
        if found["digits"]:
            tokens.append(Token("", int("".join(str(unicodedata.decimal(digit)) for digit in found["digits"]))))
        elif found["ten"]:
            tokens.append(Token("", meanings[found["ten"]].number + meanings[found["one"]].number))
        elif found["chinese"]:
            tokens.append(Token("", _chinese(text, [meanings[character].number for character in found["chinese"]])))
        else:
            tokens.append(meanings[found[0]])
    return tokens


def _chinese(text: str, values: Sequence[int]) -> int:
    """Return the number of characters such as 二十一: two tens and one."""
    if 10 not in values:
        return int("".join(map(str, values)))
    at = values.index(10)
    before, behind = values[:at] or [1], values[at + 1 :] or [0]
    if len(before) > 1 or len(behind) > 1 or 10 in behind:
        raise _refused(text, "a number that nobody writes so")
    return 10 * before[0] + behind[0]


def _sides(text: str, tokens: Sequence[Token]) -> tuple[Line, Line]:
    """Return both sides of the equation; what is left out on the right is the unknown."""
    signs = [token.sign for token in tokens]
    if "=" not in signs and signs[-1] == "?" and signs[-2:-1] == [""]:  # 3+4? without an equals sign
        tokens, signs = tokens[:-1], signs[:-1]
    if signs.count("=") > 1:
        raise _refused(text, "several equals signs")
    at = signs.index("=") if "=" in signs else len(tokens)
    left, right = tokens[:at], tokens[at + 1 :] or [Token("?")]
    unknown = sum(token.sign == "?" for token in [*left, *right])
    if unknown != 1:
        raise _refused(text, "several unknowns" if unknown else "an equation that asks nothing")
    return _Parser(text, left).whole(), _Parser(text, right).whole()


class _Parser:
    """Reads one side: products of numbers, joined by plus and minus."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text, self.rest = text, list(tokens)

    def whole(self) -> Line:
        value = self._sum()
        if self.rest:
            raise _refused(self.text, "two numbers without a sign between them")
        return value

    def _next(self, *signs: str) -> str:
        return self.rest.pop(0).sign if self.rest and self.rest[0].sign in signs else ""

    def _sum(self) -> Line:
        minus = self._next("+", "-") == "-"
        value = self._product()
        value = Line(-value.constant, -value.factor) if minus else value
        while sign := self._next("+", "-"):
            other, way = self._product(), -1 if sign == "-" else 1
            value = Line(value.constant + way * other.constant, value.factor + way * other.factor)
        return value

    def _product(self) -> Line:
        value = self._number()
        while sign := self._next("×", "÷"):
            value = self._joined(value, sign, self._number())
        return value

    def _joined(self, value: Line, sign: str, other: Line) -> Line:
        if sign == "×" and not other.factor:
            return Line(value.constant * other.constant, value.factor * other.constant)
        if sign == "×":  # there is one unknown alone, so the first has none
            return Line(value.constant * other.constant, value.constant * other.factor)
        if other.factor:
            raise _refused(self.text, "a division by the unknown")
        if not other.constant:
            raise _refused(self.text, "a division by zero")
        return Line(value.constant / other.constant, value.factor / other.constant)

    def _number(self) -> Line:
        if self._next("?"):
            return Line(Fraction(0), Fraction(1))
        if self.rest and not self.rest[0].sign:
            return Line(Fraction(self.rest.pop(0).number))
        raise _refused(self.text, "a sign where a number should stand" if self.rest else "an end that lacks a number")
