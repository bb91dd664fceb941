"""Touching letters apart: the cheapest set of paths from top to bottom through the components.

A path may lean by one column a row, as letters do. It pays for the ink that it crosses, less where the colour
changes across it (two letters, two colours), and the column projection breaks ties, so it falls into the gap
between letters. How many letters each component holds is chosen for all components together: the sum of the paths'
costs and of the letters' deviations from the mean width is least. The paths are seams as in Avidan and Shamir, "Seam
carving for content-aware image resizing" (2007).
"""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from captcha_core.features.segmentation.components import Component, Layout, owned

COLOUR_STEP = 60.0  # mean difference over the channels from which on two colours are two letters' colours
COLOUR_DISCOUNT = 0.85
NARROWEST = 0.18  # of the text height: no letter is narrower
DEAREST = 0.5  # of the text height in ink: a path that pays more goes through a letter
SEAM = 0.05  # what any seam costs: letters that stand apart are likelier
HOLE = 0.15  # px of ink that a pixel of enclosed paper counts for: the inside of a letter, rarely a gap
LEAN = 0.15  # px of ink that one step aside costs
PROJECTION = 0.1  # weight of a column's whole ink beside the path's own
STACKED = 0.5  # what two components above each other cost: they are halves of one letter
LOST = 2.0  # what the loss of all sure ink would cost
REGULAR = 0.6  # weight of a letter's squared deviation from the mean width


@dataclass(frozen=True, slots=True)
class Division:
    """One way to divide a component: the paths' columns (seams, h) in the component's box, and what it costs."""

    paths: np.ndarray
    cost: float


def split(
    layout: Layout, count: int, strength: np.ndarray, colours: np.ndarray, limit: float = math.inf
) -> Layout | None:
    """Divide the components into ``count`` letters at the least cost.

    Args:
        layout: Fewer than ``count`` components.
        count: How many there should be.
        strength: float32 (H, W): contrast of each pixel, 1 where it is that of typical ink.
        colours: uint8 (H, W, C).
        limit: What a better division costs; one that cannot cost less is not looked for.

    Returns:
        The divided layout, or None where a seam would have to go through a letter or the division costs too much.
    """
    missing = count - len(layout.components)
    mean = sum(component.width for component in layout.components) / count
    bounds = [_bounds(component, missing + 1, mean, layout.text_px) for component in layout.components]
    least = _allocate(bounds, count)
    if least is None or sum(division.cost for division in least) + LOST * layout.lost >= limit:
        return None
    options = [
        _divisions(component, max(bound), mean, layout.labels, strength, colours, layout.text_px)
        for component, bound in zip(layout.components, bounds, strict=True)
    ]
    chosen = _allocate(options, count)
    if chosen is None:
        return None
    labels = layout.labels.copy()
    components: list[Component] = []
    for component, division in zip(layout.components, chosen, strict=True):
        components += [component] if not len(division.paths) else _apply(component, division.paths, labels)
    divided = layout.with_components(components, labels=labels, seams=missing)
    seam_cost = sum(division.cost for division in chosen)
    return replace(divided, cost=seam_cost + _disorder(divided))


def price_whole(layout: Layout) -> Layout:
    """Return an undivided layout with its cost, on the scale of :func:`split`'s."""
    widths = np.array([component.width for component in layout.components])
    uneven = REGULAR * ((widths / widths.mean() - 1) ** 2).sum()
    return replace(layout, cost=float(uneven) + _disorder(layout))


def _disorder(layout: Layout) -> float:
    return STACKED * layout.stacked() + LOST * layout.lost


def _allocate(options: list[dict[int, Division]], count: int) -> list[Division] | None:
    """Choose one division for each component so that the letters sum to ``count`` at the least cost."""
    best: dict[int, tuple[float, list[Division]]] = {0: (0.0, [])}
    for divisions in options:
        grown: dict[int, tuple[float, list[Division]]] = {}
        for have, (cost, chosen) in best.items():
            for letters, division in divisions.items():
                total, sum_ = have + letters, cost + division.cost
                if total <= count and (total not in grown or sum_ < grown[total][0]):
                    grown[total] = (sum_, [*chosen, division])
        best = grown
    return best[count][1] if count in best else None


