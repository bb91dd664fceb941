"""Compare: runs side by side, fairly. The address holds the selection."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from captcha_core.evaluation.significance import chance
from captcha_core.tracking.names import Artifact, Metric, Param
from dashboard import pages
from dashboard.compare import comparison
from dashboard.frame import chart, csv_button, heading, in_columns, nothing_yet, sentence_case, tabs
from dashboard.home import background
from dashboard.registry import promotion_box
from dashboard.tracking import data, gallery
from dashboard.tracking.records import RunRecord
from dashboard.widgets import accuracy_charts, charts, clips, metric_curves, pictures
from dashboard.widgets.text import markdown, places, share

CURVES = (Metric.VAL_EXACT_MATCH, Metric.VAL_CHARACTER_ERROR_RATE, "loss", Metric.VAL_LOSS, "learning_rate")
SHOWN_PICTURES = 12
Predictions = Mapping[str, pd.DataFrame]


def show() -> None:
    """Show the runs that the address names side by side."""
    uri = data.tracking()
    heading(
        "Compare",
        "What differs between runs, whether the difference is real, and what one reads that another does not.",
    )
    everything = data.runs(uri)
    if not everything:
        nothing_yet(
            "There is no run yet.", "captchalab pipeline --preset digits4", "Train two of them.", background.first_model
        )
        return
    runs = _choose(uri, everything)
    if len(runs) < 2:
        st.info("Choose two runs or more, here or by ticking them on the Runs page.", icon=":material/compare_arrows:")
        pages.link("runs", "Go to the runs", ":material/table_rows:")
        return
    predictions = _predictions(uri, runs)
    st.html(pictures.legend(list(comparison.names_of(runs).values())))
    for caution in comparison.cautions(runs, predictions):
        st.warning(caution, icon=":material/balance:")
    views: dict[str, Callable[[], None]] = {
        "Figures": lambda: _figures(runs),
        "Curves": lambda: _curves(uri, runs),
        "Parameters": lambda: _parameters(runs),
        "Groups": lambda: _groups(uri, runs),
        "Confusions": lambda: _confusions(uri, runs),
        "Pairs": lambda: _pairs(uri, runs, predictions),
        "Promote": lambda: _promotion(uri, runs),
    }
    tabs(views, "view")


def _choose(uri: str, everything: Sequence[RunRecord]) -> list[RunRecord]:
    asked, missing = data.records(uri, pages.ids_in_address("runs"))
    if missing:
        pages.warn_of_missing(missing)
    known = {run.id: run for run in (*everything, *asked)}
    chosen = st.multiselect(
        "Runs",
        list(known),
        default=[run.id for run in asked],
        format_func=lambda run_id: _option(known[run_id]),
        key="compared",
        max_selections=24,
        placeholder="type a name, a preset or an id",
    )
    pages.write_to_address("runs", chosen)
    return [known[run_id] for run_id in chosen]


def _option(run: RunRecord) -> str:
    read = f" · {share(run.tested, n=run.tested_n)}" if run.tested is not None else ""
    return f"{run.short}{read}"


def _predictions(uri: str, runs: Sequence[RunRecord]) -> dict[str, pd.DataFrame]:
    found = {}
    for run in runs:
        try:
            found[run.id] = data.table(uri, run.id, Artifact.PREDICTIONS)
        except data.Missing:
            continue
    return found


def _group_by(runs: Sequence[RunRecord]) -> str:
    """Let a parameter be chosen whose values make groups of the runs; empty for none."""
    choices = [key for key in comparison.varied(runs) if not key.endswith(".seed")]
    if len(runs) < 3 or not choices:
        return ""
    chosen = st.selectbox(
        "Group by", choices, None, key="by", bind="query-params", placeholder="no groups",
        help="Mean and spread over the runs that have the same value, as those that differ in the seed alone.",
    )  # fmt: skip
    return str(chosen or "")


def _figures(runs: Sequence[RunRecord]) -> None:
    table = comparison.figures(runs)
    if table.empty or not len(table.columns):
        st.info("None of these runs has logged a figure yet.", icon=":material/hourglass_empty:")
        return
    if by := _group_by(runs):
        _groups_table(comparison.of_groups(comparison.grouped_by(runs, by)), by)
    if "exact match" in table:
        chart(accuracy_charts.forest(table.dropna(subset=["exact match"])), "forest")
    cost = (
        table.dropna(subset=["exact match", "ms a captcha"]) if {"exact match", "ms a captcha"} <= set(table) else None
    )
    if cost is not None and len(cost) > 1:
        chart(accuracy_charts.cost(cost, list(table.index)), "cost")
    column = st.column_config
    shares = ("exact match", "from", "to", "best validation", "character errors", "calibration error")
    digits = places(table["n"].max() if "n" in table else None)
    shown = table.assign(**{name: 100 * table[name] for name in shares if name in table})
    config = {name: column.NumberColumn(format=f"%.{digits}f%%") for name in shares}
    config |= {"ms a captcha": column.NumberColumn(format="%.3f"), "bytes": column.NumberColumn(format="localized")}
    config |= {"n": column.NumberColumn(format="localized"), "seconds trained": column.NumberColumn(format="%.0f")}
    st.dataframe(shown.rename_axis("Run"), column_config=sentence_case(shown, config), placeholder="")
    csv_button(table.reset_index(), "comparison.csv")


def _groups_table(table: pd.DataFrame, by: str) -> None:
    percent = st.column_config.NumberColumn(format="percent")
    config = sentence_case(table, dict.fromkeys(("mean", "spread", "from", "to"), percent))
    config["group"] = {**config["group"], "label": by}
    st.dataframe(table, hide_index=True, column_config=config, placeholder="")
    csv_button(table, "groups.csv", key="groups-csv")


def _curves(uri: str, runs: Sequence[RunRecord]) -> None:
    known = sorted(
        {metric for run in runs for metric in run.metrics if not metric.startswith((Metric.TEST, Metric.BEST))}
    )
    if not known:
        st.info("None of these runs has logged a curve yet.", icon=":material/hourglass_empty:")
        return
    usual = [metric for metric in CURVES if metric in known]
    chosen = st.multiselect(
        "Metrics", known, usual or known[:2], format_func=metric_curves.title_of, key="metrics", bind="query-params"
    )
    left, middle, right, last = st.columns([2, 3, 1.5, 1.5], vertical_alignment="bottom")
    against = left.segmented_control(
        "Against", ["step", "time"], default="step", required=True,
        format_func=lambda value: "Epochs" if value == "step" else "Minutes",
        key="against", bind="query-params",
    )  # fmt: skip
    smoothing = middle.slider("Smoothing", 0.0, 0.95, 0.0, 0.05, key="smooth", bind="query-params")
    logarithmic = right.toggle("Log values", key="log", bind="query-params")
    logarithmic_x = last.toggle("Log axis below", key="logx", bind="query-params")
    by = _group_by(runs)
    names = comparison.names_of(runs)
    histories = {run.id: data.history(uri, run.id, tuple(chosen)) for run in runs}
    for column, metric in in_columns(2, chosen):
        with column:
            if by:
                groups = comparison.grouped_by(runs, by)
                courses = {
                    f"{by.split('.')[-1]} {value}": comparison.mean_course([histories[run.id] for run in some], metric)
                    for value, some in groups.items()
                }
                values = pd.concat([one.assign(group=name) for name, one in courses.items()])
                chart(metric_curves.bands(courses, metric, logarithmic), f"compare-{metric}", values)
                continue
            named = {names[run_id]: one for run_id, one in histories.items()}
            figure = metric_curves.curves(
                named, metric, against or "step", smoothing, logarithmic, legend=False, logarithmic_x=logarithmic_x
            )
            values = pd.concat([one[one["metric"] == metric].assign(run=name) for name, one in named.items()])
            chart(figure, f"compare-{metric}", values)


def _parameters(runs: Sequence[RunRecord]) -> None:
    only = st.toggle("Only what differs", value=True, key="differing", bind="query-params")
    table = comparison.parameters(runs, only)
    if table.empty:
        st.info("These runs have the same parameters.", icon=":material/equal:")
        return
    st.dataframe(
        table, height="content", column_config={"parameter": st.column_config.TextColumn("Parameter", pinned=True)}
    )
    varied = comparison.varied(runs)[:7]
    target = "exact match" if all(run.tested is not None for run in runs) else "best validation"
    scores = [run.tested if target == "exact match" else run.best for run in runs]
    if len(runs) >= 3 and len(varied) > 1 and None not in scores:
        lines = pd.DataFrame({key: comparison.column_of(runs, key) for key in varied})
        lines[target] = scores
        chart(charts.parallel(lines, target), "parallel", lines)


def _groups(uri: str, runs: Sequence[RunRecord]) -> None:
    names = comparison.names_of(runs)
    for by, path in (("length", Artifact.BY_LENGTH), ("character", Artifact.BY_CHARACTER)):
        tables = {}
        for run in runs:
            try:
                tables[names[run.id]] = data.table(uri, run.id, path)
            except data.Missing:
                st.caption(f"{markdown(names[run.id])} has no report.")
        if by == "length" and all(len(table) < 2 for table in tables.values()):
            continue  # one length: the headline says it already
        if tables:
            values = pd.concat([table.assign(run=name) for name, table in tables.items()])
            chart(accuracy_charts.grouped(tables, by), f"by-{by}", values)


def _two(runs: Sequence[RunRecord], key: str) -> tuple[RunRecord, RunRecord]:
    """Let two of the runs be chosen; with two there is nothing to choose."""
    if len(runs) == 2:
        return runs[0], runs[1]
    names = comparison.names_of(runs)
    ids = [run.id for run in runs]
    left, right = st.columns(2)
    first = left.selectbox("First", ids, 0, format_func=names.__getitem__, key=f"{key}-a")
    second = right.selectbox("Second", ids, 1, format_func=names.__getitem__, key=f"{key}-b")
    by_id = {run.id: run for run in runs}
    return by_id[first], by_id[second]


def _confusions(uri: str, runs: Sequence[RunRecord]) -> None:
    a, b = _two(runs, "confusion")
    names = comparison.names_of(runs)
    tables = [data.table(uri, run.id, Artifact.CONFUSION) for run in (a, b)]
    characters = comparison.characters_in(tables)
    matrices = [comparison.confusion_matrix(table, characters) for table in tables]
    logarithmic = st.toggle("Log scale, for rates that are small", key="log-rates", bind="query-params")
    most = max(map(accuracy_charts.largest_mistake, matrices))
    for column, run, matrix, table in zip(st.columns(2), (a, b), matrices, tables, strict=True):
        figure = accuracy_charts.confusion(matrix, characters, names[run.id], most=most, logarithmic=logarithmic)
        with column:
            chart(figure, f"confusion-{run.id}", table)
    left, right = st.columns(2)
    figure = accuracy_charts.confusion(matrices[1] - matrices[0], characters, "The second less the first", True)
    with left:
        chart(figure, "confusion-difference")
    with right:
        st.markdown("**Where they differ most**")
        changed = comparison.largest_differences(matrices[0], matrices[1], characters)
        percent = st.column_config.NumberColumn(format="percent")
        changed.columns = pd.Index(["mistake", names[a.id], names[b.id]])
        st.dataframe(
            changed, hide_index=True, column_config={"mistake": "Mistake", names[a.id]: percent, names[b.id]: percent}
        )
    st.caption(
        "Shares of each true character. What is read right is left out; ∅ stands for nothing. In the "
        "difference, red is what the second takes for something else more often."
    )


def _pairs(uri: str, runs: Sequence[RunRecord], predictions: Predictions) -> None:
    a, b = _two(runs, "pair")
    names = comparison.names_of(runs)
    missing = [names[run.id] for run in (a, b) if run.id not in predictions]
    if missing:
        st.info(f"{markdown(', '.join(missing))}: no predictions were logged.", icon=":material/hourglass_empty:")
        return
    pair = comparison.pair(predictions[a.id], predictions[b.id])
    test, difference = pair.test, pair.difference
    st.markdown(f"**{markdown(comparison.verdict_words(test, difference, names[a.id], names[b.id]))}**")
    both = int((pair.table["right_a"] & pair.table["right_b"]).sum())
    st.html(
        pictures.facts(
            [
                ("Paired samples", f"{difference.n:,}", ""),
                ("Both read", f"{both:,}", ""),
                ("Only the first", f"{test.lost:,}", names[a.id]),
                ("Only the second", f"{test.gained:,}", names[b.id]),
                ("Neither", f"{difference.n - both - test.lost - test.gained:,}", ""),
                ("McNemar", chance(test.p_value), "two-sided, exact"),
            ]
        )
    )
    for which, run in (("a", a), ("b", b)):
        _only(uri, pair.only(which), which, run, names)


def _only(uri: str, rows: pd.DataFrame, which: str, run: RunRecord, names: Mapping[str, str]) -> None:
    if rows.empty:
        return
    other = "b" if which == "a" else "a"
    st.subheader(markdown(f"Only {names[run.id]} reads"), anchor=False, divider="gray")
    shown = [
        {**row, "read": row[f"read_{other}"], "confidence": row[f"confidence_{other}"]}
        for row in rows.head(SHOWN_PICTURES).to_dict("records")
    ]
    media = gallery.media_of(uri, run.id, tuple(row["id"] for row in shown))
    clips.mistakes(shown, media, run.params.get(Param.MEDIA) == "audio")
    if len(rows) > len(shown):
        st.caption(f"and {len(rows) - len(shown):,} more; those of which the other was surest come first.")


def _promotion(uri: str, runs: Sequence[RunRecord]) -> None:
    by_name = {model.name: model for model in data.models(uri)}
    registered = [run for run in runs if run.registered and run.registered[0] in by_name]
    if not registered:
        st.info("None of these runs has registered a model that still exists.", icon=":material/inventory_2:")
        return
    for run in registered:
        name, number = run.registered or ("", "")
        model = by_name[name]
        version = model.by_version.get(number)
        st.subheader(markdown(run.short), anchor=False, divider="gray")
        if version is None:
            st.caption(f"Version {markdown(number)} of {markdown(name)} does not exist any more.")
        else:
            promotion_box.show(uri, model, version)
