"""The bounds that a server has when nobody gives others, and what is at a bound still passes."""

import asyncio
from pathlib import Path

import pytest

from captcha_core.errors import SpecError
from captcha_core.serving import limits
from captcha_core.serving.guard import Guard
from captcha_core.serving.limits import ServingLimits
from captcha_core.serving.metrics import ServingMetrics
from captcha_core.serving.tokens import Tokens
from tests.serving.test_guard import Call, reading_app


def test_the_bounds_of_a_server_are_the_documented_ones() -> None:
    """A body holds 16 MiB of media in base64; what is held leaves room in a container of a gigabyte."""
    default = ServingLimits()
    assert default.max_body_bytes == 24 * 1024 * 1024 >= 16 * 1024 * 1024 * 4 / 3
    assert default.max_held_bytes == 256 * 1024 * 1024
    assert (default.max_batch, default.max_waiting, default.max_fetches, default.deadline_s) == (64, 128, 16, 10.0)
    assert (default.max_connections, default.max_connections_per_caller) == (800, 200)
    assert (limits.HEADERS_S, limits.MAX_HEADER_BYTES) == (10.0, 65_536)
    assert (limits.MAX_FIELDS, limits.MAX_MARKS, limits.DEFAULT_PER_MINUTE) == (16, 1024, 6000)


@pytest.mark.parametrize(("size", "status"), [(10, 200), (11, 413)])
def test_a_body_of_the_longest_length_passes(size: int, status: int) -> None:
    guard = Guard(reading_app, ServingLimits(max_body_bytes=10), ServingMetrics(), hosts=None)
    call = Call(guard, "POST", [b"1" * size])
    asyncio.run(call.run())
    assert call.status == status


@pytest.mark.parametrize(("characters", "fits"), [(16, True), (15, False)])
def test_a_token_of_the_shortest_length_passes(tmp_path: Path, characters: int, fits: bool) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"ada {'x' * characters}\n", encoding="utf-8")
    path.chmod(0o600)
    if fits:
        assert Tokens.load(path).tokens[0].per_minute == limits.DEFAULT_PER_MINUTE
        return
    with pytest.raises(SpecError, match="at least 16"):
        Tokens.load(path)
