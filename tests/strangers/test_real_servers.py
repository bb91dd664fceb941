"""MLflow's own servers: one with accounts, and one that serves a model where captchalab is not installed."""

import base64
import json
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from captcha_core.bundle.bundle import Bundle
from captcha_core.registry.versions import register
from captcha_core.solver import Solver
from captcha_core.tracking.connect import client, disconnect
from captcha_core.tracking.runs import start_run
from experiments.tools.processes import free_port, serving
from tests.conftest import tiny_samples
from tests.strangers.test_experiments import answer
from tests.strangers.test_model_elsewhere import logged

ADMIN, BOB = ("admin", "a long password"), ("bob", "another password")
GENERATE = ("generate", "--scheme", "digits4", "--count", "5", "--out", "drawn")


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of ``mlflow server --app-name basic-auth``; nobody's credentials are at hand."""
    pytest.importorskip("flask_wtf", reason="MLflow's accounts need Flask-WTF: pip install 'mlflow[auth]'")
    for name in ("USERNAME", "PASSWORD", "TOKEN"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
    folder, port = tmp_path / "server", free_port()
    folder.mkdir()
    (folder / "auth.ini").write_text(
        "[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///auth.db\nadmin_username = admin\n"
        "auth_cache_ttl_seconds = 300\nauthorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    secrets = {"MLFLOW_AUTH_ADMIN_PASSWORD": ADMIN[1], "MLFLOW_FLASK_SERVER_SECRET_KEY": "secret"}
    command = [sys.executable, "-m", "mlflow", "server", "--app-name", "basic-auth", "--port", str(port)]
    store = ["--workers", "1", "--backend-store-uri", "sqlite:///server.db", "--artifacts-destination", "store"]
    uri = f"http://127.0.0.1:{port}"
    more = {"MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"), **secrets}
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        stack.enter_context(serving([*command, *store], f"{uri}/health", folder, more))
        disconnect()
        yield uri
    disconnect()


def log_in(folder: Path, account: tuple[str, str]) -> None:
    (folder / ".mlflow").mkdir(exist_ok=True)
    name, password = account
    text = f"[mlflow]\nmlflow_tracking_username = {name}\nmlflow_tracking_password = {password}\n"
    (folder / ".mlflow" / "credentials").write_text(text)


@pytest.mark.long
def test_mlflows_own_accounts(
    accounts: str, tmp_path: Path, tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*words: str) -> tuple[int, str]:
        disconnect()
        code, text = answer(capsys, *words)
        assert "Traceback" not in text
        return code, " ".join(text.split())

    media = tiny_samples(1, seed=5)[0].media
    (tmp_path / "one.png").write_bytes(media)
    solve = ("solve", "one.png", "--model", "models:/captcha-tiny/1")
    for words in (solve, GENERATE, ("doctor",)):
        code, text = said(*words)
        assert code == 1 and accounts in text and "status 401; set MLFLOW_TRACKING_USERNAME" in text, text
    assert not (tmp_path / "drawn").exists()

    log_in(tmp_path, ADMIN)
    with start_run("registering") as started:
        register(started, Bundle.open(tiny_bundle), "captcha-tiny")
    bob = {"username": BOB[0], "password": BOB[1]}
    made = httpx.post(f"{accounts}/api/2.0/mlflow/users/create", auth=ADMIN, json=bob, timeout=60)
    assert made.status_code == 200, made.text
    for words in (solve, ("promote", "--name", "captcha-tiny", "--version", "1")):
        assert said(*words)[0] == 0, words
    assert client().get_run(started.id).data.tags["mlflow.user"] == "admin"

    log_in(tmp_path, BOB)
    assert said(*solve)[0] == 0, "bob may read"
    for words in (GENERATE, ("promote", "--name", "captcha-tiny", "--version", "1", "--force", "--reason", "mine")):
        code, text = said(*words)
        assert code == 1
    code, text = said(*GENERATE)
    assert f"{accounts} to let bob do this, received status 403" in text


@pytest.fixture
def bare_python(tmp_path: Path) -> Path:
    """A Python of its own that has every package but captchalab: an editable installation is not looked at."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    (packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    python, uvicorn = (tmp_path / "venv" / "bin" / name for name in ("python", "uvicorn"))
    uvicorn.write_text(f'#!/bin/sh\nexec {python} -m uvicorn "$@"\n')  # MLflow calls it by name
    uvicorn.chmod(0o755)
    return python


@pytest.mark.long
def test_mlflow_predicts_and_serves_without_captchalab(
    empty_folder: Path, tiny_bundle: Path, bare_python: Path
) -> None:
    media = tiny_samples(1, seed=5)[0].media
    model, wanted = logged(tiny_bundle, media), Solver.load(str(tiny_bundle)).solve(media).text
    asked = json.dumps({"dataframe_records": [{"media": base64.b64encode(media).decode()}]})
    (empty_folder / "asked.json").write_text(asked)
    more = {"PYTHONPATH": "", "PATH": f"{bare_python.parent}:/usr/bin:/bin", "MLFLOW_TRACKING_URI": ""}
    there = [str(bare_python), "-c", "import importlib.util as u; print(u.find_spec('captcha_core'))"]
    assert subprocess.check_output(there, text=True, env=more, cwd=empty_folder).strip() == "None"
    mlflow = [str(bare_python), "-m", "mlflow", "models"]
    of = ["--model-uri", str(model), "--env-manager", "local"]
    done = subprocess.run(
        [*mlflow, "predict", *of, "--input-path", "asked.json", "--output-path", "answer.json"],
        env=more, cwd=empty_folder, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads((empty_folder / "answer.json").read_text())["predictions"][0]["text"] == wanted
    port = free_port()
    uri = f"http://127.0.0.1:{port}"
    with serving([*mlflow, "serve", *of, "--port", str(port)], f"{uri}/ping", empty_folder, more):
        answer = httpx.post(f"{uri}/invocations", content=asked, headers={"Content-Type": "application/json"})
    assert answer.json()["predictions"][0]["text"] == wanted
