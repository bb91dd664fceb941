"""A drawing of which folder imports which, made from the imports: ``python -m experiments.tools.import_map`` prints it.

Arrows that follow from others are left out: where a imports b and b imports c, a may import c, too.
"""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
LIBRARY, SHELLS = "captcha_core", ("experiments", "dashboard")
WIDE, HIGH, ACROSS, DOWN = 104, 26, 132, 46  # of a box, and from one box to the next, in pixels
STYLE = "font: 13px sans-serif"


@cache
def arrows() -> dict[str, frozenset[str]]:
    """Return the folders that each folder imports, directly; single modules, which nearly all import, are left out."""
    found: dict[str, set[str]] = {}
    for package in (LIBRARY, *SHELLS):
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if parts[:2] == (LIBRARY, "__init__"):
                continue
            mine = parts[1] if package == LIBRARY else package
            if package != LIBRARY or len(parts) > 2:
                found.setdefault(mine, set()).update(_imported(path) - {mine})
    named = {name for others in found.values() for name in others}
    return {name: frozenset(others) for name, others in found.items() if others or name in named}


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            inside = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == LIBRARY else []
            names |= {node.module, *inside}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    ours = (name.split(".") for name in names if name.startswith(f"{LIBRARY}."))
    return {parts[1] for parts in ours if (ROOT / LIBRARY / parts[1]).is_dir()}


@cache
def _reach(name: str) -> frozenset[str]:
    """Return everything that a folder imports, directly or not."""
    return frozenset({one for other in arrows()[name] for one in (other, *_reach(other))})


@cache
def level(name: str) -> int:
    """Return how many folders lie below one, on the longest way down."""
    return 1 + max((level(other) for other in arrows()[name]), default=-1)


def shown() -> list[tuple[str, str]]:
    """Return the arrows that follow from no others."""
    return [
        (name, other)
        for name, others in sorted(arrows().items())
        for other in sorted(others)
        if not any(other in _reach(between) for between in others - {other})
    ]


def svg() -> str:
    """Return the drawing: what imports nothing at the bottom, what nothing imports at the top."""
    rows: dict[int, list[str]] = {}
    for name in sorted(arrows(), key=lambda one: (-len(_reach(one)), one)):
        rows.setdefault(level(name), []).append(name)
    widest, top = max(len(row) for row in rows.values()), max(rows)
    places = {
        name: ((widest - len(row)) * ACROSS // 2 + place * ACROSS + 10, (top - depth) * DOWN + 10)
        for depth, row in rows.items()
        for place, name in enumerate(row)
    }
    width, height = widest * ACROSS + 20, (top + 1) * DOWN + 10
    lines = [_line(*places[name], *places[other]) for name, other in shown()]
    boxes = [_box(name, *place) for name, place in places.items()]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" style="{STYLE}" role="img">'
    return "\n".join([head, "<title>Which folder imports which</title>", *lines, *boxes, "</svg>"])


def _line(x: int, y: int, to_x: int, to_y: int) -> str:
    ends = f'x1="{x + WIDE // 2}" y1="{y + HIGH}" x2="{to_x + WIDE // 2}" y2="{to_y}"'
    return f'<line {ends} stroke="#8a94a6" stroke-width="1.2"/>'


def _box(name: str, x: int, y: int) -> str:
    colour = "#fde9c8" if name in SHELLS else "#dbe7fb"
    rectangle = f'<rect x="{x}" y="{y}" width="{WIDE}" height="{HIGH}" rx="5" fill="{colour}" stroke="#5b6b86"/>'
    return f'{rectangle}<text x="{x + WIDE // 2}" y="{y + 17}" text-anchor="middle" fill="#1d2a40">{name}</text>'


if __name__ == "__main__":
    print(svg())
