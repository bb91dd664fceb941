"""All that the pages read from MLflow. Reads are cached for a few seconds and shared: nothing here is one user's.

A value that has become old is still shown while it is read anew in the background, so no page waits for the tracking
server twice. Each function takes the tracking address as its first argument: it is part of the key.
"""

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from captcha_core.errors import CaptchaError, RegistryError
from captcha_core.registry import promotion
from captcha_core.tracking.connect import client, connect
from captcha_core.tracking.names import Tag
from dashboard import process
from dashboard.tracking.records import DataUse, ModelRecord, ModelVersion, RunRecord, counts_of

FRESH_S = 4.0
PAGE, MOST_RUNS = 250, 5000  # pages of 1,000 took 50 MB more and no less time
ALL_ANEW_S = 60.0  # until then only runs that are new, run, or ended lately are read again
LATELY_MS = 600_000  # clocks of other machines may differ by so much
Value = TypeVar("Value")

cached = st.cache_data(ttl=FRESH_S, refresh_mode="background", show_spinner=False, max_entries=64)
permanent = st.cache_data(ttl=3600, show_spinner=False, max_entries=256)  # for what never changes


class MlflowUnavailable(CaptchaError):
    """MLflow did not answer, or not as expected."""


class Missing(CaptchaError):
    """A run, model or file that is not there (any more)."""


def tracking() -> str:
    """Return the tracking address, after making sure that somebody answers there.

    Raises:
        MlflowUnavailable: If nobody does.
    """
    process.short_timeouts()
    return _reachable(os.environ.get("MLFLOW_TRACKING_URI", ""))


@st.cache_data(ttl=FRESH_S, show_spinner=False, max_entries=4)
def _reachable(_variable: str) -> str:
    try:
        return connect(anew=True)
    except RegistryError as error:
        raise MlflowUnavailable(str(error)) from None


def forget() -> None:
    """Read anew from now on: after a change that one of the pages made."""
    _run_caches.clear()
    for function in (runs, run, matching, history, models, data_uses, promotions):
        function.clear()


def _ask(what: str, question: Callable[[Any], Value]) -> Value:
    """Put a question to MLflow's client; turn what goes wrong into a sentence."""
    from mlflow.exceptions import MlflowException

    try:
        return question(client())
    except CaptchaError as error:
        raise MlflowUnavailable(str(error)) from None
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise Missing(f"expected {what}, received: {_first_line(error)}") from None
        raise MlflowUnavailable(f"expected {what} from MLflow, received: {_first_line(error)}") from None
    except Exception as error:  # whatever its store raises: SQLAlchemy, requests, the file system
        raise MlflowUnavailable(
            f"expected {what} from MLflow, received {type(error).__name__}: {_first_line(error)}"
        ) from None


