"""The report: one HTML file with everything in it, for a screen, a phone and paper; the same as Markdown and JSON."""

import base64
import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from captcha_core.assessment import charts, tables
from captcha_core.assessment.attackers import Group
from captcha_core.assessment.charts import Point
from captcha_core.assessment.findings import Findings
from captcha_core.assessment.tables import Table
from captcha_core.errors import disk_error
from captcha_core.evaluation.risk import risk_coverage
from captcha_core.files import write_file

HTML, MARKDOWN, JSON = "report.html", "report.md", "report.json"
SHOWN = 6  # captchas on the first screen
SHOWN_BYTES = 40_000  # larger ones would make the file heavy
MANY = 16  # rows: a longer table is moved sideways on a phone, a shorter one is told in lines
CURVES = 3  # attackers in the chart of risk and coverage
CSS = Path(__file__).with_name("report.css")
GRADES = {
    "broken": "broken",
    "doubtful": "doubtful",
    "holds": "held against these machines",
    "unknown": "not known",
}
INCOMPLETE = "Incomplete: there was no time for every attacker."
KNOBS_NOTE = (
    "One knob at a time, everything else as it is. The fixed reader learnt the scheme as it is; the retrained one went "
    "on from it on the turned scheme. What stops only the fixed reader stops nobody. Hollow letters "
    "and a second layer of text are knobs of the scheme site alone."
)
SLICES_NOTE = (
    "Correlation, not cause: these captchas differ in more than what the slice names. A scheme that can be drawn would "
    "tell (captchalab knobs)."
)


def write_report(found: Findings, folder: Path) -> None:
    """Write the report into a folder, each file whole or not at all.

    Raises:
        DataError: If the folder cannot be written.
    """
    try:
        write_file(folder / JSON, json.dumps(found.as_dict(), indent=1, ensure_ascii=False).encode())
        write_file(folder / MARKDOWN, as_markdown(found).encode())
        write_file(folder / HTML, as_html(found).encode())
    except OSError as error:
        raise disk_error(folder, error) from None


def as_markdown(found: Findings) -> str:
    """Return the report as Markdown."""
    said = found.verdict
    head = [
        f"# {found.target.name}: {GRADES[said.grade]}", said.sentence, *([] if found.complete else [INCOMPLETE]),
        "\n".join(
            f"- **{name}** {text}"
            for name, text in (
                ("Who breaks it:", said.who), ("At what rate:", said.rate), ("At what cost:", said.cost),
                ("What to change first:", said.change),
            )
        ),
    ]  # fmt: skip
    parts = [f"## {title}\n\n{_piped(table)}\n\n{note}".rstrip() for title, table, note in _sections(found)]
    steps = "## What to change\n\n" + "\n".join(f"{n}. {step}" for n, step in enumerate(said.steps, 1))
    notes = "## How it was measured\n\n" + "\n".join(f"- {note}" for note in tables.notes(found))
    return "\n\n".join([*head, steps, *parts, notes]) + "\n"


def _sections(found: Findings) -> list[tuple[str, Table, str]]:
    """Return the sections with a table: title, table, note."""
    every = [
        ("Attackers, by what they pay", tables.attackers(found), ""),
        (
            "Against three published lines",
            tables.lines(found),
            "They differ by orders of magnitude; none is the truth.",
        ),
        ("What an attacker gets who may refresh", tables.refreshing(found), ""),
        ("What makes it harder", tables.knobs(found), KNOBS_NOTE),
        ("Which captchas are read less", tables.slices(found), SLICES_NOTE),
        ("Money", tables.money(found), tables.money_note(found)),
        ("People", tables.people(found), "Measure people on these very captchas before you change anything."),
    ]
    return [section for section in every if section[1].rows]


def _piped(table: Table) -> str:
    rule = ["---:" if place in table.numbers else "---" for place in range(len(table.columns))]
    rows = [table.columns, rule, *table.rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def as_html(found: Findings) -> str:
    """Return the report as one HTML document with nothing beside it."""
    said = found.verdict
    drawings = {
        "Attackers, by what they pay": _pair(_labels_chart(found), _risk_chart(found)),
        "What makes it harder": _pair(*_knobs_charts(found)),
    }
    parts = "".join(
        _section(title, drawings.get(title, "") + _table(table), note) for title, table, note in _sections(found)
    )
    steps = "".join(f"<li>{escape(step)}</li>" for step in said.steps)
    notes = "".join(f"<li>{escape(note)}</li>" for note in tables.notes(found))
    body = (
        (
            f"{_first_screen(found)}{_section('What to change', f'<ol>{steps}</ol>', '') if steps else ''}{parts}"
            f"{_section('How it was measured', f'<ul>{notes}</ul>', '')}"
            f'<p class="quiet">captchalab assess, {escape(found.made)}; data {escape(found.target.digest[:12])}.</p>'
        )
        .replace(" %", "\u00a0%")
        .replace("n = ", "n\u00a0=\u00a0")
    )  # a number and its sign stay on one line
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(found.target.name)}: how hard is this captcha?</title>"
        f"<style>{CSS.read_text(encoding='utf-8')}</style></head><body><main>{body}</main></body></html>\n"
    )


