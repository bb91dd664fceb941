"""Captchas, answers and figures as small pieces of HTML. Every text in them is escaped, every picture drawn anew."""

import base64
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from captcha_core.errors import DataError
from captcha_core.evaluation.metrics import align
from captcha_core.media.image import decode_image, encode_png
from captcha_core.spec.answer import Answer
from dashboard.widgets.charts import colour
from dashboard.widgets.text import markup, share


def picture(media: bytes, alt: str, classes: str = "cl-picture") -> str:
    """Return an image file as an ``<img>``, decoded within limits and encoded anew: no byte of the upload is sent on.

    A file that cannot be read becomes a note that says so.
    """
    try:
        png = encode_png(decode_image(media, 3))
    except DataError:
        return f'<div class="{classes} cl-broken">not a readable picture</div>'
    return img(png, alt, classes)


def img(content: bytes, alt: str, classes: str, kind: str = "png") -> str:
    """Return a picture of ours (PNG, or ``svg+xml``) as an ``<img>`` that holds it."""
    encoded = base64.b64encode(content).decode()
    return f'<img class="{classes}" alt="{markup(alt)}" src="data:image/{kind};base64,{encoded}">'


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
    return "&gt;99%" if 0.995 <= confidence < 0.99995 else f"{100 * confidence:.0f}%"


def sureness(confidence: float) -> str:
    """Return which of three words fits a confidence."""
    return "sure" if confidence >= 0.9 else "fair" if confidence >= 0.6 else "poor"


def card(media: bytes, name: str, answer: Answer | None, fault: str = "", kind: str = "image") -> str:
    """Return a captcha with what was read of it, for a gallery; a clip's player stands beside its card."""
    shown = picture(media, name) if kind == "image" else ""
    body = f'<div class="cl-fault">{markup(fault)}</div>' if answer is None else (
        f'<div class="cl-text">{markup(answer.text) or "–"}{_worked_out(answer)}</div>{strip(answer)}'
    )  # fmt: skip
    return f'<figure class="cl-card">{shown}<figcaption>{markup(name)}</figcaption>{body}</figure>'


def _worked_out(answer: Answer) -> str:
    return "" if answer.answer is None else f" → {markup(answer.answer)}"


def facts(rows: Sequence[tuple[str, str, str]]) -> str:
    """Return figures side by side: what it is, the figure, and a remark below it."""
    cells = "".join(
        f"<div><span>{markup(label)}</span><b>{markup(value)}</b><small>{markup(remark)}</small></div>"
        for label, value, remark in rows
    )
    return f'<div class="cl-facts">{cells}</div>'


def mistake_card(
    media: bytes | None, text: str, read: str, confidence: float | None, path: str, without: str = "picture not here"
) -> str:
    """Return a sample with its true text and what was read instead, the wrong characters marked.

    Args:
        media: The picture.
        text: The true text.
        read: What was read.
        confidence: How sure the model was, None where that is not known.
        path: What the sample is called, empty where it has no name.
        without: What stands in the picture's place when there is none; empty leaves the place out.
    """
    shown = f'<div class="cl-picture cl-broken">{markup(without)}</div>' if without else ""
    if media is not None:
        shown = picture(media, path or "a captcha")
    sure = "" if confidence is None else percent(confidence)
    pairs = align(text, read)
    expected = "".join(_marked(one, one == other) for one, other in pairs)
    rows = f"<tr><td>true</td><th>{expected}</th><td></td></tr>{_versus('read', text, read, sure)}"
    return f'<figure class="cl-card">{shown}{_caption(path)}<table class="cl-versus">{rows}</table></figure>'


def versus_card(media: bytes, texts: Sequence[tuple[str, str]]) -> str:
    """Return a captcha with a text, whose it is before it, and others, marked where they differ from the first."""
    rows = "".join(_versus(whose, texts[0][1], text) for whose, text in texts)
    return f'<figure class="cl-card">{picture(media, "a captcha")}<table class="cl-versus">{rows}</table></figure>'


def _versus(who: str, text: str, read: str, remark: str = "") -> str:
    taken = "".join(_marked(other, one == other) for one, other in align(text, read))
    return f"<tr><td>{markup(who)}</td><th>{taken}</th><td>{remark}</td></tr>"