def _first_line(error: Exception) -> str:
    lines = str(getattr(error, "message", "") or error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__


@cached
def runs(uri: str) -> list[RunRecord]:
    """Return the newest runs, newest first, :data:`MOST_RUNS` at most: of all experiments, unless one is chosen.

    Raises:
        MlflowUnavailable: If MLflow does not answer.
    """
    run_cache = _run_cache(uri)
    with run_cache.lock:
        return _ask("the list of runs", run_cache.read)


@dataclass
class _RunCache:
    """All runs as they were read last: a finished one hardly ever changes, and reading a thousand takes seconds."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    records: dict[str, RunRecord] | None = None
    whole_s: float = float("-inf")
    read_ms: float = 0.0
    anew: threading.Thread | None = None

    def read(self, api: Any) -> list[RunRecord]:
        """Return the runs, newest first, after reading what may have changed. Hold the lock."""
        began_ms = 1000 * time.time()
        if self.records is None:
            self.records, self.whole_s = _everything(api), time.monotonic()
        else:
            since = int(self.read_ms) - LATELY_MS
            for changed in ("status = 'RUNNING'", f"attributes.start_time > {since}", f"attributes.end_time > {since}"):
                self.records |= {one.info.run_id: _record(one) for one in _search(api, changed)}
            self._refresh_if_old()
        self.read_ms = began_ms
        return sorted(self.records.values(), key=lambda run: -run.start_ms)[:MOST_RUNS]

    def _refresh_if_old(self) -> None:
        """Read everything in the background: only so a deleted run, or a change from elsewhere, is noticed."""
        waiting = self.anew is not None and self.anew.is_alive()
        if time.monotonic() - self.whole_s > ALL_ANEW_S and not waiting:
            self.anew = threading.Thread(target=self._read_all, daemon=True)
            self.anew.start()

    def _read_all(self) -> None:
        with contextlib.suppress(Exception):  # the next page that is opened reports it
            records = _everything(client())
            with self.lock:
                self.records, self.whole_s = records, time.monotonic()


def _everything(api: Any) -> dict[str, RunRecord]:
    records = {one.info.run_id: _record(one) for one in _search(api, "")}
    process.give_back()
    return records


_run_caches: dict[str, _RunCache] = {}  # by tracking address; what everybody may see


def _run_cache(uri: str) -> _RunCache:
    return _run_caches.setdefault(uri, _RunCache())


def preload() -> None:
    """Read the runs before the first visitor comes; when MLflow does not answer, the pages will say so."""
    with contextlib.suppress(CaptchaError):
        run_cache = _run_cache(connect())
        with run_cache.lock:
            _ask("the list of runs", run_cache.read)


@cached
def matching(uri: str, filter_string: str) -> frozenset[str]:
    """Return the ids of the runs that a filter in MLflow's syntax lets through.

    Raises:
        Missing: If MLflow does not understand the filter.
        MlflowUnavailable: If MLflow does not answer.
    """
    return _ask(
        "a filter in MLflow's syntax", lambda api: frozenset(r.info.run_id for r in _search(api, filter_string))
    )


def _search(api: Any, filter_string: str) -> Iterator[Any]:
    chosen = os.environ.get("MLFLOW_EXPERIMENT_NAME")
    experiments = [
        one.experiment_id
        for one in api.search_experiments()
        if (one.name == chosen if chosen else one.name != promotion.EXPERIMENT)
    ]
    token, found = None, 0
    while experiments and found < MOST_RUNS:
        page = api.search_runs(
            experiments, filter_string, max_results=PAGE, order_by=["attributes.start_time DESC"], page_token=token
        )
        yield from page
        token, found = page.token, found + len(page)
        if not token:
            return


def _record(found: Any) -> RunRecord:
    return RunRecord(
        id=found.info.run_id,
        name=found.info.run_name or found.info.run_id[:8],
        state=found.info.status,
        start_ms=found.info.start_time or 0,
        end_ms=found.info.end_time,
        params=dict(found.data.params),
        metrics={key: value for key, value in found.data.metrics.items() if not key.startswith("system/")},
        tags=dict(found.data.tags),
    )


@cached
def run(uri: str, run_id: str) -> RunRecord:
    """Return one run.

    Raises:
        Missing: If there is none of this id, or it was deleted.
        MlflowUnavailable: If MLflow does not answer.
    """
    found = _ask(f"a run {run_id[:32]}", lambda api: api.get_run(run_id))
    if found.info.lifecycle_stage != "active":
        raise Missing(f"expected a run, received {run_id[:32]}, which was deleted.")
    return _record(found)


@cached
def history(uri: str, run_id: str, keys: tuple[str, ...]) -> pd.DataFrame:
    """Return metric values in the order they came: columns ``metric``, ``step``, ``time_ms``, ``value``."""

    def read(api: Any) -> list[tuple[str, int, int, float]]:
        return [
            (key, one.step, one.timestamp, one.value) for key in keys for one in api.get_metric_history(run_id, key)
        ]

    return pd.DataFrame(_ask("the course of metrics", read), columns=["metric", "step", "time_ms", "value"])


@cached
def data_uses(uri: str, run_id: str) -> list[DataUse]:
    """Return the data sets that a run was given."""

    def read(api: Any) -> list[DataUse]:
        inputs = api.get_run(run_id).inputs
        return [
            DataUse(
                one.dataset.name,
                one.dataset.digest,
                next((tag.value for tag in one.tags if tag.key == Tag.DATA_CONTEXT), ""),
                str(json.loads(one.dataset.source or "{}").get("uri", "")),
                counts_of(one.dataset.profile),
            )
            for one in (inputs.dataset_inputs if inputs else [])
        ]

    return _ask("the data of a run", read)


@cached
def models(uri: str) -> list[ModelRecord]:
    """Return every registered model with its versions, by name.

    Raises:
        MlflowUnavailable: If MLflow does not answer.
    """

    def read(api: Any) -> list[ModelRecord]:
        versions: dict[str, list[ModelVersion]] = {}
        for one in _all(lambda token: api.search_model_versions("", max_results=PAGE, page_token=token)):
            versions.setdefault(one.name, []).append(_version(one))
        found = []
        for one in _all(lambda token: api.search_registered_models(max_results=PAGE, page_token=token)):
            aliases = {alias: str(version) for alias, version in one.aliases.items()}
            newest_first = sorted(versions.get(one.name, []), key=lambda version: -int(version.version))
            named = [_with_aliases(version, aliases) for version in newest_first]
            found.append(ModelRecord(one.name, one.description or "", aliases, dict(one.tags), named))
        return sorted(found, key=lambda model: model.name)

    return _ask("the registered models", read)


@cached
def promotions(uri: str, name: str) -> list[promotion.Entry]:
    """Return who was champion when and why, newest first.

    Raises:
        MlflowUnavailable: If MLflow does not answer, or the history was tampered with.
    """
    return _ask("the history of promotions", lambda _: promotion.history(name)[::-1])


def _all(page_of: Callable[[str | None], Any]) -> list[Any]:
    found: list[Any] = []
    token: str | None = None
    while True:
        page = page_of(token)
        found += page
        token = page.token
        if not token:
            return found


def _version(one: Any) -> ModelVersion:
    return ModelVersion(
        one.name,
        str(one.version),
        one.creation_timestamp or 0,
        one.run_id or "",
        (),
        dict(one.tags),
        one.description or "",
    )


def _with_aliases(version: ModelVersion, aliases: dict[str, str]) -> ModelVersion:
    return replace(
        version, aliases=tuple(sorted(alias for alias, number in aliases.items() if number == version.version))
    )


@permanent
def artifact(uri: str, run_id: str, path: str) -> Path:
    """Return a local copy of a file or folder that a run logged.

    Raises:
        Missing: If the run logged none.
    """
    from captcha_core.registry.downloads import download
    from captcha_core.registry.lookup import local_folder

    where = _ask("a run", lambda api: api.get_run(run_id)).info.artifact_uri
    folder = local_folder(where)
    if folder is not None:
        found = folder / path
        if found.exists():
            return found
        if not any(one.is_dir() for one in (folder, folder.parent, folder.parent.parent)):
            raise Missing(
                f"expected {path} in {folder}, received no such folder; if the project was moved or copied, run "
                "captchalab doctor --repair where it is now."
            )
        raise Missing(f"expected {path} of the run {run_id[:8]}, received none; it did not finish its evaluation.")
    try:
        return download(run_id=run_id, artifact_path=path)
    except Exception as error:
        raise Missing(f"expected {path} of the run {run_id[:8]}, received: {_first_line(error)}") from None


def table(uri: str, run_id: str, path: str) -> pd.DataFrame:
    """Return a CSV file that a run logged, texts as texts.

    Raises:
        Missing: If the run logged none, or it is no table.
    """
    file = artifact(uri, run_id, path)
    try:
        return pd.read_csv(
            file,
            dtype={name: str for name in ("id", "path", "text", "read", "file", "character")},
            keep_default_na=False,
        )
    except (OSError, ValueError) as error:
        raise Missing(f"expected a table in {path}, received: {_first_line(error)}") from None


def records(uri: str, run_ids: Sequence[str]) -> tuple[list[RunRecord], list[str]]:
    """Return the runs of some ids in their order, and the ids of those that are not there."""
    found, missing = [], []
    for run_id in dict.fromkeys(run_ids):
        try:
            found.append(run(uri, run_id))
        except Missing:
            missing.append(run_id)
    return found, missing
