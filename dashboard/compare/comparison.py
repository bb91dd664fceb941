"""Two or more runs beside one another: what differs, what may be compared, and who read what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from captcha_core.evaluation.metrics import NOTHING
from captcha_core.evaluation.promotion_rule import Contender
from captcha_core.evaluation.significance import Difference, McNemar, chance, mcnemar, paired_difference
from captcha_core.tracking.names import Metric, Param, Tag
from dashboard.runs.table import numeric_if_possible
from dashboard.tracking.records import RunRecord

NUISANCE = Param.DATA_COUNTS  # follows from the data set's digest
FIGURES: tuple[tuple[str, str], ...] = (
    (Metric.TEST_EXACT_MATCH, "exact match"),
    (Metric.TEST_EXACT_MATCH_LOW, "from"),
    (Metric.TEST_EXACT_MATCH_HIGH, "to"),
    (Metric.TEST_N, "n"),
    (Metric.BEST_VAL_EXACT_MATCH, "best validation"),
    (Metric.TEST_CHARACTER_ERROR_RATE, "character errors"),
    (Metric.TEST_CALIBRATION_ERROR, "calibration error"),
    (Metric.TEST_LATENCY_P50_MS, "ms a captcha"),
    (Metric.TEST_MODEL_BYTES, "bytes"),
    (Metric.TRAIN_SECONDS, "seconds trained"),
)


def names_of(runs: Sequence[RunRecord]) -> dict[str, str]:
    """Return how each run is called, by id: its name, with a piece of its id where names repeat."""
    counts = pd.Series([run.name for run in runs]).value_counts()
    return {run.id: run.name if counts[run.name] == 1 else run.short for run in runs}


def figures(runs: Sequence[RunRecord]) -> pd.DataFrame:
    """Return the runs' figures, a row a run; a figure that no run has is left out."""
    names = names_of(runs)
    rows = [{title: run.metrics.get(key) for key, title in FIGURES} for run in runs]
    frame = pd.DataFrame(rows, index=pd.Index([names[run.id] for run in runs], name="run"), dtype="float64")
    return frame.dropna(axis="columns", how="all")


def parameters(runs: Sequence[RunRecord], only_different: bool) -> pd.DataFrame:
    """Return parameters side by side: a row a parameter, a column a run; ``""`` where a run has none."""
    names = names_of(runs)
    keys = sorted({key for run in runs for key in run.params if not key.startswith(NUISANCE)})
    frame = pd.DataFrame(
        {names[run.id]: [run.params.get(key, "") for key in keys] for run in runs},
        index=pd.Index(keys, name="parameter"),
    )
    return frame[frame.nunique(axis="columns") > 1] if only_different else frame


def varied(runs: Sequence[RunRecord]) -> list[str]:
    """Return the parameters whose values differ, those that a person sets first."""
    different = list(parameters(runs, only_different=True).index)
    return sorted(different, key=lambda key: (key.startswith(("data.", "spec.")), key))


