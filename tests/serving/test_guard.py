"""Bodies in memory are counted, and giving them back never spoils an answer that is on its way."""

import asyncio
from collections.abc import Iterable
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from captcha_core.serving.guard import Guard
from captcha_core.serving.limits import ServingLimits
from captcha_core.serving.metrics import ServingMetrics


async def reading_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the whole body where there is one, and say yes."""
    while scope["method"] == "POST" and (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"yes"})


class Call:
    """One request to a guard, with what came back."""

    def __init__(self, guard: Guard, method: str, parts: Iterable[bytes] = ()) -> None:
        self.guard, self.method, self.parts = guard, method, list(parts)
        self.status, self.answering, self.go_on = 0, asyncio.Event(), asyncio.Event()

    async def run(self, wait: bool = False) -> None:
        async def receive() -> Message:
            return {"type": "http.request", "body": self.parts.pop(0), "more_body": bool(self.parts)}

        async def send(message: Message) -> None:
            self.status = message.get("status", self.status)
            self.answering.set()
            if wait:
                await self.go_on.wait()

        scope: dict[str, Any] = {"type": "http", "path": "/x", "method": self.method, "headers": []}
        await self.guard(scope, receive, send)


def test_memory_that_others_fill_does_not_fail_a_request_that_is_answered() -> None:
    async def meet() -> tuple[list[int], str]:
        metrics = ServingMetrics()
        guard = Guard(reading_app, ServingLimits(max_body_bytes=100, max_held_bytes=10), metrics, hosts=None)
        first, second, third = (
            Call(guard, "POST", [b"12345678"]),
            Call(guard, "POST", [b"12345678"]),
            Call(guard, "GET"),
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(first.run(wait=True))
            await first.answering.wait()
            tasks.create_task(second.run(wait=True))  # too much together: it is told so, and not gone yet
            await second.answering.wait()
            await third.run()
            first.go_on.set()
            second.go_on.set()
        return [one.status for one in (first, second, third)], metrics.text().decode()

    statuses, counted = asyncio.run(meet())
    assert statuses == [200, 503, 200]
    assert "captchalab_held_bytes 0.0" in counted
    assert 'captchalab_requests_total{route="other",status="200"} 2.0' in counted
