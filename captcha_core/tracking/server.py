"""Questions to an MLflow server without MLflow's client: accounts, certificates, tokens, and one deadline in all.

What MLflow's client obeys is obeyed here (``mlflow.utils.credentials``): ``~/.mlflow/credentials`` and the variables
MLFLOW_TRACKING_USERNAME and _PASSWORD, _TOKEN, _SERVER_CERT_PATH, _CLIENT_CERT_PATH and _INSECURE_TLS.
"""

import configparser
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from captcha_core.errors import RegistryError
from captcha_core.tracking.redact import masked

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 5.0  # for each step
DEADLINE_S = 10.0  # for all of it: a server that drips never exceeds the other
MAX_ANSWER_BYTES = 2**20
REFUSED = (401, 403)
VARIABLE = "MLFLOW_TRACKING_"


def ask(uri: str, path: str, parameters: Mapping[str, str] | None = None) -> tuple[int, bytes]:
    """Return the status and the body of a GET request to a server, with the credentials that MLflow would send.

    Args:
        uri: Of the server.
        path: Below it.
        parameters: Of the query.

    Raises:
        RegistryError: If a file that a variable names cannot be used.
        OSError: If the server does not answer within the deadline.
    """
    import httpx

    answered: list[tuple[int, bytes] | Exception] = []
    with httpx.Client(timeout=TIMEOUT_S, verify=_certificates(), **credentials()) as client:

        def get() -> None:
            try:
                with client.stream("GET", f"{uri.rstrip('/')}{path}", params=parameters) as answer:
                    answered.append((answer.status_code, _body(answer)))
            except Exception as error:
                answered.append(error)

        thread = threading.Thread(target=get, daemon=True)
        thread.start()
        thread.join(DEADLINE_S)  # leaving the block closes the connection, which ends the thread
    if not answered:
        raise TimeoutError(f"no whole answer within {DEADLINE_S:g} s")
    if isinstance(answered[0], httpx.HTTPError | httpx.InvalidURL | ValueError):
        named = "" if str(answered[0]).startswith("[") else f"{type(answered[0]).__name__}: "  # [Errno 111], [SSL: ...
        raise OSError(f"{named}{answered[0]}") from answered[0]
    if isinstance(answered[0], Exception):
        raise answered[0]
    return answered[0]


def _body(answer: "httpx.Response") -> bytes:
    body = b""
    for part in answer.iter_bytes():
        body += part
        if len(body) > MAX_ANSWER_BYTES:
            raise ValueError(f"an answer of more than {MAX_ANSWER_BYTES:,} bytes")
    return body


def credentials() -> dict[str, Any]:
    """Return httpx arguments for the server's credentials, as MLflow chooses them: a name before a token."""
    user, password = (_setting(name) for name in ("USERNAME", "PASSWORD"))
    if user and password:
        return {"auth": (user, password)}
    token = os.environ.get(f"{VARIABLE}TOKEN")
    return {"headers": {"Authorization": f"Bearer {token}"}} if token else {}


def _setting(name: str) -> str:
    """Return a variable of MLflow's, or what its file of credentials says."""
    file = configparser.ConfigParser(interpolation=None)
    try:
        file.read(Path("~/.mlflow/credentials").expanduser(), encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, RuntimeError):
        raise RegistryError(
            "expected a [mlflow] section with names and values in ~/.mlflow/credentials, received another text; "
            "correct or remove it."
        ) from None
    key = f"{VARIABLE}{name}"
    return os.environ.get(key) or file.get("mlflow", key.lower(), fallback="") or ""


def _certificates() -> Any:
    """Return what httpx shall trust and show."""
    import ssl

    authority, own = (os.environ.get(f"{VARIABLE}{name}_CERT_PATH") for name in ("SERVER", "CLIENT"))
    insecure = os.environ.get(f"{VARIABLE}INSECURE_TLS", "").lower() in ("1", "true")
    authority = authority or os.environ.get("REQUESTS_CA_BUNDLE")
    if not (authority or own or insecure):
        return True
    named = authority
    try:
        folder = bool(authority) and Path(authority or "").is_dir()
        context = ssl.create_default_context(
            cafile=None if folder else authority or None, capath=authority if folder else None
        )
        if insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if own:
            named = own
            context.load_cert_chain(own)
    except (OSError, ssl.SSLError) as error:
        raise RegistryError(
            f"expected a certificate in {named}, received {error}; correct MLFLOW_TRACKING_SERVER_CERT_PATH or "
            "MLFLOW_TRACKING_CLIENT_CERT_PATH."
        ) from None
    return context


def refusal(uri: str, status: int) -> str:
    """Return the sentence about a server that wants another account (401) or gives this one no right (403)."""
    if status == 401:
        return (
            f"expected the tracking server at {masked(uri)} to know this account, received status 401; set "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD (or MLFLOW_TRACKING_TOKEN), or write them into "
            "~/.mlflow/credentials."
        )
    who = _setting("USERNAME") or "this account"
    return (
        f"expected the tracking server at {masked(uri)} to let {who} do this, received status 403; ask whoever runs it "
        "for the permission, or set another MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
    )


def unanswered(uri: str, reason: object) -> str:
    """Return the sentence about a server that did not answer."""
    help_ = "start it or correct MLFLOW_TRACKING_URI"
    if "CERTIFICATE_VERIFY_FAILED" in str(reason):
        help_ = "set MLFLOW_TRACKING_SERVER_CERT_PATH to the certificate of its authority"
    return f"expected a tracking server at {masked(uri)}, received {masked(str(reason))}; {help_}."
