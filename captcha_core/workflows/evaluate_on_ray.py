"""Read a split with a model on a Ray cluster, shard by shard."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from captcha_core.dataset import workers
from captcha_core.dataset.store import Dataset
from captcha_core.evaluation.report import Report
from captcha_core.progress.progress_bar import progress_bar
from captcha_core.solver import Solver
from captcha_core.spec.answer import Answer
from captcha_core.workflows.data import require_labels

Answers = tuple[Answer | None, ...]


@dataclass(frozen=True)
class ReadShards:
    """Reads the labelled samples of a shard; picklable, so that any machine that sees the folders can do it.

    Args:
        model: The bundle's folder, or a model's address.
        data: The data set's folder.
        shards: Their names.
    """

    model: str
    data: str
    shards: Sequence[str]

    def __call__(self, number: int) -> tuple[int, Answers]:
        solver = _solver(self.model)
        samples = Dataset.open(self.data).shard(self.shards[number])
        return number, tuple(solver.attempt(sample.media) for sample in samples if sample.text is not None)


@cache
def _solver(model: str) -> Solver:
    return Solver.load(model)


def read_on_cluster(solver: Solver, dataset: Dataset, split: str, cluster: str) -> Report:
    """Read every labelled sample of a split, in the order of the data set; what cannot be read counts as wrong.

    Raises:
        DataError: If nothing is labelled, or the cluster cannot be reached.
    """
    require_labels(dataset, split)
    shards = dataset.shards(split)
    task = ReadShards(str(solver.bundle.path.resolve()), str(Path(dataset.path).resolve()), shards)
    read: dict[int, Answers] = {}
    with progress_bar("reading", len(shards), "shards") as advance:
        for number, answers in workers.run(task, range(len(shards)), cluster=cluster):
            read[number] = answers
            advance(1)
    samples = [sample for sample in dataset.samples(split) if sample.text is not None]
    return Report(solver.spec, samples, [answer for number in range(len(shards)) for answer in read[number]])
