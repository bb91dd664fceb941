"""Which version stands behind a name and an alias, and where its files are, without importing MLflow.

``import mlflow`` takes 1.0 to 1.7 seconds and 170 MB (230 MB with a database open), measured on 2 cores with
3.17: too much for a server that has to be ready within three seconds and asks every few seconds. SQLite and REST, the
two registries that nearly everybody has, are therefore read directly: three tables, three public REST calls. Any
other address goes through MLflow's own client, and a test holds all three roads together.
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from captcha_core.errors import RegistryError
from captcha_core.extras import require
from captcha_core.tracking.address import fault_of, no_store, tracking_uri
from captcha_core.tracking.redact import masked

if TYPE_CHECKING:
    from mlflow.exceptions import MlflowException

TIMEOUT_S = 5.0
NONE_SUCH = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # what MLflow says of a name or an alias


class RegistryUnreachable(RegistryError):
    """The registry did not answer; what it would have said is not known."""


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """One registered version as the registry describes it.

    Args:
        name: Registered model.
        version: Number, as MLflow writes it.
        location: Where the artifacts are: a folder, ``file:``, ``mlflow-artifacts:`` or an object store.
        aliases: Every alias that points here.
        tags: Tags of the version.
        run_id: The run that made it, empty when there is none.
    """

    name: str
    version: str
    location: str
    aliases: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    run_id: str = ""


class Registry(Protocol):
    """Somewhere versions are registered."""

    def by_alias(self, name: str, alias: str) -> VersionRecord:
        """Return the version behind an alias. Raises: RegistryError: If there is none, or nobody answers."""

    def by_version(self, name: str, version: str) -> VersionRecord:
        """Return a version by its number. Raises: RegistryError: If there is none, or nobody answers."""


def registry_uri() -> str:
    """Return the address of the registry, by MLflow's own variables."""
    return os.environ.get("MLFLOW_REGISTRY_URI") or tracking_uri()


def open_registry(uri: str | None = None) -> Registry:
    """Return a reader for the address, by default the one that MLflow's variables name."""
    uri = uri or registry_uri()
    if uri.startswith("sqlite:///"):
        return SqliteRegistry(Path(uri.removeprefix("sqlite:///").partition("?")[0]))
    if uri.startswith(("http://", "https://")):
        return RestRegistry(uri)
    return ClientRegistry(uri)


@dataclass(frozen=True, slots=True)
class SqliteRegistry:
    """Reads the tables of a local MLflow database, and never writes."""

    path: Path

    def by_alias(self, name: str, alias: str) -> VersionRecord:
        """Return the version behind an alias."""
        with self._open() as database:
            row = database.execute(
                "SELECT version FROM registered_model_aliases WHERE name = ? AND alias = ?", (name, alias)
            ).fetchone()
            if row is None:
                raise RegistryError(_unknown(name, f"alias {alias!r}", self._known(database, name)))
            return self._record(database, name, row[0])

    def by_version(self, name: str, version: str) -> VersionRecord:
        """Return a version by its number."""
        with self._open() as database:
            return self._record(database, name, version)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        if not self.path.is_file():
            raise RegistryUnreachable(
                f"expected an MLflow database at {self.path}, received no such file; train a model first or set "
                "MLFLOW_TRACKING_URI."
            )
        try:
            address = f"{self.path.resolve().as_uri()}?mode=ro"
            with closing(sqlite3.connect(address, uri=True, timeout=TIMEOUT_S)) as database:
                yield database
        except sqlite3.Error as error:
            raise RegistryUnreachable(
                f"expected a readable MLflow database at {self.path}, received {error}; see to the file."
            ) from error

    def _record(self, database: sqlite3.Connection, name: str, version: str | int) -> VersionRecord:
        row = database.execute(
            "SELECT version, COALESCE(storage_location, source), run_id FROM model_versions "
            "WHERE name = ? AND version = ? AND current_stage <> 'Deleted_Internal'",
            (name, version),
        ).fetchone()
        if row is None:
            raise RegistryError(_unknown(name, f"version {version}", self._known(database, name)))
        aliases = database.execute(
            "SELECT alias FROM registered_model_aliases WHERE name = ? AND version = ? ORDER BY alias", (name, row[0])
        )
        tags = database.execute(
            'SELECT "key", value FROM model_version_tags WHERE name = ? AND version = ?', (name, row[0])
        )
        return VersionRecord(
            name, str(row[0]), row[1] or "", tuple(alias for (alias,) in aliases), dict(tags.fetchall()), row[2] or ""
        )

    def _known(self, database: sqlite3.Connection, name: str) -> list[str]:
        rows = database.execute(
            "SELECT alias FROM registered_model_aliases WHERE name = ? UNION ALL "
            "SELECT version FROM model_versions WHERE name = ? AND current_stage <> 'Deleted_Internal'",
            (name, name),
        )
        return [str(value) for (value,) in rows]


