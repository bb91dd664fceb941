"""The knobs of a picture as compiled code takes them."""

from typing import NamedTuple

Span = tuple[int, int]


class RenderParams(NamedTuple):
    """A plain tuple of numbers; what they mean is said in ImageKnobs."""

    rotate_deg: float
    stretch_x: float
    stretch_y: float
    fill_tile: bool
    baseline: float
    antialias: bool
    mask_gain: float
    mask_levels: int
    exact: bool
    space_probability: float
    overlap: float
    pitch_px: float
    margin_px: int
    loose: bool
    jitter_x_px: int
    jitter_y_px: int
    background: Span
    foreground: Span
    opacity: Span
    colour_each: bool
    gradient: int
    texture: int
    texture_px: int
    wave_px: float
    wave_length_px: float
    lines: int
    line_width_px: float
    stars: int
    stars_in_front: float
    star_levels: Span
    dots: int
    arcs: int
    smooth: bool