def _first_screen(found: Findings) -> str:
    said = found.verdict
    boxes = (
        ("Who breaks it", said.who), ("At what rate", said.rate), ("At what cost", said.cost),
        ("What to change first", said.change),
    )  # fmt: skip
    cells = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in boxes)
    left = "" if found.complete else f'<p class="quiet">{INCOMPLETE}</p>'
    grade = f'<span class="grade {said.grade}">{GRADES[said.grade]}</span>'
    return (
        f"<h1>How hard is <b>{escape(found.target.name)}</b>? {grade}</h1>"
        f'<p class="sentence">{escape(said.sentence)}</p>{left}<dl class="boxes">{cells}</dl>{_shown(found)}'
    )


def _shown(found: Findings) -> str:
    """Return some of the captchas as pictures inside the page."""
    if found.target.spec.media != "image":
        return ""
    some = [sample for sample in found.target.tested if len(sample.media) <= SHOWN_BYTES][:SHOWN]
    pictures = "".join(
        f'<img alt="captcha {escape(sample.text or "")}" src="data:{_kind(sample.media)};base64,'
        f'{base64.b64encode(sample.media).decode()}">'
        for sample in some
    )
    return f'<div class="shown">{pictures}</div>' if pictures else ""


def _kind(media: bytes) -> str:
    """Return the type of a picture for a browser."""
    known = {b"\xff\xd8": "image/jpeg", b"GI": "image/gif", b"RI": "image/webp", b"BM": "image/bmp"}
    return known.get(media[:2], "image/png")


def _section(title: str, body: str, note: str) -> str:
    quiet = f'<p class="quiet">{escape(note)}</p>' if note else ""
    return f"<section><h2>{escape(title)}</h2>{quiet}{body}</section>"


def _table(table: Table) -> str:
    head = "".join(_cell("th", name, place in table.numbers, "") for place, name in enumerate(table.columns))
    rows = "".join(
        "<tr>"
        + "".join(
            _cell("td", text, place in table.numbers, name)
            for place, (name, text) in enumerate(zip(table.columns, row, strict=True))
        )
        + "</tr>"
        for row in table.rows
    )
    cards = ' class="cards"' if len(table.rows) <= MANY else ""
    return f'<div class="scroll"><table{cards}><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cell(tag: str, text: str, is_number: bool, name: str) -> str:
    right = ' class="n"' if is_number and len(text) < 16 else ""
    named = f' data-name="{escape(name)}"' if name else ""
    return f"<{tag}{right}{named}>{escape(text)}</{tag}>"


def _labels_chart(found: Findings) -> str:
    learnt = [group for group in found.groups if group.kind == "labels"]
    if not learnt:
        return ""
    points = [Point(group.labels, group.share.value, *group.share.interval, "") for group in learnt]
    marks = [(float(group.labels), f"{group.labels:,}") for group in _apart(learnt)]
    if len(marks) == 1:
        marks = [(marks[0][0] / 2, ""), marks[0], (marks[0][0] * 2, "")]
    return charts.scatter(points, "labels that an attacker pays for", marks)


def _apart(learnt: Sequence[Group]) -> Iterable[Group]:
    """Return the sizes that are far enough apart to be named."""
    kept: list[Group] = []
    for group in learnt:
        if kept and group.labels < 1.3 * kept[-1].labels:
            kept.pop()
        kept.append(group)
    return kept


def _risk_chart(found: Findings) -> str:
    sure = [group for group in found.groups if group.typical.confidences and group.share.hits]
    ranked = sorted(sure, key=lambda group: -group.share.value)[:CURVES]
    lines = [
        (group.title, [(p.answered.value, p.right.value) for p in risk_coverage(row.confidences, row.right)])
        for group in ranked
        for row in [group.typical]
    ]
    return charts.steps(lines, "share that is answered, the surest first", "success per submission") if lines else ""


def _pair(*drawings: str) -> str:
    return f'<div class="pair">{"".join(f"<div>{one}</div>" for one in drawings if one)}</div>'


def _knobs_charts(found: Findings) -> list[str]:
    """Return two charts, of half of the levels each."""
    shown = [effect for effect in found.effects if not effect.reason and not effect.is_base]
    if not shown:
        return []
    rows = [
        (
            f"{effect.label}: {effect.level}"[:31],
            effect.fixed.value,
            None if effect.retrained is None else Point(0, effect.retrained.value, *effect.retrained.interval),
        )
        for effect in shown
    ]
    half = -(-len(rows) // 2)
    return [charts.dumbbells(part, shown[0].base.value) for part in (rows[:half], rows[half:]) if part]
