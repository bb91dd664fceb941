"""The direct roads into the registry give what MLflow's own client gives."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from captcha_core.errors import RegistryError
from captcha_core.registry.lookup import (
    ClientRegistry,
    RegistryUnreachable,
    RestRegistry,
    SqliteRegistry,
    VersionRecord,
    local_folder,
    open_registry,
)
from tests.answering import answering, say


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with three versions of one model: two tagged and named, one deleted."""
    from mlflow import MlflowClient

    folder = tmp_path_factory.mktemp("registry")
    client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    client.create_registered_model("captcha-tiny")
    for number in "123":
        client.create_model_version("captcha-tiny", str(folder / f"bundle{number}"), tags={"digest": number})
    client.set_registered_model_alias("captcha-tiny", "champion", "2")
    client.set_registered_model_alias("captcha-tiny", "best", "2")
    client.set_registered_model_alias("captcha-tiny", "previous", "1")
    client.delete_model_version("captcha-tiny", "3")
    return folder / "mlflow.db"


@pytest.fixture
def server(database: Path) -> Iterator[str]:
    """MLflow's REST answers over a loopback server, made from its own client's objects."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    client = MlflowClient(f"sqlite:///{database}")

    def answer(handler: BaseHTTPRequestHandler) -> None:
        address = urlsplit(handler.path)
        query = dict(parse_qsl(address.query))
        status, body = 200, {}
        try:
            if address.path.endswith("get-download-uri"):
                body = {"artifact_uri": client.get_model_version_download_uri(query["name"], query["version"])}
            elif query["name"] == "broken":
                status = 500
            elif query["name"] == "odd":
                status, body = ODD[query["alias"]]
            else:
                found = (
                    client.get_model_version_by_alias(query["name"], query["alias"]).version
                    if "alias" in query
                    else query["version"]
                )
                version = client.get_model_version(query["name"], found)
                tags = [{"key": key, "value": value} for key, value in version.tags.items()]
                record = {"name": version.name, "version": str(version.version), "aliases": version.aliases}
                body = {"model_version": {**record, "tags": tags}}
        except MlflowException as error:
            status, body = error.get_http_status_code(), json.loads(error.serialize_as_json())
        say(handler, status, json.dumps(body).encode())

    with answering(answer) as address:
        yield address


ODD: dict[str, tuple[int, Any]] = {  # what a gateway says, and not MLflow
    "busy": (429, {"error": "slow down"}),
    "list": (200, []),
    "other": (200, {"hello": "world"}),
    "refused": (400, {"message": "no"}),
    "quota": (400, {"error_code": "REQUEST_LIMIT_EXCEEDED"}),
}


def test_three_roads_one_answer(database: Path, server: str) -> None:
    roads = [SqliteRegistry(database), RestRegistry(server), ClientRegistry(f"sqlite:///{database}")]
    expected = VersionRecord(
        "captcha-tiny", "2", str(database.parent / "bundle2"), ("best", "champion"), {"digest": "2"}, ""
    )
    for road in roads:
        assert road.by_alias("captcha-tiny", "champion") == expected
        assert road.by_version("captcha-tiny", "2") == expected
        assert road.by_version("captcha-tiny", "1").aliases == ("previous",)
        for name, version in [("captcha-tiny", "3"), ("captcha-tiny", "9"), ("nobody", "1"), ("captcha-tiny", "x")]:
            with pytest.raises(RegistryError, match=f"registered model '{name}', received none"):
                road.by_version(name, version)
        with pytest.raises(RegistryError, match="expected alias 'chmpion'"):
            road.by_alias("captcha-tiny", "chmpion")


def test_what_there_is_instead_is_listed(database: Path) -> None:
    with pytest.raises(RegistryError, match="it has champion, best, previous, 1, 2"):
        SqliteRegistry(database).by_alias("captcha-tiny", "gold")


def test_an_unreachable_registry_is_told_apart(tmp_path: Path, server: str) -> None:
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"not a database at all" * 100)
    for uri in (f"sqlite:///{tmp_path}/none.db", f"sqlite:///{garbage}", "http://127.0.0.1:9"):
        with pytest.raises(RegistryUnreachable):
            open_registry(uri).by_alias("captcha-tiny", "champion")
    with pytest.raises(RegistryUnreachable, match="status 500"):
        open_registry(server).by_alias("broken", "champion")
    for alias, (status, _) in ODD.items():
        with pytest.raises(RegistryUnreachable, match=f"status {status} and none of MLflow's"):
            open_registry(server).by_alias("odd", alias)
    with pytest.raises(RegistryUnreachable, match="received InvalidURL"):
        open_registry("http://[::1").by_alias("captcha-tiny", "champion")
    assert not (tmp_path / "none.db").exists(), "looking must not create a database"


def test_addresses_follow_mlflow_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert open_registry() == SqliteRegistry(Path("mlflow.db"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert open_registry() == RestRegistry("http://127.0.0.1:5000")
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "postgresql://registry/mlflow")
    assert open_registry() == ClientRegistry("postgresql://registry/mlflow")


@pytest.mark.parametrize(
    ("location", "folder"),
    [
        ("/models/a b", Path("/models/a b")),
        ("file:///models/a%20b", Path("/models/a b")),
        ("mlflow-artifacts:/1/models", None),
        ("s3://bucket/models", None),
    ],
)
def test_local_folders(location: str, folder: Path | None) -> None:
    assert local_folder(location) == folder


def test_looking_up_imports_no_mlflow(database: Path) -> None:
    script = (
        "import sys; from captcha_core.registry.lookup import open_registry; "
        f"open_registry('sqlite:///{database}').by_alias('captcha-tiny', 'champion'); "
        "print([name for name in ('mlflow', 'pandas', 'tensorflow') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
