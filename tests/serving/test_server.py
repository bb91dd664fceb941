"""The command serve, as a process: what it refuses to start with, and how it lives and ends."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import psutil
import pytest

from experiments.cli import main
from tests.conftest import tiny_samples
from tests.serving.running import NAME, Running, register, running, until

SAMPLES = tiny_samples(50, seed=11)
CHAMPION = f"models:/{NAME}@champion"


@pytest.fixture(scope="module")
def server(tiny_bundle: Path) -> Iterator[Running]:
    with running("--model", str(tiny_bundle)) as server:
        yield server


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 1) -> str:
    """Return what the command says instead of serving."""
    with pytest.raises(SystemExit) as stop:
        main(["serve", *arguments])
    said = capsys.readouterr().err
    assert stop.value.code == code, said
    assert "Traceback" not in said
    return said


def test_it_reads_and_stays_small(server: Running) -> None:
    answers = [server.solve(sample.media).json()["text"] for sample in SAMPLES]
    assert sum(text == sample.text for text, sample in zip(answers, SAMPLES, strict=True)) > 45
    assert server.rss_mb() < 300


def test_a_second_server_on_the_port_is_refused(
    server: Running, tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = server.url.rpartition(":")[2]
    assert f"expected a free port, received {port} on 127.0.0.1, which another program uses" in refused(
        capsys, "--model", str(tiny_bundle), "--port", port
    )
    assert server.solve(SAMPLES[0].media).status_code == 200


def test_heavy_libraries_stay_out(tiny_bundle: Path, tmp_path: Path) -> None:
    register(tmp_path, tiny_bundle)
    media = tmp_path / "media.png"
    media.write_bytes(SAMPLES[0].media)
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from starlette.testclient import TestClient\n"
        "from captcha_core.serving.server import build_app\n"
        "from captcha_core.serving.server import ServerOptions, build_service\n"
        f"service = build_service(ServerOptions(uris=({CHAMPION!r},)))\n"
        "with TestClient(build_app(service), base_url='http://127.0.0.1') as client:\n"
        f"    answer = client.post('/solve', content=Path({str(media)!r}).read_bytes())\n"
        "assert answer.status_code == 200, answer.text\n"
        "service.watcher.look()\n"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'librosa', 'numba', 'pandas', 'sklearn', 'scipy', 'streamlit'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, timeout=60)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_others_need_a_token(tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = ("--model", str(tiny_bundle), "--port", "0")
    for host in ("0.0.0.0", "::"):
        assert "expected a token file to serve on" in refused(capsys, *model, "--host", host)
    tokens = tmp_path / "tokens"
    tokens.write_text("ada 0123456789abcdef\n", encoding="utf-8")
    tokens.chmod(0o644)
    assert "only its owner can read, received mode 644" in refused(capsys, *model, "--token-file", str(tokens))
    tokens.chmod(0o600)
    assert "expected a host of this machine" in refused(capsys, *model, "--host", "no-such-host.invalid")
    assert "which fails" in refused(capsys, *model, "--host", "192.0.2.1", "--token-file", str(tokens))
    with running("--model", str(tiny_bundle), "--host", "0.0.0.0", "--token-file", str(tokens)) as server:
        local = Running(server.process, server.url.replace("0.0.0.0", "127.0.0.1"), server.log)
        media = SAMPLES[0].media
        assert local.solve(media).status_code == 401
        assert local.solve(media).headers["www-authenticate"] == "Bearer"
        assert local.solve(media, headers={"Authorization": "Bearer 0123456789abcdeF"}).status_code == 401
        right = {"Authorization": "Bearer 0123456789abcdef"}
        assert local.solve(media, headers=right).status_code == 200
        assert local.solve(media, headers={**right, "Host": "any.example"}).status_code == 200
        assert local.ready()["status"] == "ready", "health needs no token"
        assert local.get("/models").status_code == 401
        assert local.get("/metrics").status_code == 401
        assert not any("0123456789abcdef" in line for line in server.log)


def test_a_rate_is_kept_to(tiny_bundle: Path, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("ada 0123456789abcdef 20\n", encoding="utf-8")
    tokens.chmod(0o600)
    with running("--model", str(tiny_bundle), "--token-file", str(tokens)) as server:
        header = {"Authorization": "Bearer 0123456789abcdef"}
        began = time.monotonic()
        answers = [server.solve(SAMPLES[0].media, headers=header) for _ in range(4)]
        flowed_back = (time.monotonic() - began) / 3
    codes = [answer.status_code for answer in answers]
    assert codes[:2] == [200, 200] and 2 <= codes.count(200) <= 2 + flowed_back
    assert {answer.headers["retry-after"] for answer in answers if answer.status_code == 429} <= {"1", "2", "3"}


def test_what_cannot_be_served_is_said(
    tiny_bundle: Path, empty_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    version, copy = register(empty_folder, tiny_bundle)
    assert "expected alias 'chmpion'" in refused(capsys, "--model", f"models:/{NAME}@chmpion")
    assert "expected version 9" in refused(capsys, "--model", f"models:/{NAME}/9")
    assert "registered model 'nobody'" in refused(capsys, "--model", "models:/nobody@champion")
    assert "expected models:/NAME@ALIAS" in refused(capsys, "--model", "models:/nobody")
    assert "expected a model bundle" in refused(capsys, "--model", "no-such-folder")
    (copy / "model.tflite").write_bytes((copy / "model.tflite").read_bytes() + b"x")
    assert "model.tflite changed" in refused(capsys, "--model", CHAMPION)
    (copy / "model.tflite").unlink()
    assert "model.tflite lost" in refused(capsys, "--model", f"models:/{NAME}/{version}")
    for file in copy.iterdir():
        file.unlink()
    copy.rmdir()
    assert "expected a captchalab bundle" in refused(capsys, "--model", CHAMPION)
    assert "--model" in refused(capsys, code=2)
    assert "expected a host such as" in refused(
        capsys, "--model", str(tiny_bundle), "--allow-url-host", "http://a.example"
    )


def test_aliases_are_followed_and_a_lost_registry_is_survived(tiny_bundle: Path, empty_folder: Path) -> None:
    register(empty_folder, tiny_bundle)
    with running("--model", CHAMPION, "--poll", "0.1") as server:
        assert server.solve(SAMPLES[0].media).json()["model"] == {"name": NAME, "version": "1", "alias": "champion"}
        register(empty_folder, tiny_bundle)
        until(lambda: server.solve(SAMPLES[0].media).json()["model"]["version"] == "2")

        _, spoilt = register(empty_folder, tiny_bundle, alias="spoilt")
        (spoilt / "config.json").write_text("{}", encoding="utf-8")
        _move_champion(empty_folder, "3")
        until(lambda: bool(server.ready()["refused"]))
        assert server.ready()["refused"] == [{"name": NAME, "version": "3", "reason": "it failed its check"}]
        assert server.solve(SAMPLES[0].media).json()["model"]["version"] == "2"

        away = empty_folder / "away.db"
        (empty_folder / "mlflow.db").rename(away)
        until(lambda: not server.ready()["registry"]["reachable"])
        assert server.ready()["status"] == "ready"
        assert server.solve(SAMPLES[0].media).status_code == 200
        away.rename(empty_folder / "mlflow.db")
        until(lambda: server.ready()["registry"]["reachable"])


def _move_champion(folder: Path, version: str) -> None:
    from mlflow import MlflowClient

    MlflowClient(f"sqlite:///{folder / 'mlflow.db'}").set_registered_model_alias(NAME, "champion", version)


def test_a_file_that_is_overwritten_while_it_serves_changes_nothing(tiny_bundle: Path, empty_folder: Path) -> None:
    _, copy = register(empty_folder, tiny_bundle)
    with running("--model", CHAMPION) as server:
        before = [server.solve(sample.media).json()["text"] for sample in SAMPLES]
        (copy / "model.tflite").write_bytes(b"")
        assert [server.solve(sample.media).json()["text"] for sample in SAMPLES] == before


def test_a_stop_finishes_what_has_begun(tiny_bundle: Path) -> None:
    with running("--model", str(tiny_bundle)) as server, ThreadPoolExecutor(8) as callers:
        stopping = threading.Event()

        def ask(_: int) -> int:
            try:
                return server.solve(SAMPLES[0].media).status_code
            except httpx.TransportError:
                assert stopping.is_set(), "a connection broke before the stop"
                return 0

        asked = [callers.submit(ask, number) for number in range(400)]
        until(lambda: sum(future.done() for future in asked) > 100)
        stopping.set()
        server.stop()
        codes = {future.result(30) for future in asked}
    assert codes <= {200, 0}
    assert (server.process.returncode, server.log[-1]) == (130, "stopped.\n")
    assert not any("Traceback" in line for line in server.log)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_urls_are_fetched_where_that_is_allowed(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "captcha.png").write_bytes(SAMPLES[0].media)
    (tmp_path / "page.html").write_text("<html></html>", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as site:
        threading.Thread(target=site.serve_forever, args=(0.01,), daemon=True).start()
        port = str(site.server_port)
        options = ("--allow-url-host", "127.0.0.1", "--allow-url-port", port, "--allow-loopback")
        with running("--model", str(tiny_bundle), *options) as server:

            def ask(path: str, **further: str) -> httpx.Response:
                return server.get("/", params={"url": f"http://127.0.0.1:{port}/{path}", **further})

            answer = ask("captcha.png")
            assert (answer.status_code, answer.text) == (200, SAMPLES[0].text)
            assert answer.headers["x-captcha-model"] == "bundle - -"
            assert float(answer.headers["x-captcha-confidence"]) > 0.5
            assert answer.headers["content-type"] == "text/plain; charset=utf-8"
            assert ask("captcha.png", model="bundle").text == SAMPLES[0].text
            assert ask("captcha.png", model="other").status_code == 404
            assert ask("none.png").status_code == 502
            assert ask("page.html").status_code == 422
            refusal = server.get("/", params={"url": "http://169.254.169.254/latest/"})
            assert (refusal.status_code, "169.254" in refusal.text) == (403, False)
        site.shutdown()


def test_several_processes_answer_as_one(tiny_bundle: Path, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("ada 0123456789abcdef 120\nprometheus fedcba9876543210\n", encoding="utf-8")
    tokens.chmod(0o600)
    header, media = {"Authorization": "Bearer 0123456789abcdef"}, SAMPLES[0].media
    with running("--model", str(tiny_bundle), "--processes", "2", "--token-file", str(tokens)) as server:
        mine = children(server)
        assert len(mine) == 2
        with ThreadPoolExecutor(12) as pool:  # a connection each, so that both processes get some
            began = time.monotonic()
            asked = [pool.submit(httpx.post, f"{server.url}/solve", content=media, headers=header) for _ in range(24)]
            codes = [answer.result().status_code for answer in asked]
            flowed_back = 2 * (time.monotonic() - began)
        assert 12 <= codes.count(200) <= 12 + flowed_back, "one burst for both processes, and what flows back meanwhile"
        assert set(codes) == {200, 429}
        reader = {"Authorization": "Bearer fedcba9876543210"}
        counted = f'captchalab_requests_total{{route="/solve",status="200"}} {codes.count(200)}.0'
        until(lambda: counted in server.get("/metrics", headers=reader).text)  # counted once they are sent
        numbers = server.get("/metrics", headers=reader).text
        assert "captchalab_waiting 0.0" in numbers
        assert "captchalab_registry_reachable 1.0" in numbers

        mine[0].kill()
        mine[0].wait(30)  # until then its connections are open, and a request on one of them is lost
        until(lambda: len(children(server)) == 2)
        assert server.ready()["status"] == "ready"
        until(lambda: f"process {mine[0].pid} ended with -9; another takes its place" in "".join(server.log))
        mine = children(server)
    assert not any(process.is_running() for process in mine), "they end with the server"


def test_processes_that_lose_their_parent_end(tiny_bundle: Path) -> None:
    with running("--model", str(tiny_bundle), "--processes", "2") as server:
        mine = children(server)
        server.process.kill()
        until(lambda: not any(process.is_running() for process in mine))


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example"])
def test_a_host_that_no_name_can_be(capsys: pytest.CaptureFixture[str], host: str) -> None:
    assert "expected a host of this machine" in refused(capsys, "--model", "m", "--host", host)


def test_what_several_processes_cannot_serve_is_said_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--model", str(tmp_path), "--port", "0", "--processes", "2"])
    said = capfd.readouterr().err
    assert "Error: expected a model bundle" in said
    assert "Traceback" not in said


def test_a_caller_who_never_ends_is_cut_off(tiny_bundle: Path) -> None:
    program = (
        "import sys\n"
        "from captcha_core.serving import protocol\n"
        "protocol.BoundedProtocol.headers_s = 0.3\n"
        "from experiments.cli import main\n"
        "main(sys.argv[1:])\n"
    )
    with running("--model", str(tiny_bundle), prefix=("-c", program)) as server:
        host, port = server.url.removeprefix("http://").split(":")
        for begun in (b"", b"POST /solve HTTP/1.1\r\nHost: 127.0.0.1\r\n"):
            with socket.create_connection((host, int(port)), timeout=10) as caller:
                caller.sendall(begun)
                assert caller.recv(100) == b""
        with socket.create_connection((host, int(port)), timeout=10) as caller:
            caller.sendall(b"POST /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n")
            answer = caller.recv(1000)
            assert answer.startswith(b"HTTP/1.1 404 ")
            caller.sendall(b"a")  # uvicorn forgets its own limit at the next byte
            while answer:
                answer = caller.recv(1000)
        assert server.solve(SAMPLES[0].media).status_code == 200


def children(server: Running) -> list[psutil.Process]:
    """Return the processes that answer, and not Python's own helpers."""
    found = []
    for one in psutil.Process(server.process.pid).children():
        with suppress(psutil.NoSuchProcess):  # ended meanwhile
            if "spawn_main" in " ".join(one.cmdline()):
                found.append(one)
    return found
