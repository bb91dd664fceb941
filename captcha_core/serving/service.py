"""What the routes stand on: models, workers, the watcher and the fetcher of one server."""

import asyncio
import functools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from captcha_core.errors import CaptchaError
from captcha_core.fetch.fetch import Fetcher
from captcha_core.serving.errors import ApiError, busy, of_library
from captcha_core.serving.limits import ServingLimits
from captcha_core.serving.metrics import ServingMetrics
from captcha_core.serving.models import Models, Served, identity
from captcha_core.serving.options import SolveOptions
from captcha_core.serving.reload import Watcher
from captcha_core.serving.workers import Workers
from captcha_core.spec.answer import Answer


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer with the version that gave it."""

    served: Served
    answer: Answer

    def as_dict(self) -> dict[str, Any]:
        answer = self.answer
        characters = [
            {
                "character": one.character,
                "confidence": one.confidence,
                **({"box_px": one.box_px} if one.box_px else {}),
                **({"span_s": one.span_s} if one.span_s else {}),
            }
            for one in answer.characters
        ]
        return {
            "text": answer.text,
            "confidence": answer.confidence,
            "characters": characters,
            "elapsed_ms": answer.elapsed_ms,
            "model": identity(self.served.model),
        }


@dataclass(frozen=True)
class Service:
    """One server's parts.

    Args:
        models: What reads.
        workers: The threads it reads in.
        watcher: Keeps the models up to date.
        limits: Bounds of a request.
        metrics: Counters.
        fetcher: For URLs; None where fetching is off.
        stopping: Set when the server has begun to stop.
    """

    models: Models
    workers: Workers
    watcher: Watcher
    limits: ServingLimits
    metrics: ServingMetrics
    fetcher: Fetcher | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    _fetching: list[None] = field(default_factory=list)

    async def fetch(self, url: str) -> bytes:
        """Return what is behind a URL.

        Raises:
            ApiError: 403 where fetching is off, 503 where too many are under way.
            FetchError: If it must not or could not be fetched.
        """
        if self.fetcher is None:
            message = "expected the file itself, received a URL; this server fetches none (see --allow-url-host)."
            raise ApiError(403, "fetching_off", message)
        if len(self._fetching) >= self.limits.max_fetches:
            raise busy()
        self._fetching.append(None)
        try:
            return await self.fetcher.fetch(url)
        finally:
            self._fetching.pop()

    async def read(self, media: bytes, options: SolveOptions) -> Reading:
        """Read one file.

        Raises:
            ApiError: If no model fits, the queue is full, or the answer is less sure than asked.
            CaptchaError: If the file cannot be read or the options cannot be met.
        """
        served, work = self._work(media, options)
        (future,) = self.workers.submit(work)
        with self.metrics.waiting.track_inprogress():
            answer = await future
        return self._checked(Reading(served, options.fold(answer)), options)

    async def read_all(self, batch: Sequence[bytes], options: SolveOptions) -> list[Reading | ApiError]:
        """Read several files; a file that cannot be read does not spoil the others.

        Raises:
            ApiError: If they do not all fit into the queue.
        """
        outcomes: list[Reading | ApiError | None] = [None] * len(batch)
        works, places = [], []
        for place, media in enumerate(batch):
            try:
                served, work = self._work(media, options)
            except (ApiError, CaptchaError) as error:
                outcomes[place] = _told(error)
            else:
                works.append(work)
                places.append((place, served))
        futures = self.workers.submit(*works)
        self.metrics.waiting.inc(len(works))
        try:
            answers = await asyncio.gather(*futures, return_exceptions=True)
        finally:
            self.metrics.waiting.dec(len(works))
        for (place, served), answer in zip(places, answers, strict=True):
            try:
                if isinstance(answer, BaseException):
                    raise answer
                outcomes[place] = self._checked(Reading(served, options.fold(answer)), options)
            except (ApiError, CaptchaError) as error:
                outcomes[place] = _told(error)
        return [outcome for outcome in outcomes if outcome is not None]

    def _work(self, media: bytes, options: SolveOptions) -> tuple[Served, functools.partial[Answer]]:
        served = self.models.choose(options.model, media)
        return served, functools.partial(_solve, served, media, options.limits(served.spec))

    def _checked(self, reading: Reading, options: SolveOptions) -> Reading:
        model = reading.served.model
        self.metrics.solved.labels(model.name, model.version or "").inc()
        self.metrics.confidence.labels(model.name).observe(reading.answer.confidence)
        if reading.answer.confidence < options.min_confidence:
            message = (
                f"expected a confidence of at least {options.min_confidence:g}, received "
                f"{reading.answer.confidence:.3g}; get another captcha."
            )
            raise ApiError(422, "unsure", message, extra={"guess": reading.as_dict()})
        return reading


def _solve(served: Served, media: bytes, limits: Any, thread: int) -> Answer:
    return served.readers[thread].solve(media, limits)


def _told(error: ApiError | CaptchaError) -> ApiError:
    return error if isinstance(error, ApiError) else of_library(error)
