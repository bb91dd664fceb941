"""The fast, seeded renderer of pictures like those of the `captcha` package."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numba import njit

from captcha_core.errors import SpecError
from captcha_core.sources.canvas import give_out, smooth, squeeze
from captcha_core.sources.glyphs import Glyphs, load_glyphs, package_font
from captcha_core.sources.image_schemes import PACKAGE_FONT, ImageKnobs
from captcha_core.sources.look import Look
from captcha_core.sources.noise import dot_stamp, draw_arc, draw_dot
from captcha_core.sources.randomness import RENDER, below, fraction, random_bits
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.warp import Scratch, draw_tile

# Random bits of a picture: HEAD of the whole, EACH for every character (a gap's first), then dots, then arcs.
HEAD, EACH, ARC = 7, 23, 6
SHIFTS = (5, 7)  # a character starts up to 4 px to the right and 6 px down in its tile
MIN_CHARACTER_PX = 6  # narrower ones cannot be told apart


def draw_batch(scheme: Scheme, seed: int, indices: range, texts: Sequence[str]) -> np.ndarray:
    """Draw the pictures of some labels.

    Args:
        scheme: An image scheme.
        seed: Any whole number.
        indices: Numbers of the samples; picture i depends on the seed, i and its label alone.
        texts: Labels, spelt as the scheme's alphabet has them.

    Returns:
        uint8 (B, H, W, C) at the scheme's size.

    Raises:
        SpecError: If the scheme cannot be drawn: a font lacks a character, or the text cannot fit.
    """
    knobs = scheme.knobs
    if not isinstance(knobs, ImageKnobs):
        raise SpecError(f"expected an image scheme, received {scheme.name}; draw it with the audio mixer.")
    _check_room(scheme, knobs)
    fonts = tuple(font_path(name) for name in knobs.fonts)
    glyphs = load_glyphs(fonts, knobs.font_sizes_px, scheme.spec.alphabet, SHIFTS)
    characters, lengths = _places(texts, scheme.spec.alphabet)
    slots = HEAD + EACH * characters.shape[1] + 2 * knobs.dots + ARC * knobs.arcs
    bits = random_bits(seed, RENDER, indices, slots)
    fields = knobs.model_dump()
    look = Look(**{name: fields[name] for name in Look._fields})
    pictures = np.empty((len(texts), *scheme.spec.shape), dtype=np.uint8)
    _draw(bits, characters, lengths, glyphs, look, dot_stamp(knobs.dot_width_px), pictures)
    return pictures


def font_path(name: str) -> Path:
    """Return the file of a font that a scheme names.

    Raises:
        SpecError: If there is none.
    """
    if name == PACKAGE_FONT:
        return package_font()
    if Path(name).is_file():
        return Path(name)
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    if not (folder / f"{name}.ttf").is_file():
        known = ", ".join(sorted(path.stem for path in folder.glob("*.ttf")))
        raise SpecError(
            f"expected a font's file, {PACKAGE_FONT} or one of {known}; received {name!r}; correct the name."
        )
    return folder / f"{name}.ttf"


def _check_room(scheme: Scheme, knobs: ImageKnobs) -> None:
    height, width = scheme.spec.size_px
    least = MIN_CHARACTER_PX * scheme.spec.max_length
    if width < least:
        raise SpecError(
            f"expected a width of at least {least} px for {scheme.spec.max_length} characters, received {width}; "
            "widen the picture or shorten the text."
        )
    if max(knobs.font_sizes_px) > height:
        raise SpecError(
            f"expected font sizes of at most the height, {height} px, received {max(knobs.font_sizes_px)}; "
            "name smaller fonts or raise the picture."
        )


def _places(texts: Sequence[str], alphabet: str) -> tuple[np.ndarray, np.ndarray]:
    """Return int32 (B, L) places in the alphabet, and the lengths (B,)."""
    place = {character: number for number, character in enumerate(alphabet)}
    lengths = np.array([len(text) for text in texts], dtype=np.int32)
    characters = np.zeros((len(texts), int(lengths.max())), dtype=np.int32)
    for row, text in enumerate(texts):
        characters[row, : len(text)] = [place[character] for character in text]
    return characters, lengths


@njit(cache=True, nogil=True)
def _draw(
    bits: np.ndarray,
    characters: np.ndarray,
    lengths: np.ndarray,
    glyphs: Glyphs,
    look: Look,
    stamp: np.ndarray,
    pictures: np.ndarray,
) -> None:
    height, width = pictures.shape[1], pictures.shape[2]
    widest = 2 * characters.shape[1] * glyphs.tile[:, :, 1].max()
    page = np.empty((max(widest, width), 3, height), dtype=np.uint8)
    spare = np.empty((2, width, 3, height), dtype=np.uint8)
    scratch = _scratch(glyphs, look)
    for row in range(pictures.shape[0]):
        text = characters[row, : lengths[row]]
        colour = _draw_text(bits[row], text, glyphs, look, scratch, page, spare[0])
        _draw_noise(bits[row, HEAD + EACH * len(text) :], look, stamp, colour, spare[0])
        if look.smooth:
            smooth(spare[0], spare[1])
            give_out(spare[1], pictures[row])
        else:
            give_out(spare[0], pictures[row])


@njit(cache=True, nogil=True)
def _scratch(glyphs: Glyphs, look: Look) -> Scratch:
    diagonal = 0
    for variant in range(glyphs.size.shape[0]):
        height, width = glyphs.size[variant]
        diagonal = max(diagonal, int(np.ceil(np.hypot(height, width))) + 2)
    widest = int(glyphs.tile[:, :, 1].max() * (1 + 2 * look.stretch_x)) + 4
    most_taps = 4 * diagonal + 8
    turned = np.zeros((diagonal, 4 * diagonal), dtype=np.int32)
    return Scratch(turned, np.zeros((widest, 4 * (diagonal + most_taps)), dtype=np.int32))


@njit(cache=True, nogil=True)
def _draw_text(
    bits: np.ndarray,
    text: np.ndarray,
    glyphs: Glyphs,
    look: Look,
    scratch: Scratch,
    page: np.ndarray,
    target: np.ndarray,
) -> np.ndarray:
    """Draw page and text on uint8 (W, 3, H); return the text's colour."""
    faces, blank = glyphs.tile.shape[0], glyphs.tile.shape[1] - 1
    colour = np.empty(4, dtype=np.int32)
    for plane in range(3):
        colour[plane] = look.foreground[0] + below(bits[4 + plane], look.foreground[1] - look.foreground[0] + 1)
    colour[3] = look.opacity[0] + below(bits[3], look.opacity[1] - look.opacity[0] + 1)
    gaps = np.zeros(len(text), dtype=np.int64)
    text_width = 0
    for place in range(len(text)):
        slots = bits[HEAD + EACH * place :]
        if fraction(slots[0]) > look.space_probability:
            gaps[place] = glyphs.tile[below(slots[1], faces), blank, 1]
        text_width += gaps[place] + glyphs.tile[below(slots[11], faces), text[place], 1]
    canvas = page[:text_width] if text_width > target.shape[0] else target
    for plane in range(3):
        canvas[:, plane] = look.background[0] + below(bits[plane], look.background[1] - look.background[0] + 1)
    average = text_width // len(text)
    slack, left = int(look.overlap * average), int(average * 0.1)
    for place in range(len(text)):
        slots = bits[HEAD + EACH * place :]
        if gaps[place]:
            left += gaps[place] - below(slots[21], slack + 1)
        draw_tile(slots[11:21], text[place], glyphs, look, colour, scratch, canvas, left)
        left += glyphs.tile[below(slots[11], faces), text[place], 1] - below(slots[22], slack + 1)
    if text_width > target.shape[0]:
        squeeze(canvas, target)
    return colour


@njit(cache=True, nogil=True)
def _draw_noise(bits: np.ndarray, look: Look, stamp: np.ndarray, colour: np.ndarray, canvas: np.ndarray) -> None:
    width, height = canvas.shape[0], canvas.shape[2]
    for dot in range(look.dots):
        draw_dot(canvas, below(bits[2 * dot], width + 1), below(bits[2 * dot + 1], height + 1), stamp, colour)
    side, rim = width // 5, height // 5
    for arc in range(look.arcs):
        curve = bits[2 * look.dots + ARC * arc :]
        left, right = below(curve[0], side + 1), below(curve[1], width - side + 1) + side
        top = below(curve[2], height - 2 * rim + 1) + rim
        bottom = below(curve[3], height - top - rim + 1) + top
        end, start = below(curve[4], 41) + 160, below(curve[5], 21)
        draw_arc(canvas, left, top, right, bottom, start, end, colour)
