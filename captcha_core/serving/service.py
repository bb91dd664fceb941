"""Solve captchas for the routes: choose a model, queue the work, check the answer; and fetch URLs."""

import asyncio
import functools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from captcha_core.errors import CaptchaError, DataError
from captcha_core.fetch.fetch import Fetcher
from captcha_core.media.image import size_of
from captcha_core.media.sniff import kind_of
from captcha_core.models.decode import Limits
from captcha_core.serving.errors import ApiError, api_error, busy
from captcha_core.serving.limits import ServingLimits
from captcha_core.serving.live import LiveHistograms
from captcha_core.serving.metrics import ServingMetrics
from captcha_core.serving.models import Models, Served
from captcha_core.serving.reload import Watcher
from captcha_core.serving.schemas import SolveOptions
from captcha_core.serving.workers import Workers
from captcha_core.spec.answer import Answer
from captcha_core.spec.captcha import CaptchaSpec

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ServedAnswer:
    """An answer with the version that gave it."""

    served: Served
    answer: Answer

    def as_dict(self) -> dict[str, Any]:
        """Return the body of the answer, by hand because that is several times faster than by its schema."""
        answer = self.answer
        return {
            "text": answer.text,
            **({"answer": answer.answer} if answer.answer is not None else {}),
            **({"refusal": answer.refusal} if answer.refusal else {}),
            "confidence": answer.confidence,
            "characters": [
                {
                    "character": one.character,
                    "confidence": one.confidence,
                    **({"box_px": one.box_px} if one.box_px else {}),
                    **({"span_s": one.span_s} if one.span_s else {}),
                }
                for one in answer.characters
            ],
            "elapsed_ms": answer.elapsed_ms,
            "model": self.served.identity,
        }


@dataclass(frozen=True, slots=True)
class Job:
    """One file on its way to a worker."""

    served: Served
    work: Callable[[int], Answer]


