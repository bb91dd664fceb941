"""The labelled samples of a split in an order that is shuffled anew in each pass, without all of them in memory.

A pass goes through the shards in a random order, a few at a time: these fill a window, whose samples are shuffled among
themselves. Which sample is at which place depends on the seed alone, so reading can begin anywhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from captcha_core.dataset.shard import read_shard
from captcha_core.dataset.store import Dataset, no_labels


@dataclass(frozen=True)
class Window:
    """Some shards that are read together.

    Attributes:
        shards: Their names.
        order: Which of their labelled samples come, one after the other.
    """

    shards: tuple[str, ...]
    order: np.ndarray


@dataclass(frozen=True)
class ShuffledSplit:
    """A split in a random order.

    Args:
        dataset: Whose.
        split: Its name.
        seed: Decides the order of all passes.
        window_rows: Samples that are shuffled among themselves, if a shard does not hold more.

    Raises:
        DataError: If the split has no labelled samples.
    """

    dataset: Dataset
    split: str
    seed: int
    window_rows: int

    def __post_init__(self) -> None:
        if not self.rows:
            raise no_labels(self.dataset, self.split)

    @cached_property
    def labelled(self) -> dict[str, int]:
        """Labelled samples of each shard."""
        return {name: sum(1 for _ in self._texts(name)) for name in self.dataset.shards(self.split)}

    @property
    def rows(self) -> int:
        """Samples of one pass."""
        return sum(self.labelled.values())

    def windows(self, first: int) -> Iterator[Window]:
        """Yield windows without end, from the sample at a place on."""
        run, skipped = divmod(first, self.rows)
        while True:
            for window in self._pass(run):
                if skipped < len(window.order):
                    yield Window(window.shards, window.order[skipped:])
                skipped = max(0, skipped - len(window.order))
            run += 1

    def _pass(self, run: int) -> Iterator[Window]:
        rng = np.random.default_rng([self.seed, run])
        names = list(self.labelled)
        for shards in self._grouped([names[index] for index in rng.permutation(len(names))]):
            yield Window(shards, rng.permutation(sum(self.labelled[name] for name in shards)))

    def _grouped(self, names: Sequence[str]) -> Iterator[tuple[str, ...]]:
        group: list[str] = []
        rows = 0
        for name in names:
            if group and rows + self.labelled[name] > self.window_rows:
                yield tuple(group)
                group, rows = [], 0
            group.append(name)
            rows += self.labelled[name]
        yield tuple(group)

    def media(self, window: Window) -> Iterator[tuple[bytes, str]]:
        """Yield the files and labels of a window's shards as they are stored, not in the window's order.

        Raises:
            DataError: If a shard is damaged.
        """
        for name in window.shards:
            known = self.dataset.manifest.shards[name]
            for batch in read_shard(self.dataset.path / name, ("text", "media"), known.rows):
                files = batch.column("media").field(0)
                for row, text in enumerate(batch.column("text").to_pylist()):
                    if text is not None:
                        yield files[row].as_py(), text

    def _texts(self, name: str) -> Iterator[str]:
        for batch in read_shard(self.dataset.path / name, ("text",), self.dataset.manifest.shards[name].rows):
            yield from (text for text in batch[0].to_pylist() if text is not None)
