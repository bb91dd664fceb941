"""Clips to listen to, each beside what was read of it: where a picture could be looked at, a clip needs a player."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard.solve.solving import Reading
from dashboard.widgets import pictures


def mistakes(rows: Sequence[Mapping[str, Any]], media: Mapping[str, bytes]) -> None:
    """Show samples that were read wrong.

    Args:
        rows: ``id``, ``text``, ``read``, ``confidence``, ``path`` of each.
        media: The clips that are at hand, by id.
    """
    for row in rows:
        card = pictures.mistake_card(None, row["text"], row["read"], float(row["confidence"]), row["path"], "")
        _beside(media.get(row["id"]), card)


def answers(readings: Sequence[Reading]) -> None:
    """Show what was read of clips."""
    for reading in readings:
        card = pictures.card(reading.item.media, reading.item.name, reading.answer, reading.fault, reading.item.kind)
        _beside(reading.item.media, card)


def _beside(clip: bytes | None, card: str) -> None:
    left, right = st.columns([2, 3], vertical_alignment="center")
    if clip is None:
        left.caption("This clip is in a data set that is not on this machine.")
    else:
        left.audio(clip)
    right.html(card)
