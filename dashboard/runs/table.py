"""Which runs a search lets through, and the table that shows them."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from captcha_core.tracking.names import Metric
from dashboard.tracking.records import RunRecord
from dashboard.widgets.text import places, shortened

# MLflow's filter language: an attribute or a dotted key, a comparison, a value. Anything else is words to look for.
FILTER = re.compile(
    r"^\s*((metrics?|params?|parameters?|tags?|attributes?|attr|run|datasets?)\.(\w|`[^`]+`|\"[^\"]+\")"
    r"|(status|run_id|run_name|start_time|end_time|user_id|artifact_uri|created)\b)[^=<>!]*"
    r"(=|!=|<|>|\b(NOT\s+)?(LIKE|ILIKE|IN)\b|\bIS\s+(NOT\s+)?NULL\b)",
    re.IGNORECASE,
)
STATES = {"FINISHED": "Finished", "RUNNING": "Running", "FAILED": "Failed", "KILLED": "Stopped", "SCHEDULED": "Waiting"}
SIGNS = {"FINISHED": "✓", "RUNNING": "▶", "FAILED": "✕", "KILLED": "■", "SCHEDULED": "…"}
BADGES: dict[str, Any] = {"FINISHED": "green", "RUNNING": "blue", "FAILED": "red", "KILLED": "orange"}
NOTED = 80  # characters of a note
PARAM, METRIC, TAG = "param ", "metric ", "tag "

COLUMNS = (
    "state", "run", "exact match", "95% interval", "best validation", "preset", "network", "started", "duration",
    "children", "note",
)  # fmt: skip


def is_filter(text: str) -> bool:
    """Return whether a search is meant as a filter in MLflow's syntax."""
    return bool(FILTER.match(text))


def with_words(runs: Sequence[RunRecord], text: str) -> list[RunRecord]:
    """Return the runs in whose name, id, note, tags or parameters every word occurs."""
    words = text.casefold().split()
    return [run for run in runs if all(word in _haystack(run) for word in words)] if words else list(runs)


def _haystack(run: RunRecord) -> str:
    own = [f"{key}={value}" for key, value in (*run.params.items(), *run.own_tags.items())]
    return "\n".join((run.name, run.id, run.state, run.kind, run.note, *(run.registered or ()), *own)).casefold()


def in_states(runs: Sequence[RunRecord], states: Sequence[str]) -> list[RunRecord]:
    """Return the runs in one of the states; no state lets all through."""
    return [run for run in runs if run.state in states] if states else list(runs)


