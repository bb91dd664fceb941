"""Registry: models, their versions and aliases; promote, roll back, download."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from captcha_core.errors import CaptchaError
from captcha_core.registry.history import Entry
from captcha_core.tracking.names import Metric
from dashboard import access, jobs, pages
from dashboard.compare import comparison
from dashboard.frame import announce, chart, csv_button, guarded, heading, nothing_yet, sentence_case
from dashboard.home import background
from dashboard.registry import bundles, promoting, promotion_box
from dashboard.tracking import data
from dashboard.tracking.records import ModelRecord, ModelVersion, RunRecord
from dashboard.widgets import accuracy_charts, pictures
from dashboard.widgets.text import ago, count, markdown, places, plain, share, size


def show() -> None:
    """Show the model that the address names."""
    uri = data.tracking()
    heading("Registry", "Models and their versions: who is champion, who challenges, and what each one reads.")
    models = data.models(uri)
    if not models:
        nothing_yet(
            "No model is registered yet.", "captchalab pipeline --preset digits4", "Training registers one.",
            background.first_model,
        )  # fmt: skip
        return
    model = _choose(models)
    runs = {run.id: run for run in data.runs(uri)}
    _champion(model, runs)
    version = _versions(model, runs)
    if version:
        with guarded():
            _version(uri, model, version, runs)
    with guarded():
        _history(uri, model)


def _choose(models: Sequence[ModelRecord]) -> ModelRecord:
    before = st.query_params.get("model")
    names = [model.name for model in models]
    name = pages.choose("Model", names, "model", "model", "registered")
    if before in names and before != name:
        st.query_params.pop("version", None)  # a version of the other model means nothing here
    return models[names.index(name)]


def _champion(model: ModelRecord, runs: dict[str, RunRecord]) -> None:
    champion, previous = model.behind("champion"), model.behind("previous")
    facts = [("Champion", f"version {champion.version}" if champion else "none", _read(model, champion, runs))]
    for alias in ("challenger", "previous"):
        version = model.behind(alias)
        if version == champion:  # the newest one became champion: nobody challenges it
            version = None
        facts.append(
            (alias.capitalize(), f"version {version.version}" if version else "none", _read(model, version, runs))
        )
    for alias, number in model.aliases.items():
        if alias not in ("champion", "challenger", "previous"):
            facts.append((alias, f"version {number}", _read(model, model.behind(alias), runs)))
    facts.append(
        (
            "Versions",
            f"{len(model.versions):,}",
            f"newest {ago(model.versions[0].created_ms)}" if model.versions else "",
        )
    )
    st.html(pictures.facts(facts))
    if model.description:
        st.markdown(markdown(model.description))
    if champion and previous and previous.version != champion.version:
        reads = _read(model, previous, runs)
        label = f"Roll back to version {previous.version}{f', which {reads}' if reads else ''}"
        with st.popover(label, icon=":material/undo:"):
            _roll_back(model, champion, previous, runs)


def _roll_back(model: ModelRecord, champion: ModelVersion, previous: ModelVersion, runs: dict[str, RunRecord]) -> None:
    back, now = (f" ({figure})" if (figure := _read(model, one, runs)) else "" for one in (previous, champion))
    st.markdown(
        f"Version {previous.version}{back} of **{markdown(model.name)}** becomes champion again in place of version "
        f"{champion.version}{now}. Everything that reads with the champion follows within seconds."
    )
    if st.button(
        f"Yes, back to version {previous.version}", type="primary", icon=":material/undo:", key="roll-back",
        **access.for_changes(),
    ):  # fmt: skip
        try:
            announce(promoting.roll_back(model.name, by=access.who()))
        except CaptchaError as error:
            st.error(markdown(plain(error)))
            return
        st.rerun()


def _read(model: ModelRecord, version: ModelVersion | None, runs: dict[str, RunRecord]) -> str:
    run = runs.get(version.run_id) if version and not model.later_of_its_run(version) else None
    if not run or run.tested is None:
        return ""
    of = f" of {run.tested_n:,.0f}" if run.tested_n else ""
    return f"reads {share(run.tested, n=run.tested_n)}{of}"


def versions_table(model: ModelRecord, runs: dict[str, RunRecord]) -> pd.DataFrame:
    """Return a row a version, newest first."""
    rows = []
    for version in model.versions:
        run = runs.get(version.run_id)
        metrics = run.metrics if run and not model.later_of_its_run(version) else {}
        rows.append(
            {
                "version": int(version.version),
                "aliases": ", ".join(version.aliases),
                "exact match": metrics.get(Metric.TEST_EXACT_MATCH),
                "from": metrics.get(Metric.TEST_EXACT_MATCH_LOW),
                "to": metrics.get(Metric.TEST_EXACT_MATCH_HIGH),
                "character errors": metrics.get(Metric.TEST_CHARACTER_ERROR_RATE),
                "ms a captcha": metrics.get(Metric.TEST_LATENCY_P50_MS),
                "bytes": metrics.get(Metric.TEST_MODEL_BYTES),
                "made": pd.Timestamp(version.created_ms, unit="ms", tz="UTC"),
                "run": run.short if run else "",
            }
        )
    return pd.DataFrame(rows)


def _versions(model: ModelRecord, runs: dict[str, RunRecord]) -> ModelVersion | None:
    if not model.versions:
        st.info("This model has no version any more.", icon=":material/inventory_2:")
        return None
    table = versions_table(model, runs)
    read = table.dropna(subset=["exact match"]).sort_values("version")
    if len(read) > 1:
        chart(accuracy_charts.over_versions(read), "versions", read)
    asked = st.query_params.get("version", "")
    rows = [index for index, version in enumerate(model.versions) if version.version == asked]
    column = st.column_config
    n = max((run.tested_n or 0 for run in runs.values() if run.registered), default=0)
    per_cent = column.NumberColumn(format=f"%.{places(n or None)}f%%")
    shares = ("exact match", "from", "to", "character errors")
    event = st.dataframe(
        table.assign(**{name: 100 * table[name].astype("float64") for name in shares}),
        hide_index=True,
        key=f"versions-{model.name}-{len(table)}",
        placeholder="",
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": rows}},
        column_config=sentence_case(
            table,
            {
                "version": column.NumberColumn(pinned=True, width="small"),
                "aliases": column.TextColumn(width="medium"),
                **dict.fromkeys(shares, per_cent),
                "ms a captcha": column.NumberColumn(format="%.3f"),
                "bytes": column.NumberColumn(format="localized"),
                "made": column.DatetimeColumn(format="distance"),
            },
        ),
    )
    csv_button(table, "versions.csv")
    chosen = event["selection"]["rows"]
    if not chosen:
        st.caption("Tick a version to look at it, promote or download it.")
        if "version" in st.query_params:
            del st.query_params["version"]
        return None
    version = model.versions[chosen[0]]
    if st.query_params.get("version") != version.version:
        st.query_params["version"] = version.version
    return version


def _version(uri: str, model: ModelRecord, version: ModelVersion, runs: dict[str, RunRecord]) -> None:
    st.subheader(markdown(f"{model.name} version {version.version}"), anchor=False, divider="gray")
    with st.container(horizontal=True):
        pages.link("solve", "Solve with it", ":material/pin_invoke:", model=version.uri)
        if version.run_id in runs:
            pages.link("run", "Its run", ":material/monitoring:", run=version.run_id)
            pages.link("mistakes", "Its mistakes", ":material/troubleshoot:", run=version.run_id)
    promote, inside, apart, download = st.tabs(["Promote", "Contents", "Compare", "Download"])
    with promote, guarded():
        promotion_box.show(uri, model, version)
    with inside, guarded():
        _inside(version)
    with apart, guarded():
        _against(model, version, runs)
    with download, guarded():
        _download(version)


def _inside(version: ModelVersion) -> None:
    bundle = bundles.opened(version.uri)
    st.markdown(":material/verified: Every file is as it was registered.")
    facts = bundles.facts(bundle)
    st.dataframe(facts, hide_index=True, height="content", column_config=sentence_case(facts))


def _against(model: ModelRecord, version: ModelVersion, runs: dict[str, RunRecord]) -> None:
    others = [other for other in model.versions if other.version != version.version]
    if not others:
        st.info("There is no other version yet.")
        return
    names = {other.version: f"version {other.version} {' '.join(other.aliases)}" for other in others}
    chosen = st.selectbox("Against", list(names), format_func=names.__getitem__, key=f"against-{version.version}")
    other = model.by_version[chosen]
    table = bundles.difference(bundles.opened(other.uri), bundles.opened(version.uri), chosen, version.version)
    if table.empty:
        st.info("Their bundles differ in the weights alone.", icon=":material/equal:")
    else:
        st.dataframe(table, hide_index=True, height="content", column_config=sentence_case(table))
    ids = [one.run_id for one in (other, version) if one.run_id in runs]
    if len(ids) == 2:
        parameters = comparison.parameters([runs[run_id] for run_id in ids], only_different=True)
        st.markdown(f"{count(len(parameters), 'parameter')} of their runs differ.")
        pages.link("compare", "Compare their runs", ":material/compare_arrows:", runs=",".join(ids))


def _download(version: ModelVersion) -> None:
    st.markdown("A file to use elsewhere, or the whole bundle with its specification and sums.")
    bundle = bundles.opened(version.uri)
    with st.container(horizontal=True):
        for file in bundles.files(bundle, f"{version.name}-{version.version}"):
            st.download_button(
                f"{file.label} ({size(file.size_bytes)})" if file.size_bytes else file.label,
                file.read, file.name, "application/octet-stream", icon=":material/download:", on_click="ignore",
                key=f"download-{file.name}",
            )  # fmt: skip
    _convert(version)
    st.code(f"captchalab solve FILE --model {version.uri}", language=None)


def _convert(version: ModelVersion) -> None:
    """Offer the formats that have to be made first: in a process of its own, watched from here."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    form = left.selectbox("Another format", list(bundles.FORMATS), key=f"form-{version.version}")
    path, command = bundles.converted(version.uri, f"{version.name}-{version.version}", form)
    if path.is_file():
        right.download_button(
            f"{path.name} ({size(path.stat().st_size)})", path.read_bytes, path.name, "application/octet-stream",
            icon=":material/download:", on_click="ignore", width="stretch", key=f"download-{path.name}",
        )  # fmt: skip
    elif right.button(
        "Convert", icon=":material/construction:", width="stretch", key=f"convert-{path.name}", **access.for_changes()
    ):
        bundles.EXPORTS.mkdir(exist_ok=True)
        jobs.start(command)
        st.rerun()
    background.follow()


def history_table(entries: Sequence[Entry]) -> pd.DataFrame:
    """Return a row a promotion or rollback."""
    return pd.DataFrame(
        [
            {
                "when": pd.Timestamp(entry.at),
                "what": f"forced {entry.action}" if entry.forced else entry.action,
                "from": entry.from_version or "",
                "to": entry.to_version,
                "exact match": share(entry.exact_match[0] if entry.exact_match else None),
                "before": share(entry.exact_match[1] if entry.exact_match else None),
                "who": entry.by,
                "reason": entry.reason,
                "verdict": " ".join(entry.verdict),
            }
            for entry in entries
        ]
    )


def _history(uri: str, model: ModelRecord) -> None:
    entries = data.promotions(uri, model.name)
    if not entries:
        return
    st.subheader("Who was champion", anchor=False, divider="gray")
    table = history_table(entries)
    config = sentence_case(table, {"when": st.column_config.DatetimeColumn(format="distance")})
    st.dataframe(table, hide_index=True, placeholder="", column_config=config)