def cautions(runs: Sequence[RunRecord], predictions: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return what speaks against comparing the runs' figures, in sentences; empty when nothing does."""
    found = []
    names = names_of(runs)
    tests = {run.id: frozenset(predictions[run.id]["id"]) for run in runs if run.id in predictions}
    if len(set(tests.values())) > 1:
        sizes = ", ".join(f"{names[run_id]} {len(ids):,}" for run_id, ids in tests.items())
        found.append(
            f"The runs were tested on different samples ({sizes}): their figures may differ for that reason alone. "
            "Pairs are taken from the samples that both have."
        )
    digests = {run.data_digest for run in runs if run.data_digest}
    if len(digests) > 1 and len(set(tests.values())) > 1:
        found.append("They learnt from different data too: the digests differ.")
    elif len(digests) > 1:
        found.append("They learnt from different data (the digests differ) and were tested on the same samples.")
    specs = {
        tuple(sorted((key, value) for key, value in run.params.items() if key.startswith("spec."))) for run in runs
    }
    if len(specs) > 1:
        found.append("They read different kinds of captcha: the specifications differ.")
    versions = {run.tags.get(Tag.METRICS, "") for run in runs} - {""}
    if len(versions) > 1:
        found.append("Their metrics were computed by different definitions.")
    return found


@dataclass(frozen=True)
class Pair:
    """What two runs read of the samples that both were tested on.

    Args:
        table: ``id``, ``path``, ``text``, ``read_a``, ``read_b``, ``confidence_a``, ``confidence_b``, ``right_a``,
            ``right_b``; a row a sample.
    """

    table: pd.DataFrame

    @property
    def test(self) -> McNemar:
        """McNemar's test of whether one of them reads more."""
        return mcnemar(self.table["right_a"].to_numpy(), self.table["right_b"].to_numpy())

    @property
    def difference(self) -> Difference:
        """How much more the second reads, with its interval."""
        return paired_difference(self.table["right_a"].to_numpy(), self.table["right_b"].to_numpy())

    def only(self, which: str) -> pd.DataFrame:
        """Return the samples that only ``a`` or only ``b`` read right, the surest mistakes of the other first."""
        other = "b" if which == "a" else "a"
        chosen = self.table[self.table[f"right_{which}"] & ~self.table[f"right_{other}"]]
        return chosen.sort_values(f"confidence_{other}", ascending=False, kind="stable")


def pair(a: pd.DataFrame, b: pd.DataFrame) -> Pair:
    """Join two tables of predictions on the samples' content hash; samples that only one has are left out."""
    first, second = (table.drop_duplicates("id")[["id", "path", "text", "read", "confidence"]] for table in (a, b))
    joined = first.merge(second.drop(columns="path"), on=["id", "text"], suffixes=("_a", "_b"))
    for side in "ab":
        joined[f"right_{side}"] = (joined[f"read_{side}"] == joined["text"]).astype(bool)
    return Pair(joined)


def contender(name: str, right: np.ndarray, run: RunRecord) -> Contender:
    """Return a run as the promotion rule wants it."""
    latency, size = run.metrics.get(Metric.TEST_LATENCY_P50_MS, np.nan), run.metrics.get(Metric.TEST_MODEL_BYTES, 0.0)
    return Contender(name, right, latency, int(size))


def verdict_words(test: McNemar, difference: Difference, a: str, b: str) -> str:
    """Return what McNemar's test says of two runs, in a sentence."""
    if difference.n == 0:
        return "They have no sample in common: nothing can be said."
    if test.gained + test.lost == 0:
        return f"{a} and {b} read exactly the same of {difference.n:,} samples."
    ahead, behind = (b, a) if test.gained > test.lost else (a, b)
    points = abs(difference.value) * 100
    if test.p_value < 0.05:
        return (
            f"{ahead} reads more than {behind}: {points:.2f} points on {difference.n:,} paired samples "
            f"(McNemar's test: {chance(test.p_value)})."
        )
    return (
        f"No difference can be shown: {points:.2f} points on {difference.n:,} paired samples may be chance "
        f"(McNemar's test: {chance(test.p_value)})."
    )


def confusion_matrix(pairs: pd.DataFrame, alphabet: Sequence[str]) -> np.ndarray:
    """Return shares (K + 1, K + 1) of how often each character (rows) was read as each (columns).

    The last row and column stand for nothing: characters made up, as shares of all true characters, and left
    out. A row of a character that never occurred is 0.
    """
    place = {character: index for index, character in enumerate([*alphabet, NOTHING])}
    counts = np.zeros((len(place), len(place)))
    for character, read, number in zip(pairs["character"], pairs["read"], pairs["count"], strict=True):
        if character in place and read in place:
            counts[place[character], place[read]] += number
    totals = counts.sum(axis=1, keepdims=True)
    totals[-1] = totals[:-1].sum()
    return np.asarray(counts / np.maximum(1, totals))


def largest_differences(
    first: np.ndarray, second: np.ndarray, characters: Sequence[str], most: int = 8
) -> pd.DataFrame:
    """Return the mistakes that one of two runs makes more often: ``mistake``, and the shares ``first``, ``second``.

    Args:
        first: Shares (K + 1, K + 1) as :func:`confusion_matrix` gives them.
        second: Those of the other.
        characters: K characters.
        most: How many mistakes at most.
    """
    names = [*characters, NOTHING]
    rows = [
        (mistake(true, read), first[row, column], second[row, column])
        for row, true in enumerate(names)
        for column, read in enumerate(names)
        if row != column and first[row, column] != second[row, column]
    ]
    rows.sort(key=lambda row: -abs(row[2] - row[1]))
    return pd.DataFrame(rows[:most], columns=["mistake", "first", "second"])


def characters_in(tables: Sequence[pd.DataFrame]) -> list[str]:
    """Return every character of some confusions, in order, at most 80."""
    found = {
        value for table in tables for column in ("character", "read") for value in table[column] if value != NOTHING
    }
    return sorted(found)[:80]


def mistake(character: str, read: str) -> str:
    """Return a confusion in words."""
    if read == NOTHING:
        return f"{character} left out"
    return f"{read} made up" if character == NOTHING else f"{character} read as {read}"


def grouped_by(runs: Sequence[RunRecord], key: str) -> dict[str, list[RunRecord]]:
    """Return the runs by their value of a parameter, numbers in their order."""
    order = column_of(runs, key).rank(method="dense") if key else []
    by_value: dict[str, list[RunRecord]] = {}
    for _, run in sorted(zip(order, runs, strict=True), key=lambda pair: pair[0]):
        by_value.setdefault(run.params.get(key, "") or "none", []).append(run)
    return by_value


def of_groups(groups: Mapping[str, Sequence[RunRecord]]) -> pd.DataFrame:
    """Return how each group of runs reads: ``runs``, ``mean``, ``spread`` (standard deviation), ``from``, ``to``."""
    rows = {}
    for name, runs in groups.items():
        tested = pd.Series([run.best if run.tested is None else run.tested for run in runs], dtype="float64").dropna()
        spread = tested.std() if len(tested) > 1 else None
        rows[name] = (len(runs), tested.mean(), spread, tested.min(), tested.max())
    columns = ["runs", "mean", "spread", "from", "to"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("group").reset_index()


def mean_course(histories: Sequence[pd.DataFrame], metric: str) -> pd.DataFrame:
    """Return the mean of a metric over runs, epoch by epoch: ``step``, ``mean``, ``low``, ``high``, ``runs``.

    ``low`` and ``high`` lie one standard deviation apart from the mean.
    """
    courses = [one[one["metric"] == metric].groupby("step")["value"].last() for one in histories]
    values = pd.concat(courses, axis=1) if courses else pd.DataFrame()
    mean, spread = values.mean(axis=1), values.std(axis=1).fillna(0.0)
    table = pd.DataFrame({"mean": mean, "low": mean - spread, "high": mean + spread, "runs": values.count(axis=1)})
    return table.rename_axis("step").reset_index()


def column_of(runs: Sequence[RunRecord], key: str) -> pd.Series:
    """Return a parameter of each run, as numbers where all are."""
    return numeric_if_possible([run.params.get(key) for run in runs])
