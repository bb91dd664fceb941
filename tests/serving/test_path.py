"""One picture passes few files on its way through the API, so that a reader can follow it."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

import captcha_core
from captcha_core.serving.server import ServerOptions, build_app, build_service
from tests.conftest import tiny_samples

LIBRARY = Path(str(captcha_core.__file__)).parent


@contextmanager
def files_executed() -> Iterator[set[str]]:
    """Collect the files of the library whose functions run, in this thread and in those that start meanwhile."""
    seen: set[str] = set()

    def profile(frame: FrameType, event: str, _: Any) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(LIBRARY):
            seen.add(str(path.relative_to(LIBRARY)))

    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        yield seen
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]  # typeshed knows no None here


def test_a_picture_passes_at_most_twelve_files(tiny_bundle: Path) -> None:
    (sample,) = tiny_samples(1, seed=3)

    async def ask() -> str:
        transport = httpx.ASGITransport(build_app(service))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            seen.clear()
            answer = await client.post("/solve", content=sample.media)
            return str(answer.json()["text"])

    with files_executed() as seen:
        service = build_service(ServerOptions(uris=(str(tiny_bundle),), threads=1))  # its thread starts under profile
        assert asyncio.run(ask()) == sample.text
        passed = sorted(seen)
    service.workers.close()
    assert {"serving/guard.py", "serving/routes.py", "solver.py"} <= set(passed)
    assert len(passed) <= 12, passed
