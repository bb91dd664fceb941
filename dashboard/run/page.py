"""Run: all that is known of one run, and what to do with it next."""

import time
from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from captcha_core.tracking.names import Kind, Metric, Tag
from dashboard import pages
from dashboard.frame import guarded, heading, nothing_yet, stop_button, tabs
from dashboard.home import background, watch
from dashboard.registry import promotion_box
from dashboard.run import notes, reading
from dashboard.runs import table
from dashboard.tracking import data
from dashboard.tracking.records import ModelRecord, RunRecord
from dashboard.widgets import pictures
from dashboard.widgets.text import ago, duration, interval, markdown, share, size

RESOURCES = {
    "system/cpu_utilization_percentage": "Processor (%)",
    "system/system_memory_usage_megabytes": "Memory of the machine (MB)",
    "system/gpu_0_utilization_percentage": "GPU (%)",
}


def show() -> None:
    """Show the run that the address names."""
    uri = data.tracking()
    everything = data.runs(uri)
    if not everything:
        heading("Run")
        nothing_yet("There is no run yet.", "captchalab pipeline --preset digits4", fill=background.first_model)
        return
    run = _run(uri, everything)
    heading(markdown(run.name), f"`{run.id}`")
    _head(uri, run)
    st.html(pictures.facts(_figures(run)))
    children = table.children(everything, run.id)
    views: dict[str, Callable[[], None]] = {
        **({"Curves": lambda: _curves(uri, run)} if run.running or reading.known_curves(run) else {}),
        **({"What it reads": lambda: reading.show(uri, run)} if run.tested is not None else {}),
        **({"Children": lambda: _children(children)} if children else {}),
        "Parameters": lambda: _parameters(run),
        "Origin": lambda: _origin(uri, run),
        "Resources": lambda: _resources(uri, run),
        **({"Promote": lambda: _promote(uri, run)} if run.registered else {}),
        "Notes": lambda: notes.show(run),
    }
    tabs(views, "part")  # not as on Compare: the state of a key outlives a change of pages


def _run(uri: str, everything: Sequence[RunRecord]) -> RunRecord:
    """Return the run that the address names, of those listed or any other; the newest where it names none."""
    asked = st.query_params.get("run", "")
    known = {run.id: run for run in everything}
    if asked and asked not in known:
        found, _ = data.records(uri, [asked])
        if found:
            return found[0]
        pages.warn_of_missing([asked])
    run = known.get(asked, everything[0])
    pages.write_to_address("run", [run.id])
    return run


def _head(uri: str, run: RunRecord) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="run-head"):
        st.badge(table.STATES.get(run.state, run.state), color=table.BADGES.get(run.state, "gray"))
        if run.registered:
            name, version = run.registered
            pages.link("solve", "Solve with it", ":material/pin_invoke:", model=f"models:/{name}/{version}")
            pages.link("registry", f"{name} version {version}", ":material/inventory_2:", model=name, version=version)
        if champion := champion_of(data.models(uri), run):
            ids = f"{champion},{run.id}"
            pages.link("compare", "Compare with champion", ":material/compare_arrows:", runs=ids, view="Pairs")
        if run.tested is not None:
            pages.link("mistakes", "Its mistakes", ":material/troubleshoot:", run=run.id)
        if run.kind == Kind.SEARCH:
            pages.link("tune", "Its search", ":material/tune:", search=run.id)
        if run.kind == Kind.ASSESS:
            pages.link("strength", "What was found", ":material/shield:")
        if run.kind == Kind.AUDIT:
            pages.link("audit", "What was found", ":material/rule:")
        if run.parent:
            pages.link("run", "The run it belongs to", ":material/account_tree:", run=run.parent)
        if run.running:
            stop_button(run.tags, "stop-run")
    if run.reason:
        st.warning(f"It ended early: {markdown(run.reason)}", icon=":material/info:")
    for tag, icon in ((Tag.REMARKS, ":material/lightbulb:"), (Tag.CAUSES, ":material/troubleshoot:")):
        if said := run.tags.get(tag):
            st.info(markdown(said), icon=icon)


