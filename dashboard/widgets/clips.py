"""Samples beside what was read of them: a clip stands in a player, and is drawn as waveform and spectrogram."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from captcha_core.features.clip_picture import draw_clip
from captcha_core.media.audio import decode_audio
from captcha_core.media.image import encode_png
from captcha_core.spec.answer import Character
from captcha_core.spec.captcha import CaptchaSpec
from dashboard.solve.solving import SolveResult
from dashboard.widgets import pictures


def mistakes(rows: Sequence[Mapping[str, Any]], media: Mapping[str, bytes], is_audio: bool) -> None:
    """Show samples that were read wrong: pictures as a gallery, clips one below the other.

    Args:
        rows: ``id``, ``text``, ``read``, ``confidence``, ``path`` of each.
        media: The pictures or clips that are on this machine, by id.
        is_audio: Whether they are clips.
    """
    cards = [
        _card(row, None if is_audio else media.get(row["id"]), "" if is_audio else "picture not here") for row in rows
    ]
    if not is_audio:
        st.html(pictures.gallery(cards))
        return
    for row, card in zip(rows, cards, strict=True):
        _beside(media.get(row["id"]), card)


def _card(row: Mapping[str, Any], media: bytes | None, without: str) -> str:
    return pictures.mistake_card(media, row["text"], row["read"], float(row["confidence"]), row["path"], without)


def answer(result: SolveResult) -> None:
    """Show one captcha with what was read of it, a clip in a player above its card."""
    if result.upload.kind == "audio":
        st.audio(result.upload.media)
    upload = result.upload
    st.html(pictures.card(upload.media, upload.name, result.answer, result.fault, upload.kind))


def _beside(clip: bytes | None, card: str) -> None:
    left, right = st.columns([2, 3], vertical_alignment="center")
    if clip is None:
        left.caption("This clip is in a data set that is not on this machine.")
    else:
        left.audio(clip)
    right.html(card)


def clip_picture(media: bytes, spec: CaptchaSpec, characters: Sequence[Character], name: str) -> str:
    """Return a clip as an ``<img>``.

    Raises:
        DataError: If the clip cannot be read.
    """
    samples = decode_audio(media, spec.rate_hz, spec.seconds)
    return pictures.img(encode_png(draw_clip(samples, spec.rate_hz, characters)), name, "cl-picture cl-clip")