@dataclass(frozen=True)
class Service:
    """One server's parts.

    Args:
        models: The models that solve.
        workers: The threads that they solve in.
        watcher: Keeps the models up to date.
        limits: Bounds of a request.
        metrics: Counters.
        fetcher: For URLs; None where fetching is off.
        live: Counts what was asked for; None where nothing is kept.
        stopping: Set when the server has begun to stop.
    """

    models: Models
    workers: Workers
    watcher: Watcher
    limits: ServingLimits
    metrics: ServingMetrics
    fetcher: Fetcher | None = None
    live: LiveHistograms | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    _fetching: list[str] = field(default_factory=list)

    async def fetch(self, url: str) -> bytes:
        """Return what is behind a URL.

        Raises:
            ApiError: 403 where fetching is off, 503 where too many are under way.
            FetchError: If the URL must not or could not be fetched.
        """
        if self.fetcher is None:
            message = "expected the file itself, received a URL; this server fetches none (see --allow-url-host)."
            raise ApiError(403, "fetching_off", message)
        if len(self._fetching) >= self.limits.max_fetches:
            raise busy()
        self._fetching.append(url)
        try:
            return await self.fetcher.fetch(url)
        finally:
            self._fetching.remove(url)

    async def solve(self, media: bytes, options: SolveOptions) -> ServedAnswer:
        """Solve one captcha.

        Raises:
            ApiError: If no model fits, the queue is full, or the answer is less sure than asked.
            CaptchaError: If the file cannot be read or the options cannot be met.
        """
        job = self._job(media, options)
        (future,) = self.workers.submit(job.work)
        with self.metrics.waiting.track_inprogress():
            answer = await future
        return self._checked(job.served, answer, options)

    async def solve_all(
        self, batch: Sequence[bytes | DataError], options: SolveOptions
    ) -> list[ServedAnswer | ApiError]:
        """Solve several captchas; a file that cannot be read does not spoil the others.

        Raises:
            ApiError: If they do not all fit into the queue.
        """
        jobs = [_outcome(self._job, media, options) for media in batch]
        futures = self.workers.submit(*(job.work for job in jobs if isinstance(job, Job)))
        self.metrics.waiting.inc(len(futures))
        try:
            answers = iter(await asyncio.gather(*futures, return_exceptions=True))
        finally:
            self.metrics.waiting.dec(len(futures))
        return [
            job if isinstance(job, ApiError) else _outcome(self._checked, job.served, next(answers), options)
            for job in jobs
        ]

    def _job(self, media: bytes | DataError, options: SolveOptions) -> Job:
        if isinstance(media, DataError):
            raise media
        served = self._choose(options.model, media)
        return Job(served, functools.partial(_solve, served, media, _narrowed(options, served.spec), self.live))

    def _choose(self, name: str | None, media: bytes) -> Served:
        """Return the model for a file: by name, else the only one that takes such files.

        Raises:
            ApiError: 404 for an unknown name, 415 where no model takes such files, 300 where several do.
            DataError: If the file is neither picture nor clip.
        """
        served = list(self.models.served.values())
        named = served if name is None else [one for one in served if name in _names(one)]
        if name is not None and not named:
            raise _choice(404, "unknown_model", f"expected the name of a model, received {name[:80]!r}", served)
        kind = kind_of(media)
        fitting = [one for one in named if one.spec.media == kind]
        if not fitting:
            known = " and ".join(sorted({one.spec.media for one in named}))
            raise _choice(415, "wrong_kind", f"expected a file for an {known} model, received an {kind}", named)
        if len(fitting) > 1 and kind == "image":
            size = size_of(media)
            fitting = [one for one in fitting if one.spec.size_px == size] or fitting
        if len(fitting) > 1:
            raise _choice(300, "several_models", "expected one model that fits, received several", fitting)
        return fitting[0]

    def _checked(self, served: Served, answer: Answer | BaseException, options: SolveOptions) -> ServedAnswer:
        if isinstance(answer, BaseException):
            raise answer
        self.metrics.solved(served.model.name, served.model.version or "").inc()
        self.metrics.confidence(served.model.name).observe(answer.confidence)
        checked = ServedAnswer(served, _in_case(answer, options.case))
        if answer.confidence < options.min_confidence:
            message = (
                f"expected a confidence of at least {options.min_confidence:g}, received "
                f"{answer.confidence:.3g}; get another captcha."
            )
            raise ApiError(422, "unsure", message, extra={"guess": checked.as_dict()})
        return checked


def _outcome(function: Callable[..., Result], *arguments: Any) -> Result | ApiError:
    try:
        return function(*arguments)
    except (ApiError, CaptchaError) as error:
        return api_error(error)


def _solve(served: Served, media: bytes, limits: Limits | None, live: LiveHistograms | None, thread: int) -> Answer:
    answer = served.solvers[thread].solve(media, limits)
    if live is not None:
        live.observe(served, media, answer)
    return answer


def _names(served: Served) -> set[str]:
    model = served.model
    return {served.uri, model.name, f"{model.name}@{model.alias}", f"{model.name}/{model.version}"}


def _choice(status: int, code: str, fault: str, choices: Sequence[Served]) -> ApiError:
    listed = [one.describe() for one in choices]
    return ApiError(status, code, f"{fault}; choose one of the list with model=NAME.", extra={"models": listed})


def _narrowed(options: SolveOptions, spec: CaptchaSpec) -> Limits | None:
    """Return how to narrow a model's answers, None where nothing is asked.

    Raises:
        SpecError: If no answer of the model could be such.
    """
    lengths = (options.length or options.min_length, options.length or options.max_length)
    alphabet = options.alphabet
    if options.case is not None and spec.case_sensitive:
        other = str.isupper if options.case == "lower" else str.islower
        alphabet = "".join(c for c in dict.fromkeys(alphabet or spec.alphabet) if not other(c))
    return None if alphabet is None and lengths == (None, None) else Limits.of(spec, alphabet, *lengths)


def _in_case(answer: Answer, case: str | None) -> Answer:
    if case is None:
        return answer
    fold = str.upper if case == "upper" else str.lower
    characters = tuple(replace(one, character=fold(one.character)) for one in answer.characters)
    return replace(answer, text=fold(answer.text), characters=characters)
