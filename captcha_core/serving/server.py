"""Start a server: check that it may run as asked, load its models, build the application and run uvicorn."""

import errno
import functools
import logging
import multiprocessing
import os
import re
import socket
import sys
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from captcha_core.errors import ServingError
from captcha_core.fetch.fetch import Fetcher, FetchPolicy
from captcha_core.fetch.public_addresses import is_loopback
from captcha_core.fetch.url import Target
from captcha_core.serving.errors import add_error_handlers
from captcha_core.serving.guard import OPEN, OWN_NAMES, Guard
from captcha_core.serving.limits import ServingLimits
from captcha_core.serving.live import LiveHistograms
from captcha_core.serving.metrics import ServingMetrics
from captcha_core.serving.models import Models
from captcha_core.serving.processes import ServerProcesses
from captcha_core.serving.reload import Watcher
from captcha_core.serving.routes import build_router
from captcha_core.serving.service import Service
from captcha_core.serving.tokens import Tokens
from captcha_core.serving.workers import Workers

if TYPE_CHECKING:
    import uvicorn

ORIGIN = re.compile(r"\*|https?://[A-Za-z0-9.-]+(:\d{1,5})?|https?://\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")
ANSWER_HEADERS = (
    "Retry-After", "X-Captcha-Model", "X-Captcha-Confidence", "X-Captcha-Characters", "X-Captcha-Elapsed-Ms",
)  # fmt: skip
DESCRIPTION = "Reads captchas, images and audio, with the models of a captchalab registry."


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How to serve.

    Args:
        uris: Models, as :meth:`captcha_core.solver.Solver.load` takes them.
        host: Where to listen.
        port: Where to listen; 0 for any free port.
        token_file: Callers to let in; needed for every host but loopback.
        processes: How many answer on the port, each with its own copy of the models.
        threads: Solvers at work in each; 0 for as many as there are processors for it, four at most.
        poll_s: How often to ask the registry for moved aliases.
        fetch: Which URLs may be fetched; none when it names no host.
        limits: Bounds of requests.
        origins: Web pages whose scripts may ask, as ``https://example.org``; ``*`` for all.
        root_path: Prefix of all paths, where a proxy in front gives the server one.
        live: Folder for histograms of what is asked for; None to keep none.

    Raises:
        ServingError: If an origin or the prefix cannot be one.
    """

    uris: tuple[str, ...]
    host: str = "127.0.0.1"
    port: int = 8000
    token_file: Path | None = None
    processes: int = 1
    threads: int = 0
    poll_s: float = 2.0
    fetch: FetchPolicy = field(default_factory=FetchPolicy)
    limits: ServingLimits = field(default_factory=ServingLimits)
    origins: tuple[str, ...] = ()
    root_path: str = ""
    live: Path | None = None

    def __post_init__(self) -> None:
        for origin in self.origins:
            if not ORIGIN.fullmatch(origin):
                raise ServingError(
                    f"expected an origin such as https://example.org, without a path, received {origin!r}; correct "
                    "--allow-origin."
                )
        if not PREFIX.fullmatch(self.root_path):
            raise ServingError(
                f"expected a prefix such as /captchas, received {self.root_path!r}; correct --root-path."
            )


def run_server(options: ServerOptions, ready: Callable[[str], None]) -> None:
    """Serve until a signal ends it; requests in flight are finished first.

    Args:
        options: How to serve.
        ready: Called with the server's address once it listens and every model has solved.

    Raises:
        ServingError: If it may not or cannot listen there.
        CaptchaError: If a token file or a model cannot be used.
    """
    tokens = Tokens.load(options.token_file) if options.token_file else None
    if not _is_local(options.host) and tokens is None:
        raise ServingError(
            f"expected a token file to serve on {options.host}, which others can reach, received none; give "
            "--token-file, or serve on 127.0.0.1."
        )
    with _listen(options.host, options.port) as listener:
        report = functools.partial(ready, _address(listener))
        if options.processes == 1:
            _answer(options, listener, tokens, report)
            return
        if tokens is not None:
            tokens = tokens.sharing(multiprocessing.get_context("spawn").RawArray("d", 2 * len(tokens.tokens)))
        ServerProcesses(options.processes, functools.partial(_answer, options), listener, tokens).run(report)


def _answer(options: ServerOptions, listener: socket.socket, tokens: Tokens | None, ready: Callable[[], None]) -> None:
    """Load the models, report that they are loaded, and answer until a signal comes."""
    import uvicorn

    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells of every question to the registry
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    hosts = OWN_NAMES | {options.host.lower()} if _is_local(options.host) and tokens is None else None
    config = http_config(
        build_app(build_service(options), tokens, hosts, options.origins, options.root_path), options.limits
    )
    ready()
    uvicorn.Server(config).run(sockets=[listener])


def http_config(app: ASGIApp, limits: ServingLimits) -> "uvicorn.Config":
    """Return how uvicorn speaks HTTP for an application."""
    import uvicorn

    from captcha_core.serving.protocol import BoundedProtocol

    return uvicorn.Config(
        app,
        http=functools.partial(BoundedProtocol, limits),  # type: ignore[arg-type]
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(limits.deadline_s) + 1,
    )


def build_service(options: ServerOptions) -> Service:
    """Load the models and return what the routes use."""
    threads = options.threads or max(1, min(4, (os.cpu_count() or 1) // options.processes))
    models, metrics = Models(options.uris, threads), ServingMetrics()
    return Service(
        models=models,
        workers=Workers(threads, options.limits.max_waiting),
        watcher=Watcher(models, options.poll_s, metrics=metrics),
        limits=options.limits,
        metrics=metrics,
        fetcher=Fetcher(options.fetch) if options.fetch.hosts else None,
        live=LiveHistograms(options.live, metrics) if options.live else None,
    )


def build_app(
    service: Service,
    tokens: Tokens | None = None,
    hosts: frozenset[str] | None = OWN_NAMES,
    origins: Collection[str] = (),
    root_path: str = "",
) -> ASGIApp:
    """Return the application of one server: routes behind the guard.

    Args:
        service: What the routes use. The application starts its watcher and closes its workers.
        tokens: Who may ask; None for everybody, which only a server on loopback should allow.
        hosts: Host names it answers to; None for any.
        origins: Web pages whose scripts may ask, ``*`` for all.
        root_path: Prefix of all paths, where a proxy in front gives the server one.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.watcher.start()
        try:
            yield
        finally:
            service.stopping.set()
            service.watcher.stop()
            service.workers.close()
            if service.live is not None:
                service.live.close()

    app = FastAPI(title="captchalab", description=DESCRIPTION, lifespan=lifespan, redoc_url=None)
    app.include_router(build_router(service))
    add_error_handlers(app)
    if tokens is not None:
        _document_tokens(app)
    guard = Guard(app, service.limits, service.metrics, tokens, hosts, service.workers.full, root_path)
    if not origins:
        return guard
    return CORSMiddleware(  # around the guard, so that a page can read its refusals, too
        guard,
        allow_origins=origins,
        allow_methods=("GET", "HEAD", "POST"),
        allow_headers=("Authorization", "Content-Type", "Content-Encoding"),
        expose_headers=ANSWER_HEADERS,
        allow_private_network=True,
    )


def _document_tokens(app: FastAPI) -> None:
    """Say in the OpenAPI document which operations need a token."""
    schema = app.openapi()
    schema.setdefault("components", {})["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            operation["security"] = [] if path in OPEN else [{"token": []}]


def _is_local(host: str) -> bool:
    try:
        rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ServingError(f"expected a host of this machine, received {host!r}: {error}; correct --host.") from None
    return all(is_loopback(str(address[0])) for *_, address in rows)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol left at 0, asyncio does not see a TCP socket, leaves Nagle's algorithm on, and each answer
    # waits 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere the option would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        reason = "which another program uses" if error.errno == errno.EADDRINUSE else f"which fails: {error.strerror}"
        raise ServingError(
            f"expected a free port, received {port} on {host}, {reason}; choose another --port, 0 for any."
        ) from None
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return Target("http", host, port, "").url
