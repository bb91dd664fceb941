"""The fonts that a machine has, and which of them can be read; none is part of the project."""

import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from captcha_core.errors import SpecError
from captcha_core.media.fonts import FOLDER_VARIABLE
from captcha_core.sources.wild.dice import Dice

SUFFIXES = (".ttf", ".otf", ".pfb", ".t1")
SYMBOLS = (
    "cmsy", "cmmi", "cmex", "stixsiz", "stixnonuni", "lastresort", "symbol", "dingbat", "webding", "wingding", "math",
    "barcode", "icon", "braille", "emoji", "music", "d050000", "feta", "keycaps", "ornament", "initials", "lignes",
    "dseg14", "dseg7m",
)  # fmt: skip
LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
SIGNS = "+-*/=?"
REFERENCES = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif", "DejaVuSans-Oblique", "DejaVuSansMono", "STIXGeneral")
PROBE_PX, CELL_PX = 32, 20
LEAST_LIKENESS = 0.62  # mean correlation of a font's characters with those of a font that all can read
LEAST_CHARACTER = 0.45
LEAST_INK = 0.165  # mean level of a character's box; hairlines vanish at the sizes of captchas
PLAIN_LIKENESS = 0.8
COMMON = (
    "liberation", "arial", "veran", "nimbus", "freesans", "freemono", "freeserif", "dejavu", "vera", "texgyreheros",
    "texgyretermes", "texgyrecursor", "comic", "courier", "roboto-", "opensans", "droid", "georgia", "timeless",
    "carlito", "caladea", "lato-", "ptsans", "ptserif", "times", "aerial", "lmroman10", "tuffy", "stixgeneral",
)  # fmt: skip


@cache
def font_files() -> tuple[str, ...]:
    """Return the font files of this machine by name, those of matplotlib and the captcha package first."""
    found: dict[str, str] = {}
    for folder in _folders():
        for path in sorted(folder.rglob("*")):
            name = path.stem.lower()
            if path.suffix.lower() in SUFFIXES and not any(word in name for word in SYMBOLS):
                found.setdefault(name, str(path))
    return tuple(found.values())


def font_named(name: str) -> str:
    """Return the file of a font of this machine.

    Raises:
        SpecError: If there is none of this name.
    """
    found = _by_name().get(name.lower())
    if found is None:
        raise SpecError(
            f"expected a font of this machine, such as {REFERENCES[0]}, received {name!r}; install it, name its folder "
            f"in {FOLDER_VARIABLE}, or leave it out."
        )
    return found


@cache
def _by_name() -> dict[str, str]:
    return {Path(path).stem.lower(): path for path in font_files()}


def _folders() -> list[Path]:
    import captcha
    import matplotlib

    extra = os.environ.get(FOLDER_VARIABLE)
    folders = [Path(matplotlib.get_data_path()) / "fonts" / "ttf", Path(captcha.__file__).parent / "data"]
    return [*folders, *([Path(extra)] if extra else []), Path("/usr/share/fonts")]


def pick_font(dice: Dice, characters: str, common: float = 0.4, odd: float = 0.25) -> str:
    """Return a font that draws all of some characters.

    Args:
        dice: Decides which.
        characters: Those to draw.
        common: Share of the fonts that most sites use: Arial, Times, Courier, Verdana and their likes.
        odd: Share of the decorative fonts that is taken, of all that are drawn.
    """
    files = common_files() if dice.chance(common) else font_files()
    for _ in range(24):
        path, takes_odd = dice.pick(files), dice.chance(odd)
        font = examined(path)
        if font.known.issuperset(characters) and (takes_odd or font.likeness >= PLAIN_LIKENESS):
            return path
    return _references_files()[0]


@cache
def common_files() -> tuple[str, ...]:
    """Return the fonts that most sites use."""
    return tuple(path for path in font_files() if any(word in Path(path).stem.lower() for word in COMMON))


class Examined(NamedTuple):
    """What a font is good for.

    Attributes:
        known: The characters that a person would know; none for a symbol font. Where the small letters of a font are
            its capitals, they are left out: nobody could tell which of them was meant.
        likeness: Mean correlation with the shapes of plain fonts.
    """

    known: frozenset[str]
    likeness: float


@cache
def examined(path: str) -> Examined:
    """Return which characters a font draws so that a person would know them."""
    try:
        font = ImageFont.truetype(path, PROBE_PX, layout_engine=ImageFont.Layout.BASIC)
        shapes = {character: _shape(font, character) for character in LETTERS + SIGNS}
        missing = _shape(font, "\uf8fe")
    except OSError:
        return Examined(frozenset(), 0.0)
    likeness = {c: _likeness(c, shape) for c, shape in shapes.items() if not _same(shape, missing)}
    mean = sum(likeness.get(c, 0.0) for c in LETTERS) / len(LETTERS)
    ink = sum(shapes[c].ink for c in LETTERS) / len(LETTERS)
    known = {c for c, value in likeness.items() if value >= LEAST_CHARACTER} - _unicase(shapes)
    return Examined(frozenset(known if mean >= LEAST_LIKENESS and ink >= LEAST_INK else ()), mean)


class _Shape(NamedTuple):
    """A character's picture, scaled into a cell and normalised: the product of two is their correlation."""

    cell: np.ndarray
    ink: float


def _unicase(shapes: dict[str, _Shape]) -> set[str]:
    twins = sum(_same(shapes[c], shapes[c.upper()]) for c in "abdeghnqr")
    return set(LETTERS[10:36]) if twins >= 5 else set()


def _same(first: _Shape, second: _Shape) -> bool:
    return float(first.cell @ second.cell) > 0.97 or first.ink == second.ink == 0


@cache
def _references_files() -> list[str]:
    files = {Path(path).stem: path for path in font_files()}
    return [files[name] for name in REFERENCES]


@cache
def _references() -> dict[str, np.ndarray]:
    fonts = [ImageFont.truetype(path, PROBE_PX) for path in _references_files()]
    return {c: np.stack([_shape(font, c).cell for font in fonts]) for c in LETTERS + SIGNS}


def _likeness(character: str, shape: _Shape) -> float:
    return float((_references()[character] @ shape.cell).max())


def _shape(font: ImageFont.FreeTypeFont, character: str) -> _Shape:
    page = Image.new("L", (3 * PROBE_PX, 3 * PROBE_PX))
    ImageDraw.Draw(page).text((PROBE_PX, PROBE_PX), character, fill=255, font=font)
    cell, box = np.zeros((CELL_PX, CELL_PX), dtype=np.float32), page.getbbox()
    if box is None:
        return _Shape(cell.ravel(), 0.0)
    cut = np.asarray(page.crop(box))
    longest = max(cut.shape)
    height, width = (max(2, CELL_PX * side // longest) for side in cut.shape)
    top, left = (CELL_PX - height) // 2, (CELL_PX - width) // 2
    cell[top : top + height, left : left + width] = cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA)
    flat = cv2.GaussianBlur(cell, (0, 0), 1.2).ravel()
    flat = flat - flat.mean()
    return _Shape(flat / max(float(np.linalg.norm(flat)), 1e-6), float(cut.mean()) / 255)
