"""An endless stream of batches for training, drawn ahead by background threads."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from captcha_core.errors import SpecError
from captcha_core.sources.generate import Arrays, draw_arrays, texts
from captcha_core.sources.programs.scheme import ProgramKnobs
from captcha_core.sources.scheme import Scheme

AHEAD = 2  # batches in the making or waiting, for each thread


class Stream(Iterator[tuple[Arrays, list[str]]]):
    """Batches of a scheme in a fixed order, without end. The compiled renderer lets the learner's thread run.

    Args:
        scheme: What to draw.
        seed: Of the whole stream.
        batch_size: Samples a batch.
        start: Index of the first sample; a stream that starts where another stopped continues it.
        threads: Background threads.
        oversample: Characters to draw more often (:func:`captcha_core.sources.generate.texts`).

    Raises:
        SpecError: If a number is not positive, or from ``next`` if the scheme cannot be drawn.
    """

    def __init__(
        self, scheme: Scheme, seed: int, batch_size: int, start: int = 0, threads: int = 1, oversample: str = ""
    ) -> None:
        if batch_size < 1 or threads < 1 or start < 0:
            raise SpecError(
                f"expected a batch size and threads of at least 1 and a start of at least 0, received {batch_size}, "
                f"{threads} and {start}."
            )
        self._scheme, self._seed, self._batch_size = scheme, seed, batch_size
        self._position = self._next = start
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"draw-{scheme.name}")
        self._queue: deque[Future[tuple[Arrays, list[str]]]] = deque()
        self._depth = AHEAD * threads
        self._oversample = oversample

    @property
    def position(self) -> int:
        """Index of the next sample to be handed out."""
        return self._position

    def ready(self) -> tuple[Arrays, list[str]] | None:
        """Return the next batch if it is drawn, None where that would mean to wait."""
        self._draw_ahead()
        return next(self) if self._queue[0].done() else None

    def _draw_ahead(self) -> None:
        while len(self._queue) < self._depth:
            indices = range(self._next, self._next + self._batch_size)
            self._queue.append(self._pool.submit(self._draw, indices))
            self._next = indices.stop

    def __next__(self) -> tuple[Arrays, list[str]]:
        self._draw_ahead()
        batch = self._queue.popleft().result()
        self._position += self._batch_size
        return batch

    def _draw(self, indices: range) -> tuple[Arrays, list[str]]:
        own = isinstance(self._scheme.knobs, ProgramKnobs) and not self._oversample
        labels = None if own else texts(self._scheme, self._seed, indices, self._oversample)
        return draw_arrays(self._scheme, self._seed, indices, labels)

    def close(self) -> None:
        """Stop the threads; batches drawn ahead are dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._queue.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
