"""A model labels what it is sure of: which answers may stand, the lines for the label log, and the figures."""

from collections.abc import Mapping, Sequence
from typing import Any

from captcha_core.dataset.labelling import Guess, open_ids
from captcha_core.dataset.labels import Label, LabelLog, latest, now
from captcha_core.dataset.split import SPLITS
from captcha_core.dataset.store import Dataset, require_same_spec
from captcha_core.errors import DataError
from captcha_core.evaluation.calibration import Choice, choose_threshold
from captcha_core.progress import progress_bar
from captcha_core.solver import Solver
from captcha_core.spec.sample import Sample


def label_what_is_sure(
    solver: Solver, dataset: Dataset, max_error: float, proven: bool = False, dry_run: bool = False
) -> dict[str, Any]:
    """Add a model's labels to a data set's log, and take back those of an earlier run that it would not give.

    Args:
        solver: The model.
        dataset: Its test split must hold labels that a person or the data set's source gave. The threshold is chosen
            on these: the labels of the validation split have chosen the model's best epoch, and flatter it.
        max_error: Most errors to expect among the labels, as a share.
        proven: Ask for proof from the labelled captchas alone.
        dry_run: Choose and report, write nothing.

    Returns:
        How many were asked and labelled, the threshold, and the errors: expected, where it was chosen, and on the
        validation split.

    Raises:
        DataError: If the data set is not of the model's specification, or nothing is labelled to judge by.
    """
    require_same_spec(dataset, solver.spec)
    log = LabelLog.of(dataset.path, dataset.spec)
    written = log.read()[0]
    by_hand = [label for label in written if label.by == "hand"]
    truth = {split: _known(dataset, split, by_hand) for split in ("validation", "test")}
    if not truth["test"]:
        raise DataError(
            f"expected labelled captchas in the test split of {dataset.path} to choose the threshold on, received none "
            "(those of the validation split chose the model's best epoch, so they prove nothing); label some by hand "
            "first, or import with a test split."
        )
    ids = [identity for split in SPLITS for identity in dataset.ids(split)]
    texts = [text for split in SPLITS for text in dataset.texts(split)]
    asked = set(open_ids(ids, texts, by_hand))
    samples = [sample for split in SPLITS for sample in dataset.samples(split)]
    wanted = [sample for sample in samples if sample.id in asked or any(sample.id in known for known in truth.values())]
    guesses = guesses_of(solver, wanted)
    pool = {identity: guesses[identity] for identity in asked if guesses[identity].text is not None}
    judged = _judged(guesses, truth["test"])
    choice = choose_threshold(
        [guess.confidence for guess in pool.values()],
        [guess.confidence for guess, _ in judged],
        [guess.text == text for guess, text in judged],
        max_error,
        proven,
    )
    sure = {identity: guess for identity, guess in pool.items() if guess.confidence >= choice.threshold}
    named = f"{solver.model.name} version {solver.model.version}" if solver.model.version else solver.model.name
    if not dry_run:
        log.add(_lines(sure, written, named))
    validation = _judged(guesses, truth["validation"])
    return {**_facts(choice, validation, len(asked), len(sure)), "judged_by": len(judged)}


def guesses_of(solver: Solver, samples: Sequence[Sample]) -> dict[str, Guess]:
    """Return a guess for each sample by its id; a sample that cannot be read has no text and the confidence 0."""
    guesses = {}
    with progress_bar("reading", len(samples), "captchas") as advance:
        for sample in samples:
            guesses[sample.id] = Guess.of(solver.attempt(sample.media))
            advance(1)
    return guesses


def _known(dataset: Dataset, split: str, by_hand: Sequence[Label]) -> dict[str, str]:
    """Return the labels of a split that a person or the data set's source gave."""
    known = dict(zip(dataset.ids(split), dataset.texts(split), strict=True))
    for identity, label in latest(by_hand).items():
        if identity in known and label.text is not None:
            known[identity] = label.text
    return {identity: text for identity, text in known.items() if text is not None}


def _judged(guesses: Mapping[str, Guess], truth: Mapping[str, str]) -> list[tuple[Guess, str]]:
    """Return guesses with the true texts; what the model could not read it would not label either."""
    return [(guesses[identity], text) for identity, text in truth.items() if guesses[identity].text is not None]


def _lines(sure: Mapping[str, Guess], written: Sequence[Label], model: str) -> list[Label]:
    """Return the lines to add: new labels, and old ones of a model that are taken back."""
    when = now()
    new = [
        Label(
            id=identity, text=guess.text, by="model", who=model, when=when, model=model,
            guess=guess.text, confidence=guess.confidence,
        )
        for identity, guess in sure.items()
    ]  # fmt: skip
    old = latest([label for label in written if label.by == "model"])
    back = [identity for identity, label in old.items() if label.text is not None and identity not in sure]
    return new + [Label(id=identity, text=None, by="model", who=model, when=when, model=model) for identity in back]


def _facts(choice: Choice, validation: Sequence[tuple[Guess, str]], asked: int, labelled: int) -> dict[str, Any]:
    taken = [(guess, text) for guess, text in validation if guess.confidence >= choice.threshold]
    wrong = sum(guess.text != text for guess, text in taken)
    return {
        "asked": asked,
        "labelled": labelled,
        "left": asked - labelled,
        "threshold": choice.threshold if labelled else None,
        "expected_error": choice.expected_error,
        "temperature": choice.temperature,
        "chosen_on": choice.labelled,
        "chosen_wrong": choice.wrong,
        "chosen_error_at_most": choice.upper_error,
        "validation": len(taken),
        "validation_wrong": wrong,
    }
