"""Fetching, against servers on this machine and a resolver of the test's own; nothing leaves it."""

import asyncio
import datetime
import gzip
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpcore
import pytest

from captcha_core.fetch.fetch import Fetcher, FetchFailed, FetchPolicy, FetchTimeout
from captcha_core.fetch.url import UrlRefused

BODY = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


class Site(BaseHTTPRequestHandler):
    """A site with good files, bad manners and redirects to everywhere; remembers what it was asked."""

    seen: list[dict[str, str]]
    location: str
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.seen.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
        name = self.path.strip("/").partition("/")[0].partition("?")[0].replace("-", "_")
        getattr(self, f"send_{name}", self.send_missing)()

    def reply(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_good(self) -> None:
        self.reply(BODY, Set_Cookie="spy=1")

    def send_gzip(self) -> None:
        self.reply(gzip.compress(BODY), Content_Encoding="gzip")

    def send_members(self) -> None:
        half = len(BODY) // 2
        self.reply(
            gzip.compress(BODY[:half]) + gzip.compress(b"") + gzip.compress(BODY[half:]) + bytes(9),
            Content_Encoding="gzip",
        )

    def send_cut_members(self) -> None:
        self.reply(gzip.compress(BODY) + gzip.compress(BODY)[:9], Content_Encoding="gzip")

    def send_many_bombs(self) -> None:
        self.reply(gzip.compress(bytes(150_000)) * 2, Content_Encoding="gzip")

    def send_bomb(self) -> None:
        self.reply(gzip.compress(bytes(50_000_000)), Content_Encoding="gzip")

    def send_bad_gzip(self) -> None:
        self.reply(b"\x1f\x8bnot really", Content_Encoding="gzip")

    def send_cut_gzip(self) -> None:
        self.reply(gzip.compress(BODY)[:-9], Content_Encoding="gzip")

    def send_brotli(self) -> None:
        self.reply(b"x", Content_Encoding="br")

    def send_large(self) -> None:
        self.reply(bytes(200_001))

    def send_endless(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"1000\r\n" + bytes(4096) + b"\r\n")
        except OSError:
            self.close_connection = True

    def send_drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        try:
            for _ in range(100):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            self.close_connection = True

    def send_short(self) -> None:
        self.reply(b"only this", Content_Length="1000")
        self.close_connection = True

    def send_headers(self) -> None:
        self.reply(b"", X_Long="x" * 300_000)

    def send_away(self) -> None:
        self.reply(b"", 302, Location=self.location)

    def send_hops(self) -> None:
        left = int(self.path.rpartition("/")[2])
        self.reply(BODY if left == 0 else b"", 200 if left == 0 else 307, Location=f"/hops/{left - 1}")

    def send_nowhere(self) -> None:
        self.reply(b"", 301)

    def send_missing(self) -> None:
        self.reply(b"private text of the site", 404)

    def log_message(self, *_: object) -> None:
        pass


class ToLoopback(httpcore.AnyIOBackend):
    """Plays the internet: whatever address is connected to, one server of the test answers. Remembers addresses."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port, self.connected = port, list[str]()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        *_: Any,
        **__: Any,
    ) -> httpcore.AsyncNetworkStream:
        self.connected.append(host)
        if host == "8.8.4.4":
            raise httpcore.ConnectError("this one is down")
        return await super().connect_tcp("127.0.0.1", self.port, timeout)


NAMES = {
    "public.example": ["8.8.8.8"],
    "half-down.example": ["8.8.4.4", "8.8.8.8"],
    "down.example": ["8.8.4.4"],
    "private.example": ["10.0.0.7"],
}


async def resolver(host: str, port: int) -> list[str]:
    if host not in NAMES:
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            raise socket.gaierror(socket.EAI_NONAME, "no such host") from None
    return NAMES[host]


@pytest.fixture
def site() -> Iterator[ThreadingHTTPServer]:
    Site.seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def fetcher(site: ThreadingHTTPServer) -> Fetcher:
    policy = FetchPolicy(hosts=frozenset({"*"}), max_bytes=200_000, deadline_s=2.0)
    return Fetcher(policy, resolver, ToLoopback(site.server_port))


def fetch(fetcher: Fetcher, url: str) -> bytes:
    return asyncio.run(fetcher.fetch(url))


def test_a_file_comes_whole(fetcher: Fetcher) -> None:
    assert fetch(fetcher, "http://public.example/good/a.png?b=c#d") == BODY
    assert fetch(fetcher, "http://public.example/gzip") == BODY
    assert fetch(fetcher, "http://public.example/members") == BODY
    assert Site.seen[0]["path"] == "/good/a.png?b=c"
    assert Site.seen[0]["host"] == "public.example"
    assert not {"cookie", "authorization", "referer", "proxy-authorization"} & set(Site.seen[1]), "no cookie comes back"
    assert fetcher.network.connected == ["8.8.8.8"] * 3  # type: ignore[attr-defined]


def test_proxies_of_the_environment_are_not_asked(fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert fetch(fetcher, "http://public.example/good") == BODY


def test_the_next_address_is_tried(fetcher: Fetcher) -> None:
    assert fetch(fetcher, "http://half-down.example/good") == BODY
    assert fetcher.network.connected == ["8.8.4.4", "8.8.8.8"]  # type: ignore[attr-defined]
    with pytest.raises(FetchFailed, match="expected an HTTP answer"):
        fetch(fetcher, "http://down.example/good")


def test_three_redirects_and_no_more(fetcher: Fetcher) -> None:
    assert fetch(fetcher, "http://public.example/hops/3") == BODY
    with pytest.raises(UrlRefused, match="at most 3 redirects"):
        fetch(fetcher, "http://public.example/hops/4")
    with pytest.raises(UrlRefused, match="at most 3 redirects"):
        fetch(fetcher, "http://public.example/nowhere")


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/",
        "http://private.example/good",
        "//private.example/good",
        "http://169.254.169.254/latest/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::a00:1]/",
        "http://2130706433/",
        "http://0177.1/",
        "http://public.example@127.0.0.1/",
        "http://public.example:22/",
        "http:\\\\127.0.0.1\\",
        "file:///etc/passwd",
        "gopher://public.example/",
        "data:image/png;base64,AAAA",
        "http://[::1",
        "http://public.example/a b",
    ],
)
def test_redirects_pass_the_same_gate(fetcher: Fetcher, location: str) -> None:
    Site.location = location
    with pytest.raises(UrlRefused):
        fetch(fetcher, "http://public.example/away")
    assert fetcher.network.connected == ["8.8.8.8"], "only the first hop is connected to"  # type: ignore[attr-defined]


def test_a_redirect_stays_on_the_list(site: ThreadingHTTPServer) -> None:
    Site.location = "http://half-down.example/"
    policy = FetchPolicy(hosts=frozenset({"public.example"}))
    with pytest.raises(UrlRefused, match="host that this server allows"):
        fetch(Fetcher(policy, resolver, ToLoopback(site.server_port)), "http://public.example/away")


def test_a_name_that_changes_its_mind_is_resolved_once(site: ThreadingHTTPServer) -> None:
    answers = iter([["8.8.8.8"], ["127.0.0.1"], ["127.0.0.1"]])

    async def rebinding(host: str, port: int) -> list[str]:
        return next(answers)

    network = ToLoopback(site.server_port)
    rebound = Fetcher(FetchPolicy(hosts=frozenset({"*"})), rebinding, network)
    assert fetch(rebound, "http://rebind.example/good") == BODY
    assert network.connected == ["8.8.8.8"]
    with pytest.raises(UrlRefused, match="public internet"):
        fetch(rebound, "http://rebind.example/good")
    assert network.connected == ["8.8.8.8"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("large", "at most 200,000 bytes"),
        ("endless", "at most 200,000 bytes"),
        ("bomb", "at most 200,000 bytes"),
        ("many-bombs", "at most 200,000 bytes"),
        ("bad-gzip", "damaged"),
        ("cut-members", "damaged"),
        ("cut-gzip", "damaged"),
        ("brotli", "another encoding"),
        ("short", "expected an HTTP answer"),
        ("headers", "expected an HTTP answer"),
        ("missing", "expected status 200 from the host, received 404"),
    ],
)
def test_bad_deliveries(fetcher: Fetcher, path: str, message: str) -> None:
    with pytest.raises(FetchFailed, match=message) as failure:
        fetch(fetcher, f"http://public.example/{path}")
    assert "private text" not in str(failure.value)


def test_the_deadline_covers_everything(fetcher: Fetcher, site: ThreadingHTTPServer) -> None:
    began = time.monotonic()
    with pytest.raises(FetchTimeout, match="within 2 s"):
        fetch(fetcher, "http://public.example/drip")
    assert time.monotonic() - began < 3

    async def asleep(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return ["8.8.8.8"]

    policy = FetchPolicy(hosts=frozenset({"*"}), deadline_s=0.1)
    with pytest.raises(FetchTimeout):
        fetch(Fetcher(policy, asleep, ToLoopback(site.server_port)), "http://public.example/good")


def test_unknown_hosts_are_a_failure_not_a_refusal(fetcher: Fetcher) -> None:
    with pytest.raises(FetchFailed, match="expected a host that resolves"):
        fetch(fetcher, "http://unknown.example/good")


def test_loopback_only_when_allowed(site: ThreadingHTTPServer) -> None:
    url = f"http://127.0.0.1:{site.server_port}/good"
    hosts, ports = frozenset({"127.0.0.1"}), frozenset({site.server_port})
    assert fetch(Fetcher(FetchPolicy(hosts, ports, allow_loopback=True)), url) == BODY
    with pytest.raises(UrlRefused, match="public internet"):
        fetch(Fetcher(FetchPolicy(hosts, ports)), url)
    Site.seen.clear()
    with pytest.raises(UrlRefused, match="public internet"):
        fetch(Fetcher(FetchPolicy(frozenset({"*"}), ports, allow_loopback=True)), url.replace("127", "10"))
    assert not Site.seen


def certificate(folder: Path) -> Path:
    """Write a certificate for public.example with its key, and return the file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    names: list[x509.GeneralName] = [x509.DNSName("public.example"), x509.IPAddress(ipaddress.ip_address("8.8.8.8"))]
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "site.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
    return path


def test_https_names_and_checks_the_host(site: ThreadingHTTPServer, tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    named: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.sni_callback = lambda _socket, name, _context: named.append(name)
    site.socket = context.wrap_socket(site.socket, server_side=True)
    NAMES["other.example"] = ["8.8.8.8"]
    trusting = Fetcher(
        FetchPolicy(hosts=frozenset({"*"})),
        resolver,
        ToLoopback(site.server_port),
        ssl.create_default_context(cafile=pem),
    )
    assert fetch(trusting, "https://public.example/good") == BODY
    assert named == ["public.example"]
    with pytest.raises(FetchFailed, match="expected an HTTP answer"):
        fetch(trusting, "https://other.example/good")
    with pytest.raises(FetchFailed, match="expected an HTTP answer"):
        fetch(Fetcher(trusting.policy, resolver, trusting.network), "https://public.example/good")
