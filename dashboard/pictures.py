"""Captchas, answers and figures as small pieces of HTML. Every text in them is escaped, every picture drawn anew."""

import base64
from collections.abc import Sequence
from functools import lru_cache

from captcha_core.errors import DataError
from captcha_core.media.image import decode_image, encode_png
from captcha_core.spec.answer import Answer
from dashboard.words import markup, share


def picture(media: bytes, alt: str, classes: str = "cl-picture") -> str:
    """Return an image file as an ``<img>``, decoded within limits and encoded anew: no byte of the upload is sent on.

    A file that cannot be read becomes a note that says so.
    """
    try:
        png = encode_png(decode_image(media, 3))
    except DataError:
        return f'<div class="{classes} cl-broken">not a readable picture</div>'
    return f'<img class="{classes}" alt="{markup(alt)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def strip(answer: Answer) -> str:
    """Return the characters of an answer side by side, each with its confidence as a bar and in per cent."""
    if not answer.characters:
        return '<div class="cl-strip cl-empty">no character found</div>'
    cells = "".join(
        f'<div class="cl-cell cl-{sureness(one.confidence)}" title="{share(one.confidence, 2)}">'
        f'<b>{markup(one.character)}</b><i style="--level:{one.confidence:.3f}"></i>'
        f"<span>{percent(one.confidence)}</span></div>"
        for one in answer.characters
    )
    return f'<div class="cl-strip">{cells}</div>'


@lru_cache(maxsize=256)
def percent(confidence: float) -> str:
    """Return a confidence in whole per cent, never rounded up to certainty."""
    return "&gt;99 %" if 0.995 <= confidence < 0.99995 else f"{100 * confidence:.0f} %"


def sureness(confidence: float) -> str:
    """Return which of three words fits a confidence."""
    return "sure" if confidence >= 0.9 else "fair" if confidence >= 0.6 else "poor"


def card(media: bytes, name: str, answer: Answer | None, fault: str = "") -> str:
    """Return a captcha with what was read of it, for a gallery."""
    body = f'<div class="cl-fault">{markup(fault)}</div>' if answer is None else (
        f'<div class="cl-text">{markup(answer.text) or "–"}</div>{strip(answer)}'
    )  # fmt: skip
    return f'<figure class="cl-card">{picture(media, name)}<figcaption>{markup(name)}</figcaption>{body}</figure>'


def facts(rows: Sequence[tuple[str, str, str]]) -> str:
    """Return figures side by side: what it is, the figure, and a remark below it."""
    cells = "".join(
        f"<div><dt>{markup(label)}</dt><dd>{markup(value)}</dd><small>{markup(remark)}</small></div>"
        for label, value, remark in rows
    )
    return f'<dl class="cl-facts">{cells}</dl>'
