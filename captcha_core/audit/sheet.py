"""An audit as one HTML file with its pictures in it, and as lines for a terminal."""

import base64
import html
from collections.abc import Mapping, Sequence

from captcha_core.audit.finding import MEANING, Finding, Place, counts
from captcha_core.errors import DataError
from captcha_core.media.image import decode_image, encode_png

SHOWN = 300  # findings with pictures; the JSON has all
PICTURES = 6  # of one finding
STYLE = (
    "body{font:15px/1.4 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#1b2430}"
    "table{border-collapse:collapse;width:100%}td,th{padding:.4em .6em;border-bottom:1px solid #d8dee6;"
    "text-align:left;vertical-align:top}img{height:48px;margin:0 .4em .2em 0;border:1px solid #d8dee6}"
    "figure{display:inline-block;margin:0 .8em .2em 0}figcaption{font-size:12px;color:#5a6675}"
    "b.kind{white-space:nowrap}"
)


def page(title: str, facts: Mapping[str, str], findings: Sequence[Finding], media: Mapping[str, bytes]) -> str:
    """Return the sheet: facts, how many findings of each kind, and the worst of them with pictures.

    Args:
        title: Of the page.
        facts: What was audited, in the order to be shown.
        findings: Worst first.
        media: Files by their content hash; what is not there or no picture is shown by its name.
    """
    kinds = "".join(f"<tr><td>{count:,}</td><td>{MEANING[kind]}</td></tr>" for kind, count in counts(findings).items())
    known = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(fact)}</td></tr>" for name, fact in facts.items()
    )
    rows = "".join(_row(number, one, media) for number, one in enumerate(findings[:SHOWN], 1))
    rest = f"<p>{len(findings) - SHOWN:,} more are in the JSON.</p>" if len(findings) > SHOWN else ""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style><h1>{html.escape(title)}</h1><table>{known}</table><h2>{len(findings):,} findings</h2>"
        f"<table>{kinds}</table><h2>Worst first</h2><table><tr><th>#</th><th>Kind</th><th>What</th><th>Captchas</th>"
        f"</tr>{rows}</table>{rest}</html>\n"
    )


def _row(number: int, one: Finding, media: Mapping[str, bytes]) -> str:
    figures = "".join(_figure(place, media) for place in one.places[:PICTURES])
    more = f" and {len(one.places) - PICTURES:,} more" if len(one.places) > PICTURES else ""
    return (
        f'<tr><td>{number}</td><td><b class="kind">{one.kind}</b></td><td>{html.escape(one.message)}</td>'
        f"<td>{figures}{more}</td></tr>"
    )


def _figure(place: Place, media: Mapping[str, bytes]) -> str:
    caption = f"{place.text or '(no label)'} · {place.split} · {place.shown}"
    try:
        png = encode_png(decode_image(media.get(place.id, b""), channels=3))
        picture = f'<img alt="" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
    except DataError:
        picture = ""
    return f"<figure>{picture}<figcaption>{html.escape(caption)}</figcaption></figure>"


def lines(findings: Sequence[Finding], most: int) -> list[str]:
    """Return a table for a terminal: rank, kind, what, and the first captcha."""
    rows = [(str(number), one.kind, one.message, _where(one)) for number, one in enumerate(findings[: most or None], 1)]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    table = [f"{row[0]:>{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}{row[3]}" for row in rows]
    left = len(findings) - len(rows)
    return [*table, *([f"{left:,} more (--show 0 for all, --out FILE.html with pictures)"] if left else [])]


def _where(one: Finding) -> str:
    if not one.places:
        return ""
    first = one.places[0]
    return f"  [{first.split} {first.shown}{f' and {len(one.places) - 1:,} more' if len(one.places) > 1 else ''}]"
