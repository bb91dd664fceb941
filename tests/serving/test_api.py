"""The API from outside: every way in, every option, and an answer in words for everything that is wrong."""

import base64
import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from starlette.testclient import TestClient

from captcha_core.errors import ModelError
from captcha_core.media.image import encode_png
from captcha_core.serving.limits import ServingLimits
from captcha_core.serving.models import example_media
from captcha_core.spec.answer import ModelIdentity
from experiments.commands.serve import serve
from tests.serving.fakes import FakeSolver, audio_spec, client_of, image_spec, service_of

PICTURE = encode_png(np.full((16, 32), 200, np.uint8))
CLIP = b"RIFF\x24\0\0\0WAVEfmt " + bytes(24)


@pytest.fixture
def reader() -> FakeSolver:
    return FakeSolver()


@pytest.fixture
def client(reader: FakeSolver) -> Iterator[TestClient]:
    with client_of(service_of(reader)) as client:
        yield client


def b64(media: bytes = PICTURE) -> str:
    return base64.b64encode(media).decode()


EXPECTED = {
    "text": "aB0",
    "confidence": 0.9,
    "characters": [{"character": character, "confidence": 0.95} for character in "aB0"],
    "elapsed_ms": 0.1,
    "model": {"name": "captcha-fake", "version": "1", "alias": "champion"},
}


