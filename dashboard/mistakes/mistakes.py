"""What was read wrong: which samples, and what was taken for what."""

from collections import Counter

import pandas as pd

from captcha_core.evaluation.metrics import align
from dashboard.compare.comparison import mistake


def wrong_ones(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the samples that were read wrong, the surest first, with the ``kinds`` of mistakes in each."""
    wrong = predictions[predictions["text"] != predictions["read"]].copy()
    wrong["kinds"] = [kinds(text, read) for text, read in zip(wrong["text"], wrong["read"], strict=True)]
    return wrong.sort_values("confidence", ascending=False, kind="stable")


def kinds(text: str, read: str) -> tuple[str, ...]:
    """Return the mistakes between a text and what was read, in words, each once."""
    return tuple(dict.fromkeys(mistake(there, taken) for there, taken in align(text, read) if there != taken))


def by_pair(wrong: pd.DataFrame) -> pd.DataFrame:
    """Return in how many samples each kind of mistake occurs, the most frequent first: ``mistake``, ``count``."""
    counts = Counter(kind for row in wrong["kinds"] for kind in row)
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return pd.DataFrame(rows, columns=["mistake", "count"])


def search(wrong: pd.DataFrame, kind: str, text: str) -> pd.DataFrame:
    """Return the mistakes of a kind (empty: all) in whose text or answer a text occurs (empty: all)."""
    keep = pd.Series(True, index=wrong.index)
    if kind:
        keep &= pd.Series([kind in row for row in wrong["kinds"]], index=wrong.index, dtype=bool)
    if text:
        keep &= pd.Series(
            [text in there or text in read for there, read in zip(wrong["text"], wrong["read"], strict=True)],
            index=wrong.index,
            dtype=bool,
        )
    return wrong[keep]
