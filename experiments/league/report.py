"""The league as a table for a README, and as one page with pictures."""

import base64
import html
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from captcha_core.dataset.store import MANIFEST, Dataset
from captcha_core.media.sniff import format_of

READERS = ("builtin", "ddddocr", "50 labels", "generator")
HEADS = ("builtin reader", "ddddocr", "trained on 50 labels", "trained on the generator")
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } td, th { padding: .4rem .6rem; border-bottom: 1px solid #ddd; }
th { text-align: left; } td.figure { text-align: right; white-space: nowrap; } small { color: #666; display: block; }
img { max-height: 48px; max-width: 160px; margin: 1px; vertical-align: middle; } .fault { color: #a33; }
"""


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the rows as a Markdown table: exact match, case folded, of sums of the answers, with 95 % intervals."""
    lines = [f"| generator | setting | text | n | {' | '.join(HEADS)} |", f"|{'---|' * (4 + len(HEADS))}"]
    for row in rows:
        cells = [row["name"], row["setting"], _text(row), f"{row['asked']['count']:,}"]
        cells += [_figure(row["figures"].get(name), row) for name in READERS]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def page(rows: Sequence[Mapping[str, Any]], out: Path) -> str:
    """Return one HTML page that needs no other file."""
    body = "".join(_table_row(row, out) for row in rows)
    heads = "".join(f"<th>{head}</th>" for head in ("generator", "captchas", "text", *HEADS))
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>The league</title><style>{STYLE}</style>"
        "<h1>How well captcha generators are read</h1><p>Exact match of the whole text, case folded (of sums, of the "
        "answer), with its 95 % interval, on captchas that no training has seen.</p>"
        f"<table><tr>{heads}</tr>{body}</table></html>\n"
    )


def _table_row(row: Mapping[str, Any], out: Path) -> str:
    name = f"<b>{html.escape(row['name'])}</b> {html.escape(row['setting'])}"
    packages = f"<small>{html.escape(', '.join(row['packages']))}</small>"
    pictures = "".join(_pictures(row, out)) or f"<span class=fault>{html.escape(row.get('fault', ''))}</span>"
    figures = "".join(
        f"<td class=figure>{html.escape(_figure(row['figures'].get(name), row))}</td>" for name in READERS
    )
    return f"<tr><td>{name}{packages}</td><td>{pictures}</td><td>{html.escape(_text(row))}</td>{figures}</tr>"


def _pictures(row: Mapping[str, Any], out: Path) -> Iterator[str]:
    folder = out / "data" / f"{row['name']}-{row['setting']}"
    wanted = row.get("examples", ())
    if not wanted or not (folder / MANIFEST).is_file():  # a league's rows outlive its data
        return
    for sample in Dataset.open(folder).samples("test"):
        if sample.id in wanted:
            found = format_of(sample.media)
            kind = found.name.lower() if found else "png"
            data = base64.b64encode(sample.media).decode()
            yield f'<img src="data:image/{kind};base64,{data}" alt="{html.escape(sample.text or "")}">'


def _text(row: Mapping[str, Any]) -> str:
    spec = row.get("spec")
    if not spec:
        return "-"
    least, most = spec["min_length"], spec["max_length"]
    what = "a sum" if spec.get("answer") == "arithmetic" else f"{len(spec['alphabet'])} characters"
    return f"{least if least == most else f'{least} to {most}'} of {what}"


def _figure(figure: Mapping[str, Any] | None, row: Mapping[str, Any]) -> str:
    if figure is None:
        return "-" if not row.get("fault") else "failed"
    if "fault" in figure:
        return "failed"
    share = figure.get("answer", figure)
    return f"{share['value']:.1%} ({share['low']:.1%} to {share['high']:.1%})"
