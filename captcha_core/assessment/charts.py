"""Charts as SVG that stands inside a page: no script, no font, no file beside it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 420, 270
LEFT, RIGHT, TOP, BOTTOM = 46, 24, 12, 42
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Point:
    """A point with its interval and what is written beside it."""

    x: float
    y: float
    low: float
    high: float
    label: str = ""


def scatter(points: Sequence[Point], x_title: str, marks: Sequence[tuple[float, str]]) -> str:
    """Draw shares with their intervals over a logarithmic axis, joined by a line.

    Args:
        marks: Places on the axis that are named.
    """
    low, high = math.log(marks[0][0]), math.log(marks[-1][0])
    across = _across(low - 0.08 * (high - low or 1), high + 0.08 * (high - low or 1))
    place = [(across(math.log(point.x)), point) for point in points]
    path = " ".join(f"{x:.1f},{_up(point.y):.1f}" for x, point in place)
    body = f'<polyline class="line" points="{path}"/>' if len(points) > 1 else ""
    body += "".join(_whisker(x, point) for x, point in place)
    axis = [(across(math.log(value)), words) for value, words in marks]
    return _framed(body, axis, x_title, "exact match")


def steps(lines: Sequence[tuple[str, Sequence[tuple[float, float]]]], x_title: str, y_title: str) -> str:
    """Draw lines of (x, y) in [0, 1], each with its name in a list above."""
    across = _across(0.0, 1.0)
    body = ""
    for number, (name, points) in enumerate(lines):
        path = " ".join(f"{across(x):.1f},{_up(y):.1f}" for x, y in points)
        body += f'<polyline class="line c{number}" points="{path}"/>'
        y = HEIGHT - BOTTOM - 10 - 16 * number
        body += f'<text class="name c{number}" x="{LEFT + 8}" y="{y}">{escape(name)}</text>'
    return _framed(body, [(across(tick), f"{tick:.0%}") for tick in TICKS], x_title, y_title)


def dumbbells(rows: Sequence[tuple[str, float, Point | None]], base: float) -> str:
    """Draw a row for each level of a knob: the fixed reader as a ring, the retrained one as a dot with its interval."""
    height, left = 17 * len(rows) + 46, 206
    across = _scale(left, WIDTH - RIGHT, 0.0, 1.0)
    body = "".join(
        f'<line class="grid" x1="{across(tick):.1f}" x2="{across(tick):.1f}" y1="8" y2="{height - 34}"/>'
        f'<text class="tick" text-anchor="middle" x="{across(tick):.1f}" y="{height - 20}">{tick:.0%}</text>'
        for tick in (0.0, 0.5, 1.0)
    )
    body += f'<line class="base" x1="{across(base):.1f}" x2="{across(base):.1f}" y1="8" y2="{height - 34}"/>'
    for number, (name, fixed, again) in enumerate(rows):
        y = 17 * number + 17
        body += f'<text class="tick" text-anchor="end" x="{left - 10}" y="{y + 4}">{escape(name)}</text>'
        body += f'<circle class="ring" cx="{across(fixed):.1f}" cy="{y}" r="4"/>'
        if again is not None:
            body += (
                f'<line class="whisker" x1="{across(again.low):.1f}" x2="{across(again.high):.1f}" y1="{y}" y2="{y}"/>'
            )
            body += f'<circle class="dot" cx="{across(again.y):.1f}" cy="{y}" r="4"/>'
    title = "exact match: ○ fixed reader, ● retrained"
    body += f'<text class="tick" text-anchor="middle" x="{(left + WIDTH - RIGHT) / 2}" y="{height - 4}">{title}</text>'
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">{body}</svg>'


def _framed(body: str, axis: Sequence[tuple[float, str]], x_title: str, y_title: str) -> str:
    grid = "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{_up(tick):.1f}" y2="{_up(tick):.1f}"/>'
        f'<text class="tick" text-anchor="end" x="{LEFT - 6}" y="{_up(tick) + 4:.1f}">{tick:.0%}</text>'
        for tick in TICKS
    )
    named = "".join(
        f'<text class="tick" text-anchor="middle" x="{x:.1f}" y="{HEIGHT - BOTTOM + 17}">{escape(words)}</text>'
        for x, words in axis
    )
    title = (
        f'<text class="tick" text-anchor="middle" x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 6}">{escape(x_title)}</text>'
    )
    title += f'<text class="tick" x="4" y="10">{escape(y_title)}</text>'
    label = escape(f"{y_title} against {x_title}")
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{grid}{named}{title}{body}</svg>'


def _whisker(x: float, point: Point) -> str:
    y = _up(point.high) - 6
    top = f'<text class="tick" text-anchor="middle" x="{x:.1f}" y="{y:.1f}">{escape(point.label)}</text>'
    bar = f'<line class="whisker" x1="{x:.1f}" x2="{x:.1f}" y1="{_up(point.low):.1f}" y2="{_up(point.high):.1f}"/>'
    return f'{bar}<circle class="dot" cx="{x:.1f}" cy="{_up(point.y):.1f}" r="4.5"/>{top}'


def _across(low: float, high: float) -> Callable[[float], float]:
    return _scale(LEFT, WIDTH - RIGHT, low, high)


def _scale(first: float, last: float, low: float, high: float) -> Callable[[float], float]:
    return lambda value: first + (last - first) * (value - low) / (high - low)


def _up(share: float) -> float:
    """Return the height of a share; a label above 100 % stays inside."""
    top, bottom = TOP + 12, HEIGHT - BOTTOM
    return bottom - (bottom - top) * share
