"""Requests to the API: paths, queries, headers, forms and JSON, well-formed and not."""

import atexit
import base64
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from captcha_core.errors import CaptchaError
from captcha_core.spec.answer import ModelIdentity
from tests.faults.fuzzing import Target
from tests.faults.mutations import MEDIA, json_files, mutants
from tests.media.every_kind import clips, pictures
from tests.serving.fakes import FakeSolver, audio_spec, client_of, image_spec, service_of

PATHS = (
    "/solve",
    "/solve/batch",
    "/",
    "/models",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/openapi.json",
    "/none",
    "/solve/../x",
)
METHODS = ("POST", "POST", "POST", "GET", "PUT", "HEAD", "OPTIONS", "DELETE")
NAMES = ("model", "alphabet", "case", "length", "min_length", "max_length", "min_confidence", "url", "media", "x")
VALUES = (
    "captcha-fake",
    "captcha-fake@champion",
    "spoken/1",
    "ab",
    "aB0",
    "upper",
    "2",
    "4",
    "0.5",
    "nan",
    "-1",
    "65",
    "",
    "9" * 5000,
    "http://127.0.0.1/x",
    "\x00",
    "é",
)
TYPES = (
    "application/json", "application/json; charset=utf-16", "multipart/form-data; boundary=b", "multipart/form-data",
    "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "b" * 300, "application/octet-stream",
    "application/x-www-form-urlencoded", "", "text/plain", ";;;",
)  # fmt: skip


class Refused(CaptchaError):
    """A 4xx."""


def api(folder: Path) -> Target:
    """Send a request to a whole application around readers that decode as real ones do; no answer may be a 5xx."""
    readers = (FakeSolver(image_spec()), FakeSolver(audio_spec(), ModelIdentity("spoken", "1", "champion")))
    client = client_of(service_of(*readers))
    client.__enter__()
    atexit.register(client.__exit__, None, None, None)
    encoded = [base64.b64encode(media).decode() for media in (pictures()[0], clips()[0])]
    asked = [
        {"media": encoded[0]},
        {"media": encoded},
        {"media": encoded[1], "length": 2, "model": "spoken", "case": "upper"},
    ]
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    field = b'\r\n--b\r\nContent-Disposition: form-data; name="length"\r\n\r\n3'
    forms = [
        part + pictures()[0] + b"\r\n--b--\r\n",
        part + clips()[0] + field + b"\r\n" + part + pictures()[4] + b"\r\n--b--\r\n",
    ]
    bodies = json_files(asked) | mutants(forms) | mutants([*pictures(), *clips()], MEDIA) | st.binary(max_size=64)
    matching = st.tuples(st.just("application/json"), json_files(asked)) | st.tuples(st.just(TYPES[2]), mutants(forms))
    typed = st.tuples(st.sampled_from(TYPES), bodies) | matching
    options = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES) | st.text(max_size=8), max_size=3)
    headers = st.dictionaries(
        st.sampled_from(("Host", "Authorization", "Content-Length", "Accept", "Content-Encoding", "Expect")),
        st.sampled_from(
            ("", "0", "-1", "9" * 30, "localhost", "evil.example", "[::1]:80", "Bearer x", "gzip", "100-continue")
        ),
        max_size=1,
    )

    headers = st.just({}) | st.just({}) | headers

    def take(value: tuple[str, str, dict[str, str], dict[str, str], tuple[str, bytes]]) -> None:
        method, path, query, more, (kind, body) = value
        answer = client.request(
            method, path, params=_sendable(query), headers={"Content-Type": kind, **more}, content=body
        )
        assert answer.status_code < 500, f"{answer.status_code}: {answer.text}"
        if answer.status_code >= 400:
            if path in PATHS[:2] and method == "POST":
                assert answer.json()["error"]["message"]
            raise Refused(answer.text or "no body")

    return Target(
        st.tuples(st.sampled_from(METHODS), st.sampled_from([*PATHS[:2]] * 4 + [*PATHS]), options, headers, typed), take
    )


def _sendable(query: dict[str, Any]) -> dict[str, str]:
    return {key: value.encode("utf-8", "replace").decode() for key, value in query.items()}
