"""One character of the `captcha` package: turned, stretched, warped, and pasted through a mask.

The package draws it in RGBA and lets Pillow rotate it (bilinear), resize it (bicubic) and warp it (nearest neighbour).
Each step but the last multiplies the colours by alpha, cuts them to whole levels and divides again, and that leaves the
noisy edge colours that make its pictures what they are. So all four planes are carried through.
"""

import numpy as np
from numba import njit

from captcha_core.sources.randomness import below, fraction
from captcha_core.sources.raster.canvas import Canvas
from captcha_core.sources.raster.glyphs import Glyphs
from captcha_core.sources.raster.knobs import RenderParams
from captcha_core.sources.raster.levels import (
    Colour,
    Float64,
    Int64,
    UInt32,
    divide_out,
    grey_level,
    pack,
    padded,
    unpack,
    unscale,
)
from captcha_core.sources.raster.resample import mix_lines, weigh
from captcha_core.sources.raster.turn import Mask, Scratch, plan_rotation, turn, turn_exactly

MASK_GAIN = 32277  # of 2**14: floor(1.97 * luma), the package's table, for every luma
Size = tuple[Int64, Int64, Int64, Int64]
Quad = tuple[Float64, Float64, Float64, Float64]


@njit(nogil=True)
def draw_tile(
    bits: np.ndarray,
    character: Int64,
    glyphs: Glyphs,
    params: RenderParams,
    colour: Colour,
    scratch: Scratch,
    canvas: Canvas,
    at: tuple[Int64, Int64],
) -> None:
    """Draw one character ``at`` a column of the canvas and so many rows below the middle."""
    face = below(bits[0], glyphs.tile.shape[0])
    variant = glyphs.variant[face, character, below(bits[1], 5), below(bits[2], 7)]
    if variant < 0:
        return
    height, width = int(glyphs.tile[face, character, 0]), int(glyphs.tile[face, character, 1])
    left, top = at[0], at[1] + int((canvas.height - height) / 2)
    size = glyphs.size[variant]
    mask = Mask(np.int64(size[0]), np.int64(size[1]), np.int64(glyphs.start[variant]), len(glyphs.corners) - 1)
    plan = plan_rotation(mask.height, mask.width, -params.rotate_deg + fraction(bits[3]) * (2 * params.rotate_deg))
    # The package adds its least stretches, 0.1 and 0.2, as pixels: so its brackets have it.
    reach_x = width * fraction(bits[4]) * params.stretch_x + 0.1
    reach_y = height * fraction(bits[5]) * params.stretch_y + 0.2
    x1, x2 = _around_zero(bits[6], reach_x), _around_zero(bits[8], reach_x)
    y1, y2 = _around_zero(bits[7], reach_y), _around_zero(bits[9], reach_y)
    if not params.fill_tile:
        offset = glyphs.offset[variant]
        left += offset[1] + (mask.width - plan.width) // 2
        top = at[1] + int(params.baseline * canvas.height) - glyphs.baseline[face]
        top += offset[0] + (mask.height - plan.height) // 2
        height, width = plan.height, plan.width
    new_width, new_height = width + abs(x1) + abs(x2), height + abs(y1) + abs(y2)
    straight = new_width == plan.width and new_height == plan.height  # then Pillow copies instead of resizing
    if params.exact:
        turn_exactly(glyphs.corners, mask, plan, colour, straight, scratch)
    else:
        turn(glyphs.corners, mask, plan, colour, straight, scratch)
    _stretch(scratch, plan.height, plan.width, new_height, new_width)
    if params.antialias:
        _plain_mask(scratch.tall, scratch.stride, new_height, new_width, colour, params)
    else:
        _package_mask(scratch.tall, scratch.stride, new_height, new_width, straight)
    across = _quad(width, height, x1, new_width - x2, -x1, new_width + x2)
    down = _quad(width, height, y1, -y1, new_height - y2, new_height + y2)
    _paste(scratch, (height, width, new_height, new_width), across, down, canvas, left, top)


@njit(nogil=True)
def _around_zero(bits: UInt32, reach: Float64) -> Int64:
    return int(fraction(bits) * (reach - -reach) + -reach)


@njit(nogil=True)
def _stretch(scratch: Scratch, height: Int64, width: Int64, new_height: Int64, new_width: Int64) -> None:
    """Resize the turned character, in the order of passes that Pillow 13 takes: fewer rows first if that saves more."""
    weights, stride, step = scratch.weights, scratch.stride, 4 * scratch.stride
    turned, wide, tall = scratch.turned, scratch.wide, scratch.tall
    if height - new_height > max(2 * (width - new_width), 0):
        _transpose(turned, width, height, stride, wide)
        taps = weigh(height, new_height, weights)
        mix_lines(scratch.wide_bytes, taps, weights, new_height, step, 4 * padded(width), scratch.tall_bytes)
        _transpose(tall, new_height, width, stride, turned)
        taps = weigh(width, new_width, weights)
        mix_lines(scratch.turned_bytes, taps, weights, new_width, step, 4 * padded(new_height), scratch.wide_bytes)
        _transpose(wide, new_width, new_height, stride, tall)
    else:
        taps = weigh(width, new_width, weights)
        mix_lines(scratch.turned_bytes, taps, weights, new_width, step, 4 * padded(height), scratch.wide_bytes)
        _transpose(wide, new_width, height, stride, turned)
        taps = weigh(height, new_height, weights)
        mix_lines(scratch.turned_bytes, taps, weights, new_height, step, 4 * padded(new_width), scratch.tall_bytes)


