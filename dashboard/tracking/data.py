"""All that the pages read from MLflow. Reads are cached for a few seconds and shared: nothing here is one user's.

A value that has become old is still shown while it is read anew in the background, so no page waits for the tracking
server twice. Each function takes the tracking address as its first argument: it is part of the key.
"""

import contextlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from captcha_core.errors import CaptchaError, RegistryError
from captcha_core.registry.history import Entry
from captcha_core.registry.history import history as history_of
from captcha_core.tracking.connect import client, connect
from captcha_core.tracking.names import Tag
from dashboard import process
from dashboard.tracking.records import DataUse, ModelRecord, ModelVersion, RunRecord, counts_of
from dashboard.tracking.run_cache import CACHES, PAGE, cache_of, run_record, search_runs

FRESH_S = 4.0
Value = TypeVar("Value")

cached = st.cache_data(ttl=FRESH_S, refresh_mode="background", show_spinner=False, max_entries=64)
# One list for all visitors, which nobody changes: a copy of a thousand runs for each question costs more than the page
shared = st.cache_resource(ttl=FRESH_S, refresh_mode="background", show_spinner=False, max_entries=4)
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
    CACHES.clear()
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


@shared
def runs(uri: str) -> Sequence[RunRecord]:
    """Return the newest runs, newest first: of all experiments, unless one is chosen.

    Raises:
        MlflowUnavailable: If MLflow does not answer.
    """
    run_cache = cache_of(uri)
    with run_cache.lock:
        return _ask("the list of runs", run_cache.read)


def preload() -> None:
    """Read the runs before the first visitor comes; when MLflow does not answer, the pages will say so."""
    with contextlib.suppress(CaptchaError):
        run_cache = cache_of(connect())
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
        "a filter in MLflow's syntax", lambda api: frozenset(r.info.run_id for r in search_runs(api, filter_string))
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
    return run_record(found)


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
def promotions(uri: str, name: str) -> list[Entry]:
    """Return who was champion when and why, newest first.

    Raises:
        MlflowUnavailable: If MLflow does not answer, or the history was tampered with.
    """
    return _ask("the history of promotions", lambda _: history_of(name)[::-1])


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
