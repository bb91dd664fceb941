"""What is still to be labelled, in which order, and the data set that the label log makes of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from captcha_core.dataset.in_memory import locked, replace_samples, with_split
from captcha_core.dataset.labels import Label, LabelLog, latest
from captcha_core.dataset.split import SPLITS
from captcha_core.dataset.store import Dataset
from captcha_core.errors import DataError
from captcha_core.files import require_replaceable
from captcha_core.spec.answer import Answer

SOURCE = "labels"


@dataclass(frozen=True)
class Guess:
    """What a model reads in a captcha nobody has labelled: text None where it could not read it."""

    text: str | None
    confidence: float

    @classmethod
    def of(cls, answer: Answer | None) -> "Guess":
        """Return the guess in a solver's answer, None where it could not read the captcha."""
        return cls(None, 0.0) if answer is None else cls(answer.text, answer.confidence)


def asking_order(dataset: Dataset) -> tuple[list[str], list[str | None]]:
    """Return ids and texts of a whole data set, its splits in turn.

    Whoever labels the first fifty labels of each split its share, so that a model can be trained, steered and tested.
    """
    placed = [
        ((place + 0.5) / dataset.counts[split], identity, text)
        for split in SPLITS
        for place, (identity, text) in enumerate(zip(dataset.ids(split), dataset.texts(split), strict=True))
    ]
    placed.sort(key=lambda row: row[0])
    return [identity for _, identity, _ in placed], [text for _, _, text in placed]


def held_out_ids(dataset: Dataset) -> frozenset[str]:
    """Return the samples that steer or test a training."""
    return frozenset(identity for split in SPLITS[1:] for identity in dataset.ids(split))


def open_ids(ids: Sequence[str], texts: Sequence[str | None], labels: Sequence[Label]) -> list[str]:
    """Return the samples that neither the data set nor the log has a label for, in their order, each once."""
    known = latest(labels)
    return [
        identity
        for identity, text in dict(zip(ids, texts, strict=True)).items()
        if text is None and (identity not in known or known[identity].text is None)
    ]


def queue(
    ids: Sequence[str], guesses: Mapping[str, Guess], labels: Sequence[Label], held_out: Collection[str] = ()
) -> list[str]:
    """Return unlabelled samples in the order to be asked: the most doubtful first, skipped ones last.

    Samples without a guess come between, in the order given. Those that steer or test a training keep their places
    whatever the doubt: the most doubtful alone would make a model look worse than it is.

    Args:
        ids: In the order given.
        guesses: What a model reads.
        labels: So far.
        held_out: Ids of the splits that are not learnt from.
    """
    skipped = {label.id for label in labels if label.by == "hand" and label.text is None}
    doubt = {identity: guess.confidence for identity, guess in guesses.items()}

    def by_doubt(some: Iterable[str]) -> list[str]:
        return sorted(some, key=lambda identity: doubt.get(identity, 0.5))

    waiting = [identity for identity in ids if identity not in skipped]
    doubtful = iter(by_doubt(identity for identity in waiting if identity not in held_out))
    first = [identity if identity in held_out else next(doubtful) for identity in waiting]
    return [*first, *by_doubt(identity for identity in ids if identity in skipped)]


def to_ask(ids: Sequence[str], texts: Sequence[str | None], labels: Sequence[Label]) -> list[str]:
    """Return what a person is to be asked for: what has no label, or, when all have one, what a model labelled."""
    given = labelled_by_model(labels)
    return open_ids(ids, texts, labels) or [one for one in dict.fromkeys(ids) if one in given]


def labelled_by_model(labels: Sequence[Label]) -> dict[str, Guess]:
    """Return the labels of a model that no person has confirmed, as guesses as sure as the model was."""
    return {
        identity: Guess(label.text, label.confidence or 0.0)
        for identity, label in latest(labels).items()
        if label.by == "model" and label.text is not None
    }


def rebuild(dataset: Dataset, out: Path) -> Dataset:
    """Write the samples that have a label by now, from the data set or its log, as a data set of their own.

    Every sample stays in its split, so what was held out stays held out. A label of the log counts before the data
    set's own. What a model labelled is left out of the test split: only what a person read may test a model.

    Raises:
        DataError: If nothing is labelled, or ``out`` holds anything but an older result.
    """
    out = require_replaceable(out)
    labels, _ = LabelLog.of(dataset.path, dataset.spec).read()
    known = latest(labels)
    samples = []
    for split in SPLITS:
        for sample in dataset.samples(split):
            label = known.get(sample.id)
            if label is None or label.text is None or (label.by == "model" and split == "test"):
                text, by = sample.text, "data set"
            else:
                text, by = label.text, label.by
            if text is not None:
                labelled = replace(sample, text=text, origin={**sample.origin, "labelled_by": by})
                samples.append(with_split(labelled, split))
    if not samples:
        raise DataError(f"expected labels for {dataset.path}, received none; label some on the dashboard's Label page.")
    with locked(out):
        return replace_samples(out, dataset.spec, samples, SOURCE)
