"""What the Tune page knows of a search: its trials in order, the best so far, and which settings mattered."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboard.records import RunRecord
from dashboard.run_table import numeric_if_possible

SCORE = "exact match"
LATENCY_KEYS = ("latency_p50_ms", "test_latency_p50_ms")
SIZE_KEYS = ("model_bytes", "test_model_bytes")
FEWEST = 6  # finished trials before importance means anything


@dataclass(frozen=True)
class Search:
    """A parent run with its trials, oldest first."""

    run: RunRecord
    trials: tuple[RunRecord, ...]

    @property
    def finished(self) -> list[RunRecord]:
        return [trial for trial in self.trials if trial.best is not None and trial.state in ("FINISHED", "RUNNING")]

    @property
    def failed(self) -> list[RunRecord]:
        return [trial for trial in self.trials if trial.state in ("FAILED", "KILLED")]

    @property
    def best(self) -> RunRecord | None:
        return max(self.finished, key=lambda trial: trial.best or 0.0, default=None)


def searches(runs: Sequence[RunRecord]) -> list[Search]:
    """Return the runs that have children, newest first."""
    by_parent: dict[str, list[RunRecord]] = {}
    for run in runs:
        if run.parent:
            by_parent.setdefault(run.parent, []).append(run)
    return [
        Search(run, tuple(sorted(by_parent[run.id], key=lambda trial: trial.start_ms)))
        for run in runs
        if run.id in by_parent
    ]


def history(search: Search) -> pd.DataFrame:
    """Return the trials in order: ``trial`` counted from 1, ``name``, ``exact match``, ``best so far``."""
    rows = [
        (index, trial.short, trial.best) for index, trial in enumerate(search.trials, start=1) if trial.best is not None
    ]
    frame = pd.DataFrame(rows, columns=["trial", "name", SCORE])
    return frame.assign(**{"best so far": frame[SCORE].cummax()})


def settings(search: Search) -> pd.DataFrame:
    """Return what the finished trials tried: a column for each parameter that varies, and the exact match."""
    trials = search.finished
    keys = sorted({key for trial in trials for key in trial.params})
    columns = {key: [trial.params.get(key) for trial in trials] for key in keys}
    varied = {key: numeric_if_possible(values) for key, values in columns.items() if len(set(values)) > 1}
    return pd.DataFrame({**varied, SCORE: pd.Series([trial.best for trial in trials], dtype="float64")})


def importance(table: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Return how much each setting mattered: ``setting``, ``importance``, largest first, at most 12.

    The permutation importance (Breiman 2001) of scikit-learn over a forest that predicts the exact match: how much
    worse its prediction gets when the setting is shuffled. Empty below :data:`FEWEST` trials.
    """
    keys = [name for name in table.columns if name != SCORE]
    if len(table) < FEWEST or not keys:
        return pd.DataFrame(columns=["setting", "importance"])
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance

    x = np.column_stack([_codes(table[key]) for key in keys])
    y = table[SCORE].to_numpy()
    forest = RandomForestRegressor(n_estimators=60, random_state=seed, min_samples_leaf=2).fit(x, y)
    result = permutation_importance(forest, x, y, n_repeats=5, random_state=seed)
    frame = pd.DataFrame({"setting": keys, "importance": np.maximum(0.0, result.importances_mean)})
    return frame.sort_values("importance", ascending=False, kind="stable").head(12).reset_index(drop=True)


def _codes(values: pd.Series) -> np.ndarray:
    """Return numbers as they are, and texts as their places in the alphabet."""
    if pd.api.types.is_numeric_dtype(values):
        return values.fillna(values.median()).to_numpy(dtype=float)
    return pd.Categorical(values.astype(str)).codes.astype(float)


def pareto(search: Search) -> pd.DataFrame:
    """Return ``name``, ``ms``, ``bytes``, ``exact match`` and ``front``: whether no trial is both faster and better."""
    rows = [
        (trial.short, _first(trial, LATENCY_KEYS), _first(trial, SIZE_KEYS), trial.best)
        for trial in search.finished
        if _first(trial, LATENCY_KEYS) is not None
    ]
    frame = pd.DataFrame(rows, columns=["name", "ms", "bytes", SCORE])
    frame["front"] = [
        not ((frame["ms"] <= ms) & (frame[SCORE] >= score) & ((frame["ms"] < ms) | (frame[SCORE] > score))).any()
        for ms, score in zip(frame["ms"], frame[SCORE], strict=True)
    ]
    return frame.sort_values("ms")


def _first(trial: RunRecord, keys: Sequence[str]) -> float | None:
    return next((trial.metrics[key] for key in keys if key in trial.metrics), None)
