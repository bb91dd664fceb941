"""What the Tune page knows of a search: its trials in order, the best so far, and which settings mattered."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from captcha_core.tracking.names import Kind, Metric, Param, Tag
from dashboard.runs.table import numeric_if_possible
from dashboard.tracking.records import RunRecord

SCORE = "exact match"
EXACT = Metric.VAL_EXACT_MATCH  # what a search maximises unless it says otherwise
TITLES = {EXACT: SCORE, Metric.VAL_CHARACTER_ERROR_RATE: "character errors"}
SPACE = Param.SPACE  # parameters that the search chose
FINALS = {Kind.WINNER: "best setting", Kind.DEFAULT: "default"}  # trainings on the full budget after the search
NO_SEARCH = (Kind.ASSESS, Kind.LEAGUE)  # have runs below them that are no trials
LATENCY_KEYS = ("latency_p50_ms", Metric.TEST_LATENCY_P50_MS)
SIZE_KEYS = ("model_bytes", Metric.TEST_MODEL_BYTES)
FEWEST = 6  # finished trials before importance means anything


@dataclass(frozen=True)
class Search:
    """A parent run with its trials and the full trainings that decided it, oldest first."""

    run: RunRecord
    trials: tuple[RunRecord, ...]
    finals: tuple[RunRecord, ...] = ()

    @property
    def objective(self) -> str:
        """The metric that it searches by."""
        return self.run.params.get(Param.OBJECTIVE) or EXACT

    @property
    def minimises(self) -> bool:
        """Whether a lower objective is better."""
        direction = self.run.params.get(Param.DIRECTION, "")
        return direction == "min" if direction else self.objective not in (EXACT, "val_per_position_accuracy")

    @property
    def title(self) -> str:
        """The objective in words; the name of its column in the tables."""
        return TITLES.get(self.objective, self.objective.removeprefix("val_").replace("_", " "))

    @property
    def is_share(self) -> bool:
        """Whether the objective is written as per cent."""
        return self.objective in TITLES

    @property
    def wanted(self) -> int:
        """How many trials it will make, as many as there are where it does not say."""
        text = self.run.tags.get(Tag.TRIALS, "")
        return max(len(self.trials), int(text) if text.isdigit() else 0)

    @property
    def verdict(self) -> str:
        """What the full trainings said of its best setting against the default, empty before that."""
        return self.run.tags.get(Tag.VERDICT, "")

    def score(self, trial: RunRecord) -> float | None:
        """Return the best value of the objective in a trial, or its last while there is no best yet."""
        return trial.metrics.get(f"best_{self.objective}", trial.metrics.get(self.objective))

    @property
    def finished(self) -> list[RunRecord]:
        """The trials that have a score, those that still run among them."""
        return [
            trial for trial in self.trials if self.score(trial) is not None and trial.state in ("FINISHED", "RUNNING")
        ]

    @property
    def failed(self) -> list[RunRecord]:
        """The trials that failed or were stopped."""
        return [trial for trial in self.trials if trial.state in ("FAILED", "KILLED")]

    @property
    def ranked(self) -> list[RunRecord]:
        """The finished trials, best first as the search has it: of equals that with the lower loss, then the faster."""
        sign = 1 if self.minimises else -1

        def rank(trial: RunRecord) -> tuple[float, ...]:
            loss = trial.metrics.get(Metric.BEST_VAL_LOSS, trial.metrics.get(Metric.VAL_LOSS, 0.0))
            return sign * (self.score(trial) or 0.0), loss, _first(trial, LATENCY_KEYS) or 0.0

        return sorted(self.finished, key=rank)

    @property
    def best(self) -> RunRecord | None:
        """The first of the ranked trials, None before one has a score."""
        return next(iter(self.ranked), None)


def searches(runs: Sequence[RunRecord]) -> list[Search]:
    """Return the runs that have children, newest first."""
    by_parent: dict[str, list[RunRecord]] = {}
    for run in runs:
        if run.parent:
            by_parent.setdefault(run.parent, []).append(run)
    found = []
    for run in runs:
        if run.kind == Kind.SEARCH or (run.id in by_parent and run.kind not in NO_SEARCH):
            children = sorted(by_parent.get(run.id, []), key=lambda trial: (trial.start_ms, trial.name))
            trials = tuple(trial for trial in children if trial.kind not in FINALS)
            found.append(Search(run, trials, tuple(trial for trial in children if trial.kind in FINALS)))
    return found


def history(search: Search) -> pd.DataFrame:
    """Return the trials in order: ``trial`` counted from 1, ``name``, ``score``, ``best so far``.

    What failed or was stopped has a number but no score: it cannot be the best.
    """
    counted = {trial.id for trial in search.finished}
    rows = [
        (index, trial.short, score)
        for index, trial in enumerate(search.trials, start=1)
        if trial.id in counted and (score := search.score(trial)) is not None
    ]
    frame = pd.DataFrame(rows, columns=["trial", "name", "score"])
    so_far = frame["score"].cummin() if search.minimises else frame["score"].cummax()
    return frame.assign(**{"best so far": so_far})


def settings(search: Search) -> pd.DataFrame:
    """Return what the finished trials tried: a column for each setting that varies, and the score.

    Settings are the parameters that the search says it chose, else all that differ between its trials.
    """
    trials = search.finished
    keys = sorted({key for trial in trials for key in trial.params})
    keys = [key for key in keys if key.startswith(SPACE)] or keys
    columns = {key: [_given(trial.params.get(key)) for trial in trials] for key in keys}
    varied = {
        key.removeprefix(SPACE): numeric_if_possible(values) for key, values in columns.items() if len(set(values)) > 1
    }
    return pd.DataFrame({**varied, search.title: pd.Series([search.score(trial) for trial in trials], dtype="float64")})


def _given(value: str | None) -> str | None:
    return None if value in (None, "None") else value


def importance(table: pd.DataFrame, score: str, seed: int = 0) -> pd.DataFrame:
    """Return how much each setting mattered: ``setting``, ``importance``, largest first, at most 12.

    The permutation importance (Breiman 2001) of scikit-learn over a forest that predicts the score: how much worse
    its prediction gets when the setting is shuffled. Empty below :data:`FEWEST` trials.

    Args:
        table: As :func:`settings` gives it.
        score: The column that is predicted.
        seed: Of forest and shuffling.
    """
    keys = [name for name in table.columns if name != score]
    if len(table) < FEWEST or not keys:
        return pd.DataFrame(columns=["setting", "importance"])
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance

    x = np.column_stack([_codes(table[key]) for key in keys])
    y = table[score].to_numpy()
    forest = RandomForestRegressor(n_estimators=60, random_state=seed, min_samples_leaf=2).fit(x, y)
    result = permutation_importance(forest, x, y, n_repeats=5, random_state=seed)
    frame = pd.DataFrame({"setting": keys, "importance": np.maximum(0.0, result.importances_mean)})
    return frame.sort_values("importance", ascending=False, kind="stable").head(12).reset_index(drop=True)


def _codes(values: pd.Series) -> np.ndarray:
    """Return numbers as they are, and texts as their places in the alphabet."""
    if pd.api.types.is_numeric_dtype(values):
        return np.asarray(values.fillna(values.median()), dtype=float)
    return np.asarray(pd.Categorical(values.astype(str)).codes, dtype=float)


def pareto(search: Search) -> pd.DataFrame:
    """Return ``name``, ``ms``, ``bytes``, ``exact match`` and ``front``: whether no trial is both faster and better."""
    rows = [
        (trial.short, _first(trial, LATENCY_KEYS), _first(trial, SIZE_KEYS), trial.best)
        for trial in search.finished
        if _first(trial, LATENCY_KEYS) is not None and trial.best is not None
    ]
    frame = pd.DataFrame(rows, columns=["name", "ms", "bytes", SCORE])
    frame["front"] = [
        not ((frame["ms"] <= ms) & (frame[SCORE] >= score) & ((frame["ms"] < ms) | (frame[SCORE] > score))).any()
        for ms, score in zip(frame["ms"], frame[SCORE], strict=True)
    ]
    return frame.sort_values("ms")


def _first(trial: RunRecord, keys: Sequence[str]) -> float | None:
    return next((trial.metrics[key] for key in keys if key in trial.metrics), None)


def decision(search: Search) -> pd.DataFrame:
    """Return the full trainings: ``training``, ``run``, ``exact match``, ``from``, ``to``, ``ms``, ``bytes``."""
    rows = [
        (
            FINALS[run.kind],
            run.short,
            run.tested,
            run.metrics.get(Metric.TEST_EXACT_MATCH_LOW),
            run.metrics.get(Metric.TEST_EXACT_MATCH_HIGH),
            _first(run, LATENCY_KEYS[::-1]),
            _first(run, SIZE_KEYS[::-1]),
        )
        for run in sorted(search.finals, key=lambda run: list(FINALS).index(run.kind))
    ]
    return pd.DataFrame(rows, columns=["training", "run", SCORE, "from", "to", "ms", "bytes"])
