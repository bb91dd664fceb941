"""Read labelled samples with a model, here or on a Ray cluster, and report how well."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rich.markup import escape

from captcha_core.dataset import workers
from captcha_core.dataset.store import Dataset
from captcha_core.evaluation.report import Report
from captcha_core.progress import console, progress_bar
from captcha_core.solver import Solver, Told
from captcha_core.spec.answer import Answer
from captcha_core.spec.sample import Sample
from captcha_core.workflows.data import labelled, require_labels

Answers = tuple[Answer | None, ...]


def evaluate(
    model: str | Solver, data: str | Path | Dataset, split: str = "test", cluster: str | None = None
) -> Report:
    """Read every labelled sample of a split; a sample that cannot be read counts as wrong.

    Args:
        model: An address (``models:/NAME@ALIAS``, ``models:/NAME/VERSION``, ``runs:/ID``), a bundle's folder, or a
            solver.
        data: A data set or its folder.
        split: ``train``, ``validation`` or ``test``.
        cluster: Address of a Ray cluster whose machines see both folders; by default the samples are read here.

    Returns:
        The report: ``exact_match`` with its 95 % interval, all metrics as ``numbers``, and tables to write.

    Raises:
        ModelError: If the model cannot be used.
        RegistryError: If the registry has no such model.
        SpecError: If the model cannot read captchas of this specification.
        DataError: If nothing in the split is labelled, or the cluster cannot be reached.
    """
    solver = model if isinstance(model, Solver) else Solver.load(model)
    dataset = data if isinstance(data, Dataset) else Dataset.open(Path(data))
    reader = reader_of(dataset, solver)
    if cluster:
        return read_on_cluster(solver, dataset, split, cluster)
    return read_all(reader, labelled(dataset, split))


def reader_of(dataset: Dataset, solver: Solver) -> Solver | Told:
    """Return what reads a data set with a model; where the model was made for other captchas, say so.

    Raises:
        SpecError: If the model cannot read captchas of this specification.
    """
    reader = solver.told(dataset.spec)
    if reader is not solver:
        console.print(
            f"{escape(solver.model.name)} was made for other captchas; it is told the alphabet and the lengths of "
            f"{escape(str(dataset.path))}."
        )
    return reader


def read_all(solver: Solver | Told, samples: Sequence[Sample]) -> Report:
    """Read every sample, one at a time as a user would; a sample that cannot be read counts as wrong."""
    answers = []
    with progress_bar("reading", len(samples)) as advance:
        for sample in samples:
            answers.append(solver.attempt(sample.media))
            advance(1)
    return Report(solver.spec, samples, answers)


def read_on_cluster(solver: Solver, dataset: Dataset, split: str, cluster: str) -> Report:
    """Read every labelled sample of a split, shard by shard on a Ray cluster, in the order of the data set.

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
    return Report(dataset.spec, samples, [answer for number in range(len(shards)) for answer in read[number]])


@dataclass(frozen=True)
class ReadShards:
    """Reads the labelled samples of a shard; picklable, so that any machine that sees the folders can do it."""

    model: str
    data: str
    shards: Sequence[str]

    def __call__(self, number: int) -> tuple[int, Answers]:
        """Read a shard by its number."""
        dataset = Dataset.open(self.data)
        reader, samples = _solver(self.model).told(dataset.spec), dataset.shard(self.shards[number])
        return number, tuple(reader.attempt(sample.media) for sample in samples if sample.text is not None)


@cache
def _solver(model: str) -> Solver:
    return Solver.load(model)