def champion_of(models: Sequence[ModelRecord], run: RunRecord) -> str:
    """Return the id of the run behind the champion of the model that a run registered, empty for none or itself."""
    name = run.registered[0] if run.registered else ""
    champion = next((model.behind("champion") for model in models if model.name == name), None)
    return champion.run_id if champion and champion.run_id != run.id else ""


def _figures(run: RunRecord) -> list[tuple[str, str, str]]:
    metrics, n = run.metrics, run.tested_n
    low, high = metrics.get(Metric.TEST_EXACT_MATCH_LOW), metrics.get(Metric.TEST_EXACT_MATCH_HIGH)
    spread = interval(low, high, n)
    latency = metrics.get(Metric.TEST_LATENCY_P50_MS)
    return [
        ("Exact match", share(run.tested, n=n), f"{spread}, n = {n:,.0f}" if spread and n else ""),
        ("Best validation", share(run.best, n=run.validated_n), ""),
        ("Character errors", share(metrics.get(Metric.TEST_CHARACTER_ERROR_RATE), n=n), ""),
        ("Calibration error", share(metrics.get(Metric.TEST_CALIBRATION_ERROR), n=n), ""),
        ("Time a captcha", "–" if latency is None else f"{latency:.2f} ms", "median"),
        ("Model file", size(metrics.get(Metric.TEST_MODEL_BYTES)), ""),
        ("Duration", duration(run.seconds(1000 * time.time())), f"started {ago(run.start_ms)}"),
    ]


def _curves(uri: str, run: RunRecord) -> None:
    if not run.running:
        reading.curves(uri, run)
        return

    @st.fragment(run_every="4s")
    def live() -> None:
        with guarded():
            now = data.run(uri, run.id)
            if not now.running:
                st.rerun()
            watch.progress_bar(now, markdown(now.short), "")
            watch.show(uri, now)
            reading.curves(uri, now)

    live()


def _children(children: Sequence[RunRecord]) -> None:
    frame = table.table(children, (), [name for name in table.column_choices(children)][:6], 1000 * time.time())
    st.dataframe(frame, hide_index=True, column_config=table.columns(frame))


def _parameters(run: RunRecord) -> None:
    if not run.params:
        st.caption("This run has logged no parameters.")
        return
    frame = pd.DataFrame(sorted(run.params.items()), columns=["Parameter", "Value"])
    st.dataframe(frame, hide_index=True, height="content")


def _origin(uri: str, run: RunRecord) -> None:
    for use in data.data_uses(uri, run.id):
        counts = ", ".join(f"{split} {number:,}" for split, number in use.counts.items())
        st.markdown(
            f"**{use.context.capitalize() or 'Data'}**: {markdown(use.name)} ({markdown(counts)}), "
            f"digest `{use.digest[:12]}`"
        )
    facts = {
        "command": run.tags.get(Tag.COMMAND),
        "git commit": run.tags.get(Tag.GIT_COMMIT),
        "uncommitted changes": run.tags.get(Tag.GIT_DIRTY),
        "user": run.tags.get(Tag.USER),
        "host": run.tags.get(Tag.HOST),
    } | {key.removeprefix(Tag.VERSION): value for key, value in sorted(run.tags.items()) if key.startswith(Tag.VERSION)}
    frame = pd.DataFrame([(key, value) for key, value in facts.items() if value], columns=["Fact", "Value"])
    st.dataframe(frame, hide_index=True, height="content")


def _resources(uri: str, run: RunRecord) -> None:
    history = data.history(uri, run.id, tuple(RESOURCES))
    known = [name for name in RESOURCES if (history["metric"] == name).any()]
    if not known:
        st.caption("What this run took of its machine was not measured.")
    for name in known:
        reading.chart_of({run.short: history}, name, RESOURCES[name])


def _promote(uri: str, run: RunRecord) -> None:
    name, number = run.registered or ("", "")
    model = next((one for one in data.models(uri) if one.name == name), None)
    version = model.by_version.get(number) if model else None
    if model is None or version is None:
        st.info(f"Version {markdown(number)} of {markdown(name)} does not exist any more.")
        return
    promotion_box.show(uri, model, version)
