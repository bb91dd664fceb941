"""Requests as other people's clients write them, byte by byte, against a server that listens."""

import base64
import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import psutil
import pytest
import uvicorn
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from captcha_core.errors import ServingError
from captcha_core.media.image import encode_png
from captcha_core.serving.limits import MAX_HEADER_BYTES, ServingLimits
from captcha_core.serving.server import ServerOptions, build_app, http_config
from captcha_core.serving.tokens import Tokens, _token
from tests.serving.fakes import FakeSolver, client_of, service_of

PICTURE = encode_png(np.random.default_rng(0).integers(0, 256, (16, 32), dtype=np.uint8))
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"


@contextmanager
def listening(app: ASGIApp, limits: ServingLimits) -> Iterator[int]:
    """Serve an application on a free port, and give that."""
    server = uvicorn.Server(http_config(app, limits))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(15)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    limits = ServingLimits(max_connections=12, max_connections_per_caller=8)
    with listening(build_app(service_of(FakeSolver(), limits=limits)), limits) as number:
        yield number


@pytest.fixture
def client() -> Iterator[TestClient]:
    with client_of(service_of(FakeSolver())) as client:
        yield client


def one_token() -> Tokens:
    return Tokens((_token(1, "ada 0123456789abcdef"),))


def b64(media: bytes = PICTURE) -> str:
    return base64.b64encode(media).decode()


def request(body: bytes, more: bytes = b"", path: bytes = b"/solve") -> bytes:
    return b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%sContent-Length: %d\r\n\r\n%s" % (path, more, len(body), body)


def answers(caller: socket.socket, count: int = 1) -> list[tuple[int, bytes]]:
    """Read so many answers of a connection: status and body."""
    stream, found = caller.makefile("rb"), []
    for _ in range(count):
        status = int(stream.readline().split()[1])
        headers = dict(line.strip().lower().split(b": ", 1) for line in iter(stream.readline, b"\r\n"))
        found.append((status, stream.read(int(headers[b"content-length"]))))
    return found