def test_three_ways_in(client: TestClient) -> None:
    answers = [
        client.post("/solve", content=PICTURE),
        client.post("/solve", content=PICTURE, headers={"Content-Type": "text/plain"}),
        client.post("/solve", files={"file": ("anything.txt", PICTURE, "application/pdf")}),
        client.post("/solve", json={"media": b64()}),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert answer.json() == EXPECTED


def test_a_batch_keeps_its_order_and_its_good_ones(client: TestClient) -> None:
    damaged = PICTURE[:40]
    for answer in (
        client.post("/solve/batch", json={"media": [b64(), b64(damaged), b64(b"nothing"), b64()]}),
        client.post("/solve/batch", files=[("file", one) for one in (PICTURE, damaged, b"nothing", PICTURE)]),
    ):
        assert answer.status_code == 200, answer.text
        results = answer.json()["results"]
        assert [result.get("answer") for result in results] == [EXPECTED, None, None, EXPECTED]
        assert [result.get("error", {}).get("code") for result in results] == [None, "unreadable", "unreadable", None]


@pytest.mark.parametrize(
    ("options", "allowed", "lengths"),
    [
        ({"alphabet": "ab"}, "ab", (2, 4)),
        ({"case": "lower"}, "ab01", (2, 4)),
        ({"case": "upper"}, "AB01", (2, 4)),
        ({"case": "upper", "alphabet": "aA0"}, "A0", (2, 4)),
        ({"length": 3}, "abAB01", (3, 3)),
        ({"min_length": 3}, "abAB01", (3, 4)),
        ({"max_length": 3, "min_length": 1}, "abAB01", (2, 3)),
    ],
)
def test_options_reach_the_reader(
    client: TestClient, reader: FakeSolver, options: dict[str, object], allowed: str, lengths: tuple[int, int]
) -> None:
    for answer in (
        client.post("/solve", params=options, content=PICTURE),  # type: ignore[arg-type]
        client.post("/solve", json={"media": b64(), **options}),
        client.post("/solve", data=options, files={"file": PICTURE}),
    ):
        assert answer.status_code == 200, answer.text
        limits = reader.asked[-1]
        assert limits is not None
        ids = np.flatnonzero(limits.allowed[1:])
        assert {reader.spec.alphabet[index] for index in ids} == set(allowed)
        assert (limits.min_length, limits.max_length) == lengths


def test_options_of_the_body_come_first(client: TestClient, reader: FakeSolver) -> None:
    client.post("/solve?length=2&min_confidence=1", json={"media": b64(), "length": 3, "min_confidence": 0})
    assert reader.asked[-1] is not None and reader.asked[-1].max_length == 3


def test_answers_in_one_case(client: TestClient) -> None:
    upper = client.post("/solve?case=upper", content=PICTURE).json()
    assert (upper["text"], [one["character"] for one in upper["characters"]]) == ("AB0", ["A", "B", "0"])


def test_case_of_a_model_that_tells_none_apart() -> None:
    reader = FakeSolver(spec=image_spec(alphabet="ab01", case_sensitive=False), text="ab0")
    with client_of(service_of(reader)) as client:
        assert client.post("/solve?case=upper", content=PICTURE).json()["text"] == "AB0"
    assert reader.asked == [None], "nothing to narrow"


def test_an_unsure_answer_is_refused_with_the_guess(client: TestClient) -> None:
    answer = client.post("/solve?min_confidence=0.95", content=PICTURE)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "unsure"
    assert "at least 0.95, received 0.9" in answer.json()["error"]["message"]
    assert answer.json()["guess"] == EXPECTED
    item = client.post("/solve/batch", json={"media": [b64()], "min_confidence": 0.95}).json()["results"][0]
    assert (item["error"]["code"], item["guess"]) == ("unsure", EXPECTED)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("lenght=4", "invalid"),
        ("length=0", "invalid"),
        ("length=4&length=3", "invalid"),
        ("case=title", "invalid"),
        ("min_confidence=2", "invalid"),
        ("min_confidence=nan", "invalid"),
        ("alphabet=", "invalid"),
        ("length=9", "impossible"),
        ("alphabet=xyz", "impossible"),
        ("min_length=4&max_length=3", "impossible"),
        ("case=lower&alphabet=AB", "impossible"),
    ],
)
def test_options_that_cannot_be(client: TestClient, query: str, code: str) -> None:
    answer = client.post(f"/solve?{query}", content=PICTURE)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code), answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[]", 422),
        (b"null", 422),
        (b'{"media": 7}', 422),
        (b'{"media": "not base64!"}', 422),
        (b'{"media": [["QQ=="]]}', 422),
        (b'{"media": "QQ==", "colour": "red"}', 422),
        (b'{"media": "QQ==", "min_confidence": true}', 422),
        (b'{"media": "QQ==", "length": "4"}', 422),
        (b"[" * 100_000, 422),
        (b'{"media": "' + b"9" * 5000, 422),
        (b'{"length": ' + b"9" * 5000 + b', "media": "QQ=="}', 422),
        (b"\xff\xfe", 422),
        (b'{"media": "\\ud800"}', 422),
    ],
)
def test_json_that_is_none_of_ours(client: TestClient, body: bytes, status: int) -> None:
    for path in ("/solve", "/solve/batch"):
        answer = client.post(path, content=body, headers={"Content-Type": "application/json; charset=utf-8"})
        assert answer.status_code == status, answer.text[:200]
        assert set(answer.json()) == {"error"}


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data", b"anything", 400),
        ("multipart/form-data; boundary=", b"anything", 400),
        ("multipart/form-data; boundary=x", b"", 400),
        ("multipart/form-data; boundary=x", b"no boundary here", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken\r\n\r\n\r\n--x--\r\n", 400),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n',
            400,
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n--x--\r\n',
            400,
        ),
    ],
)
def test_forms_that_are_none(client: TestClient, kind: str, body: bytes, status: int) -> None:
    for path in ("/solve", "/solve/batch"):
        answer = client.post(path, content=body, headers={"Content-Type": kind})
        assert answer.status_code == status, answer.text
        assert set(answer.json()["error"]) == {"code", "message"}


def test_too_many_files(reader: FakeSolver) -> None:
    with client_of(service_of(reader, limits=ServingLimits(max_batch=2))) as client:
        assert client.post("/solve", files=[("file", PICTURE)] * 2).json()["error"]["code"] == "too_many_files"
        assert client.post("/solve/batch", files=[("file", PICTURE)] * 3).status_code == 413
        assert client.post("/solve/batch", json={"media": [b64()] * 3}).status_code == 413
        assert client.post("/solve/batch", files=[("file", PICTURE)] * 2).status_code == 200
        assert client.post("/solve/batch", files=[("file", PICTURE)] * 40).status_code in (400, 413)
        assert client.post("/solve/batch", json={"media": []}).status_code == 422
        assert client.post("/solve/batch", content=PICTURE).status_code == 415