def _caption(name: str) -> str:
    return f"<figcaption>{markup(name)}</figcaption>" if name else ""


def _marked(character: str, right: bool) -> str:
    shown = markup(character) or "∅"
    return shown if right else f"<mark>{shown}</mark>"


def gallery(cards: Sequence[str], more: str = "") -> str:
    """Return cards side by side, as many in a row as fit; ``more`` is a further class, ``cl-small`` for small ones."""
    return f'<div class="cl-gallery {more}">{"".join(cards)}</div>'


def task(name: str, figure: str, remark: str, below: str, trend: Sequence[float]) -> str:
    """Return a task in a few lines: its figure large, what surrounds it, and how it came to that."""
    return (
        f'<div class="cl-task"><div><b>{markup(name)}</b><strong>{markup(figure)}</strong>'
        f"<small>{markup(remark)}</small><small>{markup(below)}</small></div>{sparkline(trend)}</div>"
    )


def sparkline(values: Sequence[float]) -> str:
    """Return values as a small line, the last one as a dot; nothing for fewer than two."""
    if len(values) < 2:
        return ""
    width_px, height_px = 150, 54
    low, high = min(values), max(values)
    spread = (high - low) or 1.0
    xs = [4 + index * (width_px - 8) / (len(values) - 1) for index in range(len(values))]
    level = 0.5 if high == low else 0.0
    ys = [height_px - 6 - (level + (value - low) / spread) * (height_px - 12) for value in values]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width_px} {height_px}">'
        f'<polyline points="{points}" fill="none" stroke="#2f6fde" stroke-width="2" stroke-linejoin="round"/>'
        f'<circle cx="{xs[-1]:.1f}" cy="{ys[-1]:.1f}" r="3.5" fill="#2f6fde"/></svg>'
    )  # as an image: Streamlit takes inline SVG out of HTML
    alt = f"exact match of {len(values)} runs, from {values[0]:.1%} to {values[-1]:.1%}"
    return img(drawing.encode(), alt, "cl-spark", "svg+xml")


def sample_card(media: bytes, text: str | None, path: str) -> str:
    """Return a sample with its label."""
    label = f'<div class="cl-text">{markup(text)}</div>' if text else '<div class="cl-fault">not labelled</div>'
    return f'<figure class="cl-card">{picture(media, path)}<figcaption>{markup(path)}</figcaption>{label}</figure>'


def legend(names: Sequence[str]) -> str:
    """Return names with the colours that the charts give them in this order."""
    items = "".join(
        f'<span><i style="background:{colour(index)}"></i>{markup(name)}</span>' for index, name in enumerate(names)
    )
    return f'<div class="cl-legend">{items}</div>'


def boxed(media: bytes, name: str, boxes: Sequence[tuple[int, int, int, int]], size_px: tuple[int, int]) -> str:
    """Return a picture, large, with boxes (left, top, right, bottom) that are counted in pixels of ``size_px``."""
    height_px, width_px = size_px
    frames = "".join(
        f'<i style="left:{100 * left / width_px:.2f}%;top:{100 * top / height_px:.2f}%;'
        f'width:{100 * (right - left) / width_px:.2f}%;height:{100 * (bottom - top) / height_px:.2f}%"></i>'
        for left, top, right, bottom in boxes
    )
    return f'<div class="cl-boxed">{picture(media, name, "cl-picture cl-large")}{frames}</div>'


def heated(features: np.ndarray, heat: np.ndarray) -> str:
    """Return what a network sees, (H, W) or (H, W, C), with the heat of each place (H, W) over it, in warm colours."""
    levels = features.astype(np.float32) / 255.0
    grey = levels if levels.ndim == 2 else levels.mean(axis=2)
    scale = max(1, 640 // grey.shape[1])
    grey, heat = (np.kron(one, np.ones((scale, scale), np.float32)) for one in (grey, heat))
    warm = np.stack([np.full_like(heat, 0.90), 0.35 + 0.35 * (1 - heat), 0.15 * np.ones_like(heat)], axis=2)
    mixed = grey[..., None] * (1 - 0.75 * heat[..., None]) + warm * 0.75 * heat[..., None]
    return img(encode_png(np.rint(255 * mixed).astype(np.uint8)), "what the network looked at", "cl-picture cl-heat")