@pytest.mark.parametrize("pieces", [1, 7, 10_000])
def test_an_offer_of_another_protocol_keeps_the_body(port: int, pieces: int) -> None:
    asked = request(PICTURE, OFFER) + request(PICTURE) + request(PICTURE, OFFER + b"Content-Type: image/png\r\n")
    step = max(1, len(asked) // pieces)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as caller:
        for first in range(0, len(asked), step):
            caller.sendall(asked[first : first + step])
        found = answers(caller, 3)
    assert [(status, json.loads(body)["text"]) for status, body in found] == [(200, "aB0")] * 3


def test_an_offer_with_a_body_in_chunks_and_one_without_a_body(port: int) -> None:
    chunked = b"POST /solve HTTP/1.1\r\nHost: 127.0.0.1\r\n%sTransfer-Encoding: chunked\r\n\r\n" % OFFER
    chunked += b"%x\r\n%s\r\n0\r\n\r\n" % (len(PICTURE), PICTURE)
    plain = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n" % OFFER
    socket_offer = plain.replace(b"h2c", b"websocket")
    with socket.create_connection(("127.0.0.1", port), timeout=20) as caller:
        caller.sendall(chunked + plain + socket_offer)
        assert [status for status, _ in answers(caller, 3)] == [200, 200, 200]


def test_an_offer_does_not_keep_a_connection_open_that_is_to_close(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as caller:
        caller.sendall(request(PICTURE, OFFER.replace(b"Upgrade,", b"close, Upgrade,", 1)))
        assert answers(caller)[0][0] == 200
        assert caller.recv(100) == b""


@pytest.mark.parametrize(
    "endless",
    [
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: " + b"a" * 100,
        b"GET /" + b"a" * 100,
        b"GET / HTTP/1.1\r\n" + b"X-More: 1\r\n" * 9,
        b"POST /solve HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: " + b"a" * 100,
        b"POST /solve HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n1;a=" + b"a" * 100,
    ],
    ids=["header", "address", "headers", "trailer", "chunk-extension"],
)
def test_headers_without_end_are_cut_off(port: int, endless: bytes) -> None:
    before, piece = psutil.Process().memory_info().rss, endless[-100:].lstrip(b"H")
    with socket.create_connection(("127.0.0.1", port), timeout=20) as caller:
        caller.sendall(endless)
        with pytest.raises(OSError, match=r"pipe|reset"):
            for _ in range(100_000):  # 10 MB
                caller.sendall(piece if endless[-1:] == b"a" else endless[-99:])
    assert psutil.Process().memory_info().rss - before < 8 * 2**20


def test_large_headers_are_refused_by_name(port: int) -> None:
    for size, expected in ((MAX_HEADER_BYTES // 2, 200), (MAX_HEADER_BYTES + 1, 431)):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as caller:
            caller.sendall(request(PICTURE, b"X-Large: " + b"a" * size + b"\r\n"))
            status, body = answers(caller)[0]
        assert status == expected, body
    assert b"expected headers of at most 65,536 bytes" in body


def test_connections_of_one_caller_are_counted(port: int) -> None:
    open_ones = []
    for place in range(9):
        open_ones.append(socket.create_connection(("127.0.0.1", port), timeout=20))
        if place < 8:
            open_ones[-1].sendall(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert answers(open_ones[-1])[0][0] == 200
    status, body = answers(open_ones[-1])[0]
    assert (status, json.loads(body)["error"]["code"]) == (503, "too_many_connections")
    for one in open_ones:
        one.close()
    time.sleep(0.2)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as caller:
        caller.sendall(request(PICTURE))
        assert answers(caller)[0][0] == 200


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "text/json", "", "image/png"])
def test_json_without_its_type_is_understood(client: TestClient, kind: str) -> None:
    for body in (json.dumps({"media": b64(), "length": 3}), "\ufeff \n" + json.dumps({"media": b64()})):
        answer = client.post("/solve", content=body.encode(), headers={"Content-Type": kind})
        assert (answer.status_code, answer.json().get("text")) == (200, "aB0"), answer.text
    answer = client.post("/solve/batch", content=json.dumps({"media": [b64()]}), headers={"Content-Type": kind})
    assert answer.json()["results"][0]["answer"]["text"] == "aB0"
    answer = client.post("/solve", content=b'{"image": "QQ=="}', headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid"), "of JSON it says what is wrong"
    assert client.post("/solve", content=PICTURE, headers={"Content-Type": kind}).status_code == 200


def test_base64_alone_is_named_and_so_is_what_can_be_asked(client: TestClient) -> None:
    for text in (b64(PICTURE * 20), "data:image/png;base64," + b64(PICTURE * 20)):
        answer = client.post("/solve", content=text.encode(), headers={"Content-Type": "text/plain"})
        assert answer.status_code == 422
        assert 'received base64 text; decode it, or send it to the API in JSON: {"media"' in answer.text.replace(
            "\\", ""
        )
    plain = client.post("/solve", content=b"a sentence of many words " * 9).json()["error"]["message"]
    assert "bytes of another kind; send the file itself" in plain
    assert client.get("/").text.startswith("expected a captcha by POST /solve or its address by GET /?url=")
    assert "url: Field required" in client.get("/?length=4").text


def test_a_form_of_names_and_values_is_named(client: TestClient) -> None:
    answer = client.post("/solve", data={"media": b64()})
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "wrong_body")
    assert "received application/x-www-form-urlencoded" in answer.json()["error"]["message"]


def test_one_bad_base64_costs_only_itself(client: TestClient) -> None:
    answer = client.post("/solve/batch", json={"media": [b64(), "not base64!", b64(b"no picture"), b64()]})
    results = answer.json()["results"]
    assert [[*one] for one in results] == [["answer"], ["error"], ["error"], ["answer"]]
    assert [one["error"]["index"] for one in results if "error" in one] == [1, 2]
    assert results[1]["error"]["message"].startswith("expected base64, received a character that it does not have")


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/models", "/metrics", "/docs", "/openapi.json"])
def test_head_on_whatever_can_be_got(client: TestClient, port: int, path: str) -> None:
    got, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
    asked = b"HEAD %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" % path.encode()
    with socket.create_connection(("127.0.0.1", port), timeout=20) as caller:
        caller.sendall(asked)
        head_lines, _, body = caller.makefile("rb").read().partition(b"\r\n\r\n")
    assert (head_lines.startswith(b"HTTP/1.1 200"), body) == (True, b"")
    assert client.head("/solve").status_code == 405


def test_gzip_bodies_are_unpacked_within_limits() -> None:
    limits = ServingLimits(max_body_bytes=100_000)
    with client_of(service_of(FakeSolver(), limits=limits)) as client:

        def send(body: bytes, coding: str) -> tuple[int, str]:
            answer = client.post("/solve", content=body, headers={"Content-Encoding": coding})
            return answer.status_code, answer.json().get("error", {}).get("code", "")

        assert send(gzip.compress(PICTURE), "gzip") == (200, "")
        assert send(PICTURE, "identity") == (200, "")
        assert send(gzip.compress(bytes(50_000_000)), "gzip") == (413, "too_large")
        for wrong in (gzip.compress(PICTURE)[:-4], PICTURE, gzip.compress(PICTURE) + b"more"):
            assert send(wrong, "GZip") == (400, "bad_coding")
        for coding in ("br", "gzip, gzip", "deflate", "zstd"):
            assert send(PICTURE, coding) == (415, "wrong_coding")
        assert "captchalab_held_bytes 0.0" in client.get("/metrics").text


def test_web_pages_may_ask_where_they_are_named(client: TestClient) -> None:
    ask = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    ask["Access-Control-Request-Headers"] = "authorization,content-type"
    assert "access-control-allow-origin" not in client.post("/solve", content=PICTURE, headers=ask).headers
    assert client.options("/solve", headers=ask).status_code == 405
    tokens = one_token()
    with TestClient(build_app(service_of(FakeSolver()), tokens, None, ["https://a.example"])) as open_one:
        before = open_one.options("/solve", headers=ask)
        assert (before.status_code, before.headers["access-control-allow-origin"]) == (200, "https://a.example")
        refused = open_one.post("/solve", content=PICTURE, headers={"Origin": "https://a.example"})
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "https://a.example")
        assert open_one.options("/solve", headers={**ask, "Origin": "https://b.example"}).status_code == 400


@pytest.mark.parametrize("wrong", [{"origins": ("a.example",)}, {"origins": ("https://a/b",)}, {"root_path": "a"}])
def test_origins_and_prefixes_that_are_none(wrong: dict[str, object]) -> None:
    with pytest.raises(ServingError, match="expected (an origin|a prefix) such as"):
        ServerOptions(("m",), **wrong)  # type: ignore[arg-type]


def test_behind_a_proxy_with_a_prefix() -> None:
    app = build_app(service_of(FakeSolver()), one_token(), None, root_path="/captchas")
    with TestClient(app, base_url="http://www.example.org") as client:
        token = {"Authorization": "Bearer 0123456789abcdef"}
        for prefix in ("", "/captchas"):  # as the proxy takes it off or leaves it
            assert client.post(f"{prefix}/solve", content=PICTURE, headers=token).json()["text"] == "aB0"
            assert client.get(f"{prefix}/health/ready").status_code == 200, "open to monitors"
            assert client.get(f"{prefix}/models").status_code == 401
            assert "/captchas/openapi.json" in client.get(f"{prefix}/docs").text
        assert client.get("/captchas/openapi.json").json()["servers"] == [{"url": "/captchas"}]
        assert client.get("/captchasx/models", headers=token).status_code == 404