def two_sizes() -> list[FakeSolver]:
    return [
        FakeSolver(image_spec(), ModelIdentity("small", "1", "champion"), "aa"),
        FakeSolver(image_spec(32, 64), ModelIdentity("large", "7", "champion"), "bb"),
        FakeSolver(audio_spec(), ModelIdentity("spoken", "2", "champion"), "01"),
    ]


def test_models_are_chosen_by_the_file_or_by_name() -> None:
    large, other = encode_png(np.zeros((32, 64), np.uint8)), encode_png(np.zeros((8, 8), np.uint8))
    with client_of(service_of(*two_sizes())) as client:

        def solve(media: bytes, query: str = "") -> tuple[int, dict[str, object]]:
            answer = client.post(f"/solve{query}", content=media)
            return answer.status_code, answer.json()

        assert solve(PICTURE)[1]["text"] == "aa"
        assert solve(large)[1]["text"] == "bb"
        assert solve(example_media(audio_spec()))[1]["text"] == "01"
        for name in ("large", "large@champion", "large/7", "models:/large@champion"):
            assert solve(PICTURE, f"?model={name}")[1]["text"] == "bb"
        status, body = solve(other)
        assert status == 300
        assert [model["name"] for model in body["models"]] == ["small", "large"]  # type: ignore[attr-defined, index]
        status, body = solve(PICTURE, "?model=larg")
        assert (status, len(body["models"])) == (404, 3)  # type: ignore[arg-type]
        status, body = solve(PICTURE, "?model=spoken")
        assert (status, body["error"]["code"]) == (415, "wrong_kind")  # type: ignore[index]
        assert [model["name"] for model in client.get("/models").json()["models"]] == ["small", "large", "spoken"]
        assert client.get("/models").json()["models"][0]["spec"]["alphabet"] == "abAB01"


def test_no_model_for_such_files(client: TestClient) -> None:
    assert client.post("/solve", content=CLIP).status_code == 415


@pytest.mark.parametrize("media", [b"", b"hello", b"<svg></svg>", PICTURE[:50], PICTURE[:20] + bytes(60)])
def test_files_that_cannot_be_read(client: TestClient, media: bytes) -> None:
    answer = client.post("/solve", content=media)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unreadable"), answer.text
    assert "0x" not in answer.text and "/" not in answer.json()["error"]["message"], "no inside is shown"


def test_a_body_is_counted_while_it_comes(reader: FakeSolver) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += 1000
            yield bytes(1000)

    with client_of(service_of(reader, limits=ServingLimits(max_body_bytes=10_000))) as client:
        assert client.post("/solve", content=bytes(10_001)).status_code == 413
        assert client.post("/solve", content=b"", headers={"Content-Length": "99999999999"}).status_code == 413
        answer = client.post("/solve", content=(bytes(1000) for _ in range(30)))
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
        for kind in ("application/json", "multipart/form-data; boundary=x"):
            answer = client.post("/solve", content=bytes(10_001), headers={"Content-Type": kind})
            assert answer.status_code == 413
        assert client.post("/solve", content=PICTURE).status_code == 200, "the next one is served"
        assert "captchalab_held_bytes 0.0" in client.get("/metrics").text


def test_all_bodies_together_are_bounded(reader: FakeSolver) -> None:
    limits = ServingLimits(max_body_bytes=10_000, max_held_bytes=5_000)
    with client_of(service_of(reader, limits=limits)) as client:
        answer = client.post("/solve", content=bytes(6_000))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert client.post("/solve", content=PICTURE).status_code == 200


