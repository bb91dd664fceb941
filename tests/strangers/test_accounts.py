"""An MLflow server with accounts and a certificate of its own: what MLflow's client obeys, our reader obeys, too."""

import base64
import datetime
import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from captcha_core.registry.lookup import RegistryUnreachable, open_registry
from captcha_core.tracking import server as server_module
from captcha_core.tracking.address import fault_of
from experiments.terminal.foreign_errors import foreign_error
from tests.answering import Answer, say, server_of

VERSION = {"name": "captcha-x", "version": "1", "aliases": ["champion"]}


def certificate(folder: Path) -> Path:
    """Write the key and the certificate of 127.0.0.1, its own authority, into one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a private authority")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "certificate.pem"
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return path


def mlflow_with_accounts(handler: BaseHTTPRequestHandler) -> None:
    """Let ada in by name, anybody by the token, and bob only to be told that he may do nothing."""
    shown = handler.headers.get("Authorization", "")
    known = {f"Basic {base64.b64encode(b'ada:%se%cret').decode()}", "Bearer good"}
    if shown not in known:
        say(handler, 403 if shown.startswith("Basic Ym9i") else 401, b"You are not authenticated.")
    elif "download-uri" in handler.path:
        say(handler, 200, json.dumps({"artifact_uri": "/somewhere"}).encode())
    else:
        say(handler, 200, json.dumps({"model_version": VERSION}).encode())


@pytest.fixture
def serving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Start a server that answers so; the home folder is empty and no variable of MLflow's is set."""
    for name in ("USERNAME", "PASSWORD", "TOKEN", "SERVER_CERT_PATH", "CLIENT_CERT_PATH", "INSECURE_TLS"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    running: list[ThreadingHTTPServer] = []

    def start(answer: Answer, secured: Path | None = None, client: Path | None = None) -> str:
        http = server_of(answer)
        http.daemon_threads = True
        http.handle_error = lambda *_: None  # type: ignore[method-assign]  a client that is not content goes away
        if secured:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(secured)
            if client:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(client)
            http.socket = context.wrap_socket(http.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=http.serve_forever, daemon=True).start()
        running.append(http)
        return f"{'https' if secured else 'http'}://127.0.0.1:{http.server_port}"

    yield start
    for http in running:
        http.shutdown()
        http.server_close()


def found(uri: str) -> str:
    return open_registry(uri).by_alias("captcha-x", "champion").location


def test_an_account_by_variables_token_or_file(
    serving: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    uri = serving(mlflow_with_accounts)
    with pytest.raises(RegistryUnreachable, match=rf"{uri} .*status 401; set MLFLOW_TRACKING_USERNAME.*credentials"):
        found(uri)
    assert "status 401; set MLFLOW_TRACKING_USERNAME" in fault_of(uri)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "good")
    assert found(uri) == "/somewhere"
    monkeypatch.delenv("MLFLOW_TRACKING_TOKEN")
    (tmp_path / ".mlflow").mkdir()
    file = tmp_path / ".mlflow" / "credentials"
    file.write_text("[mlflow]\nmlflow_tracking_username = ada\nmlflow_tracking_password = %se%cret\n")
    assert found(uri) == "/somewhere"
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "bob")
    with pytest.raises(RegistryUnreachable, match="let bob do this, received status 403; ask whoever runs it"):
        found(uri)


def test_a_private_authority(serving: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = certificate(tmp_path)
    uri = serving(mlflow_with_accounts, own)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "good")
    with pytest.raises(RegistryUnreachable, match="set MLFLOW_TRACKING_SERVER_CERT_PATH"):
        found(uri)
    assert "set MLFLOW_TRACKING_SERVER_CERT_PATH" in fault_of(uri)
    monkeypatch.setenv("MLFLOW_TRACKING_INSECURE_TLS", "true")
    assert found(uri) == "/somewhere"
    monkeypatch.delenv("MLFLOW_TRACKING_INSECURE_TLS")
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(own))
    assert found(uri) == "/somewhere" and fault_of(uri) == ""
    mutual = serving(mlflow_with_accounts, own, own)
    with pytest.raises(RegistryUnreachable):
        found(mutual)
    monkeypatch.setenv("MLFLOW_TRACKING_CLIENT_CERT_PATH", str(own))
    assert found(mutual) == "/somewhere"


@pytest.mark.parametrize(
    "body",
    [
        {"model_version": None}, {"model_version": []}, {"model_version": {"name": "x"}},
        {"model_version": {**VERSION, "tags": [1]}}, {"model_version": {**VERSION, "tags": [{}]}},
        {"model_version": {**VERSION, "aliases": 3}}, {"model_version": VERSION, "artifact_uri": 7},
    ],
)  # fmt: skip
def test_an_odd_answer_is_said(serving: Callable[..., str], body: object) -> None:
    uri = serving(lambda handler: say(handler, 200, json.dumps(body).encode()))
    with pytest.raises(RegistryUnreachable, match="status 200 and none of MLflow's"):
        found(uri)


def test_a_server_that_drips_is_left(serving: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            handler.wfile.write(b" ")
            time.sleep(0.2)

    monkeypatch.setattr(server_module, "DEADLINE_S", 1.0)
    uri, began = serving(drip), time.monotonic()
    with pytest.raises(RegistryUnreachable, match="no whole answer within 1 s"):
        found(uri)
    assert time.monotonic() - began < 10


def test_a_refusal_of_mlflows_client_is_said_with_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import PERMISSION_DENIED, UNAUTHENTICATED

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.example")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    error = MlflowException("API request failed with error code 401 != 200", error_code=UNAUTHENTICATED)
    assert "http://mlflow.example to know this account" in foreign_error(error)
    error = MlflowException("no", error_code=PERMISSION_DENIED)
    assert "to let ada do this, received status 403" in foreign_error(error)
