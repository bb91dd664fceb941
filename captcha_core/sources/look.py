"""The knobs of a picture as compiled code takes them."""

from typing import NamedTuple


class Look(NamedTuple):
    """A plain tuple of numbers; what they mean is said in ImageKnobs."""

    rotate_deg: float
    stretch_x: float
    stretch_y: float
    space_probability: float
    overlap: float
    background: tuple[int, int]
    foreground: tuple[int, int]
    opacity: tuple[int, int]
    dots: int
    arcs: int
    smooth: bool