def test_beyond_the_queue_503_at_once(reader: FakeSolver) -> None:
    reader.gate = threading.Event()
    service = service_of(reader, threads=1, limits=ServingLimits(max_waiting=2))
    with client_of(service) as client, ThreadPoolExecutor(3) as callers:
        inside = [callers.submit(client.post, "/solve", content=PICTURE) for _ in range(3)]
        while service.workers.inside < 3:
            time.sleep(0.01)
        began = time.monotonic()
        refused = client.post("/solve", content=PICTURE)
        assert time.monotonic() - began < 0.5
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert client.post("/solve/batch", json={"media": [b64()]}).status_code == 503
        assert client.get("/health/ready").status_code == 200, "the loop is not held up"
        reader.gate.set()
        assert [answer.result(10).status_code for answer in inside] == [200] * 3
        assert client.post("/solve", content=PICTURE).status_code == 200


def test_the_deadline_is_ours_for_reading_and_theirs_for_sending(reader: FakeSolver) -> None:
    reader.delay_s = 0.6
    with client_of(service_of(reader, limits=ServingLimits(deadline_s=0.2))) as client:
        late = client.post("/solve", content=PICTURE)
        assert (late.status_code, late.json()["error"]["code"]) == (503, "deadline")


def test_faults_of_ours_stay_inside(reader: FakeSolver) -> None:
    with client_of(service_of(reader), raising=False) as client:
        for error in (RuntimeError("secret /srv/models/x"), ModelError("secret /srv/models/x"), MemoryError("secret")):
            reader.error = error
            for answer in (
                client.post("/solve", content=PICTURE),
                client.post("/solve/batch", json={"media": [b64()]}),
            ):
                assert "secret" not in answer.text
                assert (
                    answer.json().get("error", answer.json().get("results", [{}])[0].get("error"))["code"] == "internal"
                )


def test_only_its_own_name_counts_on_loopback(client: TestClient) -> None:
    for host in ("127.0.0.1", "localhost:8000", "LOCALHOST", "[::1]:8000"):
        assert client.get("/models", headers={"Host": host}).status_code == 200
    for host in (
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "",
        "localhost.",
        "evil.example:localhost",
    ):
        assert client.get("/models", headers={"Host": host}).status_code == 421


def test_unknown_paths_and_methods(client: TestClient) -> None:
    for method, path, status in [
        ("GET", "/nothing", 404),
        ("PUT", "/solve", 405),
        ("GET", "/solve", 405),
        ("POST", "/", 405),
    ]:
        answer = client.request(method, path)
        assert answer.status_code == status
        assert answer.json()["error"]["message"].endswith("see /docs.")
    assert client.put("/solve").headers["allow"] == "POST"


def test_state(client: TestClient) -> None:
    assert client.get("/health/live").json() == {"status": "live"}
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json() == {
        "status": "ready",
        "models": [EXPECTED["model"]],
        "registry": {"reachable": True, "away_s": None},
        "refused": [],
    }
    client.post("/solve", content=PICTURE)
    numbers = client.get("/metrics").text
    assert 'captchalab_requests_total{route="/solve",status="200"} 1.0' in numbers
    assert 'captchalab_solved_total{model="captcha-fake",version="1"} 1.0' in numbers
    assert "captchalab_registry_reachable 1.0" in numbers
    assert client.get("/docs").status_code == 200


def test_the_document_lists_every_route(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths) == {"/", "/solve", "/solve/batch", "/models", "/health/live", "/health/ready", "/metrics"}
    assert set(paths["/solve"]["post"]["requestBody"]["content"]) == {
        "application/octet-stream",
        "multipart/form-data",
        "application/json",
    }
    assert json.dumps(paths).count('"min_confidence"') >= 4


def test_the_command_names_routes_that_are_there(client: TestClient) -> None:
    named = re.findall(r"(?<=\s)/[a-z/]*", str(serve.__doc__).partition(".")[0])
    assert len(named) > 5
    assert {*named} <= {*client.get("/openapi.json").json()["paths"], "/docs"}


def test_fetching_is_off(client: TestClient) -> None:
    answer = client.get("/", params={"url": "http://127.0.0.1/x.png"})
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/plain; charset=utf-8")
    assert "--allow-url-host" in answer.text
    assert client.get("/").status_code == 422