@njit(nogil=True)
def _transpose(source: np.ndarray, lines: Int64, length: Int64, stride: Int64, target: np.ndarray) -> None:
    step = np.uint64(stride)
    for place in range(np.uint64(length)):
        for line in range(np.uint64(lines)):
            target[place * step + line] = source[line * step + place]


@njit(nogil=True)
def _package_mask(tall: np.ndarray, stride: Int64, height: Int64, width: Int64, straight: bool) -> None:
    """Divide the colours by alpha, and put the mask in alpha's place: 1.97 times the luma, whatever alpha is."""
    count, most = np.uint64(padded(width)), np.int32(255)
    for row in range(height):
        at = np.uint64(row * stride)
        for x in range(count):
            red, green, blue, alpha = unpack(tall[at + x])
            inverse = np.float32(1) if straight | (alpha == 0) else np.float32(255) / np.float32(alpha)
            red, green, blue = divide_out(red, inverse), divide_out(green, inverse), divide_out(blue, inverse)
            mask = min(np.int32((grey_level(red, green, blue) * np.int32(MASK_GAIN)) >> 14), most)
            tall[at + x] = pack(red, green, blue, mask)


@njit(nogil=True)
def _plain_mask(
    tall: np.ndarray, stride: Int64, height: Int64, width: Int64, colour: Colour, params: RenderParams
) -> None:
    """Give all pixels the text's colour and take alpha for a mask: steeper, and in few steps, if the knobs say so."""
    ink = pack(colour[0], colour[1], colour[2], 0)
    gain, levels = np.float32(params.mask_gain), params.mask_levels
    middle = np.float32(colour[3]) * np.float32(0.5)
    for row in range(height):
        for x in range(width):
            at = np.uint64(row * stride + x)
            alpha = np.float32(tall[at] >> np.uint32(24))
            mask = np.int32(
                min(max((alpha - middle) * gain + middle + np.float32(0.5), np.float32(0)), np.float32(255))
            )
            if levels > 0:
                mask = mask * levels // 255 * 255 // levels
            tall[at] = ink | (np.uint32(mask) << np.uint32(24))


@njit(nogil=True)
def _quad(width: Int64, height: Int64, nw: Float64, ne: Float64, sw: Float64, se: Float64) -> Quad:
    """Return what maps a rectangle to one coordinate of a quadrilateral's corners."""
    across, down = 1.0 / width, 1.0 / height
    return np.float64(nw), (ne - nw) * across, (sw - nw) * down, (se - sw - ne + nw) * across * down


@njit(nogil=True)
def _paste(scratch: Scratch, size: Size, across: Quad, down: Quad, canvas: Canvas, left: Int64, top: Int64) -> None:
    """Warp the character by nearest neighbour and blend it in.

    Args:
        scratch: Holds the character in ``tall``, the mask in place of alpha.
        size: (height, width) of the tile, then those of the character.
        across: Where a tile's pixel comes from, see :func:`_quad`.
        down: The same down the rows.
        canvas: To draw on.
        left: Column of the canvas; may be negative.
        top: Row of the canvas; may be negative.
    """
    height, width, limit_y, limit_x = size
    first, last = max(-top, 0), min(height, canvas.height - top)
    if last <= first:
        return
    rows = padded(last - first)
    index, words, tall, pixels = scratch.lines.place, scratch.lines.words, scratch.tall, canvas.pixels
    for y in range(last - first, rows):
        words[y] = 0  # these leave the canvas as it is
    lines, empty = np.int32(scratch.stride), np.uint32(len(tall) - 1)
    wide, high = np.float64(limit_x), np.float64(limit_y)
    for x in range(max(-left, 0), min(width, canvas.width - left)):
        middle_x = x + 0.5
        base_x, slope_x = across[0] + across[1] * middle_x, across[3] * middle_x
        base_y, slope_y = down[0] + down[1] * middle_x, down[3] * middle_x
        for y in range(rows):
            middle_y = np.float64(np.int32(y + first)) + 0.5
            from_x = base_x + across[2] * middle_y + slope_x * middle_y
            from_y = base_y + down[2] * middle_y + slope_y * middle_y
            inside = (from_x >= 0.0) & (from_x < wide) & (from_y >= 0.0) & (from_y < high)
            index[y] = np.uint32(np.int32(from_y) * lines + np.int32(from_x)) if inside else empty
        for y in range(last - first):
            words[y] = tall[index[y]]
        at = np.uint64((left + x) * canvas.stride + top + first)
        for y in range(np.uint64(rows)):
            pixels[at + y] = _blend(pixels[at + y], words[y])


@njit(nogil=True)
def _blend(under: UInt32, over: UInt32) -> UInt32:
    """Put a pixel over another through the mask that it carries."""
    red, green, blue, mask = unpack(over)
    red_under, green_under, blue_under, _ = unpack(under)
    rest = np.int32(255 - mask)
    red = unscale(np.int32(red_under * rest + red * mask))
    green = unscale(np.int32(green_under * rest + green * mask))
    return pack(red, green, unscale(np.int32(blue_under * rest + blue * mask)), np.int32(0))