def _bounds(component: Component, most: int, mean: float, text_px: int) -> dict[int, Division]:
    """Return for each number of letters that fit into a component the least cost: no ink crossed, even widths."""
    if component.width < 0.5 * mean:
        most = 1
    most = max(1, min(most, component.width // _narrowest(text_px)))
    nowhere = np.empty((0, component.height), dtype=np.intp)
    return {
        letters: Division(
            nowhere, SEAM * (letters - 1) + letters * REGULAR * (component.width / letters / mean - 1) ** 2
        )
        for letters in range(1, most + 1)
    }


def _narrowest(text_px: int) -> int:
    return max(2, round(NARROWEST * text_px))


def _divisions(
    component: Component,
    most: int,
    mean: float,
    labels: np.ndarray,
    strength: np.ndarray,
    colours: np.ndarray,
    text_px: int,
) -> dict[int, Division]:
    """Return the best division of a component into 1, 2, ... ``most`` letters, as far as one can be made."""
    found = {1: Division(np.empty((0, component.height), dtype=np.intp), REGULAR * (component.width / mean - 1) ** 2)}
    if most < 2:
        return found
    price = _price(component, labels, strength, colours)
    total, origin = _walk(price)
    paths = _trace(origin)
    middles = paths.mean(axis=0)
    costs = SEAM + np.where(total > DEAREST * text_px, np.inf, total + PROJECTION * price.sum(axis=0)) / text_px
    for letters in range(2, most + 1):
        ends, cost = _place(costs, middles, letters, component.width, mean, _narrowest(text_px))
        if ends:
            found[letters] = Division(paths[:, ends].T, cost)
    return found


def _place(
    costs: np.ndarray, middles: np.ndarray, letters: int, width: int, mean: float, narrowest: int
) -> tuple[list[int], float]:
    """Choose the paths that divide a component into ``letters`` at the least cost of ink and irregular widths."""

    def uneven(widths: np.ndarray) -> np.ndarray:
        return np.where(widths < narrowest, np.inf, REGULAR * (widths / mean - 1) ** 2)

    best = costs + uneven(middles)
    between = uneven(middles[None, :] - middles[:, None])
    came: list[np.ndarray] = []
    for _ in range(letters - 2):
        reach = best[:, None] + between
        came.append(reach.argmin(axis=0))
        best = reach.min(axis=0) + costs
    last = best + uneven(width - middles)
    end = int(last.argmin())
    cost = float(last[end])
    if not np.isfinite(cost):
        return [], np.inf
    ends = [end]
    for back in reversed(came):
        ends.append(int(back[ends[-1]]))
    return ends[::-1], cost


def _price(component: Component, labels: np.ndarray, strength: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Return what each pixel of the component's box costs to cross, float32 (h, w)."""
    window = np.s_[component.top : component.bottom, component.left : component.right]
    own = owned(labels[window], component)
    price = np.where(own, np.clip(strength[window], 0.5, 1), HOLE * _holes(own)).astype(np.float32)
    if colours.shape[2] > 1 and component.width > 4:
        local = colours[window].astype(np.int16)
        step = np.abs(local[:, 4:] - local[:, :-4]).mean(axis=2)
        both = own[:, 4:] & own[:, :-4]
        price[:, 2:-2] *= 1 - both * np.minimum(step / COLOUR_STEP, 1) * COLOUR_DISCOUNT
    return price


def _holes(own: np.ndarray) -> np.ndarray:
    """Return the paper that ink encloses, as in 0, 6 and A: uint8 (h, w)."""
    height, width = own.shape
    paper = np.ones((height + 2, width + 2), dtype=np.uint8)
    paper[1:-1, 1:-1] = ~own
    cv2.floodFill(paper, None, (0, 0), 0)
    return paper[1:-1, 1:-1]


def _walk(price: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the cheapest total for each end column, and for each pixel the column it was reached from."""
    height, width = price.shape
    origin = np.empty((height, width), dtype=np.intp)
    here = np.arange(width)
    origin[0] = here
    total = price[0].copy()
    padded = np.full(width + 2, np.inf, dtype=np.float32)
    ways = np.empty((3, width), dtype=np.float32)
    for row in range(1, height):
        padded[1:-1] = total
        np.add(padded[:-2], LEAN, out=ways[0])
        ways[1] = total
        np.add(padded[2:], LEAN, out=ways[2])
        ways.argmin(axis=0, out=origin[row])
        np.add(ways.min(axis=0), price[row], out=total)
    origin[1:] += here - 1
    return total, origin


def _trace(origin: np.ndarray) -> np.ndarray:
    """Return the column of every path in each row, (h, w): one path for each end column."""
    height, width = origin.shape
    paths = np.empty((height, width), dtype=np.intp)
    here = np.arange(width)
    for row in range(height - 1, -1, -1):
        paths[row] = here
        here = origin[row, here]
    return paths


def _apply(component: Component, paths: np.ndarray, labels: np.ndarray) -> list[Component]:
    """Relabel the ink between the paths and return the parts, left to right, empty ones left out."""
    view = labels[component.top : component.bottom, component.left : component.right]
    own = owned(view, component)
    part = (np.arange(component.width)[None, None, :] >= paths[:, :, None]).sum(axis=0)
    fresh = int(labels.max()) + 1
    parts = []
    for index in range(len(paths) + 1):
        side = own & (part == index)
        if side.any():
            view[side] = fresh + index
            rows, columns = np.flatnonzero(side.any(axis=1)), np.flatnonzero(side.any(axis=0))
            left, top = component.left + int(columns[0]), component.top + int(rows[0])
            right, bottom = component.left + int(columns[-1]) + 1, component.top + int(rows[-1]) + 1
            parts.append(Component((fresh + index,), left, top, right, bottom, int(side.sum())))
    return parts