@dataclass(frozen=True, slots=True)
class RestRegistry:
    """Asks an MLflow server, with the credentials that MLflow's variables hold."""

    uri: str

    def by_alias(self, name: str, alias: str) -> VersionRecord:
        """Return the version behind an alias."""
        return self._record(self._get("registered-models/alias", {"name": name, "alias": alias}, "model_version"))

    def by_version(self, name: str, version: str) -> VersionRecord:
        """Return a version by its number."""
        return self._record(self._get("model-versions/get", {"name": name, "version": version}, "model_version"))

    def _record(self, version: Any) -> VersionRecord:
        try:
            key = {"name": str(version["name"]), "version": str(version["version"])}
            tags = {str(tag["key"]): str(tag.get("value", "")) for tag in version.get("tags") or []}
            aliases = tuple(sorted(str(alias) for alias in version.get("aliases") or []))
            run_id = str(version.get("run_id") or "")
        except (TypeError, KeyError, AttributeError):
            raise self._odd(200) from None
        location = self._get("model-versions/get-download-uri", key, "artifact_uri")
        if not isinstance(location, str):
            raise self._odd(200)
        return VersionRecord(key["name"], key["version"], location, aliases, tags, run_id)

    def _get(self, call: str, parameters: dict[str, str], wanted: str) -> Any:
        from captcha_core.tracking.server import REFUSED, ask, refusal, unanswered

        try:
            status, body = ask(self.uri, f"/api/2.0/mlflow/{call}", parameters)
        except OSError as error:
            raise RegistryUnreachable(unanswered(self.uri, error)) from error
        if status in REFUSED:
            raise RegistryUnreachable(refusal(self.uri, status))
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self._odd(status)
        if status == 200 and wanted in found:
            return found[wanted]
        if status in (400, 404) and found.get("error_code") in NONE_SUCH:
            named = " ".join(f"{key} {value!r}" for key, value in parameters.items() if key != "name")
            raise RegistryError(_unknown(parameters["name"], named, []))
        raise self._odd(status)

    def _odd(self, status: int) -> RegistryUnreachable:
        return RegistryUnreachable(
            f"expected an answer from the MLflow server at {masked(self.uri)}, received status {status} and none of "
            "MLflow's; see its log, and that MLFLOW_TRACKING_URI is right."
        )


@dataclass(frozen=True, slots=True)
class ClientRegistry:
    """Any other address, through MLflow's own client."""

    uri: str

    def by_alias(self, name: str, alias: str) -> VersionRecord:
        """Return the version behind an alias."""
        return self._record(name, f"alias {alias!r}", lambda client: client.get_model_version_by_alias(name, alias))

    def by_version(self, name: str, version: str) -> VersionRecord:
        """Return a version by its number."""
        return self._record(name, f"version {version}", lambda client: client.get_model_version(name, version))

    def _record(self, name: str, wanted: str, ask: Any) -> VersionRecord:
        if fault := fault_of(self.uri):
            raise RegistryUnreachable(fault)
        require("track", f"the registry at {masked(self.uri)}")
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
        from mlflow.tracking.registry import UnsupportedModelRegistryStoreURIException

        try:
            client = MlflowClient(self.uri, self.uri)
            version = ask(client)
            location = client.get_model_version_download_uri(name, version.version)
            aliases = client.get_model_version(name, version.version).aliases
        except UnsupportedModelRegistryStoreURIException:
            raise RegistryUnreachable(no_store(repr(masked(self.uri)))) from None
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise RegistryError(_unknown(name, wanted, [])) from error
            raise refused(error) from error
        return VersionRecord(
            name, str(version.version), location, tuple(sorted(aliases)), dict(version.tags), version.run_id or ""
        )


def refused(error: "MlflowException") -> RegistryUnreachable:
    """Return the error of a registry that answers with one of MLflow's."""
    return RegistryUnreachable(f"expected an answer from the MLflow registry, received {error.error_code}; see to it.")


def local_folder(location: str) -> Path | None:
    """Return the folder of a location on this machine, None for any other."""
    parts = urlsplit(location)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return Path(location) if parts.scheme == "" or len(parts.scheme) == 1 else None  # one letter: a Windows drive


def _unknown(name: str, wanted: str, known: list[str]) -> str:
    have = f"; it has {', '.join(known)}" if known else ""
    return (
        f"expected {wanted} of the registered model {name!r}, received none{have}; "
        "see the registry in the dashboard or register one with captchalab train."
    )