def folded(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """Return the runs without those whose parent is among them."""
    known = {run.id for run in runs}
    return [run for run in runs if run.parent not in known]


def children(runs: Sequence[RunRecord], parent_id: str) -> list[RunRecord]:
    """Return the runs that belong to a parent: the trials of a search."""
    return [run for run in runs if run.parent == parent_id]


def column_choices(runs: Sequence[RunRecord]) -> list[str]:
    """Return the parameters, tags and metrics that can be shown, those first whose values differ between the runs."""
    values: dict[str, set[Any]] = {}
    for run in runs:
        for key, value in run.params.items():
            values.setdefault(PARAM + key, set()).add(value)
        for key, value in run.own_tags.items():
            values.setdefault(TAG + key, set()).update((value, run.id))
        for key in run.metrics:
            values.setdefault(METRIC + key, set()).add(run.id)
    return sorted(values, key=lambda name: (name.startswith(METRIC), len(values[name]) < 2, name))


def table(
    runs: Sequence[RunRecord], everything: Sequence[RunRecord], extra: Sequence[str], now_ms: float
) -> pd.DataFrame:
    """Return the rows to show, one a run.

    Args:
        runs: Which runs, in their order.
        everything: All runs, to count the children of each.
        extra: Further columns, as :func:`column_choices` names them.
        now_ms: The time until which running runs have taken.
    """
    children_count = Counter(run.parent for run in everything if run.parent)
    frame = pd.DataFrame(
        {
            "state": [f"{SIGNS.get(run.state, '?')} {STATES.get(run.state, run.state)}" for run in runs],
            "run": [run.short for run in runs],
            "exact match": _per_cent(run.tested for run in runs),
            "95% interval": [_interval(run) for run in runs],
            "best validation": _per_cent(run.best for run in runs),
            "preset": [run.preset for run in runs],
            "network": [run.network for run in runs],
            "started": pd.to_datetime([run.start_ms for run in runs], unit="ms", utc=True),
            "duration": [clock(run.seconds(now_ms)) for run in runs],
            "children": pd.array([children_count.get(run.id) for run in runs], dtype="Int64"),
            "note": [shortened(run.note, NOTED) for run in runs],
        }
    )
    for name in extra:
        frame[shown(name)] = _extra(runs, name)
    empty = [name for name in ("children", "note") if not frame[name].replace("", None).notna().any()]
    return frame.drop(columns=empty)


def _per_cent(values: Any) -> pd.Series:
    return pd.Series([None if value is None else 100 * value for value in values], dtype="float64")


def _interval(run: RunRecord) -> str:
    low, high = run.metrics.get(Metric.TEST_EXACT_MATCH_LOW), run.metrics.get(Metric.TEST_EXACT_MATCH_HIGH)
    digits = places(run.tested_n)
    return "" if low is None or high is None else f"{100 * low:.{digits}f} – {100 * high:.{digits}f}"


def clock(seconds: float) -> str:
    """Return a duration as ``0:03:20``: it sorts as it reads."""
    whole = max(0, round(seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def shown(name: str) -> str:
    """Return the head of a column that :func:`column_choices` names."""
    return name.removeprefix(PARAM).removeprefix(METRIC).removeprefix(TAG).removeprefix("training.")


def _extra(runs: Sequence[RunRecord], name: str) -> pd.Series:
    if name.startswith(METRIC):
        key = name.removeprefix(METRIC)
        return pd.Series([run.metrics.get(key) for run in runs], dtype="float64")
    if name.startswith(TAG):
        return numeric_if_possible([run.own_tags.get(name.removeprefix(TAG)) for run in runs])
    key = name.removeprefix(PARAM)
    return numeric_if_possible([run.params.get(key) for run in runs])


def numeric_if_possible(values: Sequence[Any]) -> pd.Series:
    """Return parameters as numbers where every one of them is, so that they sort as such."""
    series = pd.Series(list(values), dtype="object")
    numbers = pd.to_numeric(series, errors="coerce")
    return numbers if numbers.notna().equals(series.notna()) and numbers.notna().any() else series.fillna("")


def columns(frame: pd.DataFrame, pinned: Sequence[str] = (), n: float | None = None) -> dict[str, Any]:
    """Return how the columns of :func:`table` are shown; a run's name is a link where it is an address with a name."""
    column = st.column_config
    per_cent = f"%.{places(n)}f%%"  # as many places as the largest test supports
    named = frame["run"].astype(str).str.startswith("./").any() if "run" in frame else False
    known: dict[str, Any] = {
        "state": column.TextColumn("State", width="small"),
        "run": column.LinkColumn("Run", display_text=r"#(.*)$") if named else column.TextColumn("Run"),
        "exact match": column.NumberColumn("Exact match", format=per_cent, help="On the test samples"),
        "95% interval": column.TextColumn("95% interval", help="Wilson's interval of the exact match, in per cent"),
        "best validation": column.NumberColumn(
            "Best validation", format=per_cent, help="Best exact match on the validation samples, not the last"
        ),
        "preset": column.TextColumn("Preset"),
        "network": column.TextColumn("Network"),
        "started": column.DatetimeColumn("Started", format="distance"),
        "duration": column.TextColumn("Duration", help="hours:minutes:seconds"),
        "children": column.NumberColumn("Children", width="small", help="Runs that belong to this one"),
        "note": column.TextColumn("Note"),
    }
    return {**known, **{name: {**known.get(name, column.Column()), "pinned": True} for name in pinned}}
