"""``captchalab pseudo-label``: a model labels what it is sure of."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.options import Format, Model, check_format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from captcha_core.dataset.labelling import Guess
    from captcha_core.dataset.labels import Label
    from captcha_core.dataset.store import Dataset
    from captcha_core.evaluation.acceptance import Choice


def pseudo_label(
    model: Model,
    data: Annotated[str, typer.Option(metavar="DIR", help="Data set whose open captchas are to be labelled.")],
    max_error: Annotated[float, typer.Option(help="Most errors among the labels, as a share.", min=0, max=1)] = 0.01,
    proven: Annotated[
        bool,
        typer.Option(
            "--proven",
            help="Ask for proof from the labelled captchas alone (95 % Clopper-Pearson): 300 of them for 0.01.",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Choose and report, write nothing.")] = False,
    format: Format = "text",
) -> None:
    """Label what a model is sure of, and leave the rest in the queue of the Label page.

    The confidence threshold is chosen on the labelled captchas of the validation split, so that the error to expect
    among the new labels stays under --max-error; the error at that threshold on the labelled captchas of the test
    split is reported beside it. Neither split may have been trained on. Labels that an earlier run gave and this one
    would not give are taken back; labels by hand are never touched.
    """
    as_json = check_format(format)
    from captcha_core.dataset.labelling import open_ids
    from captcha_core.dataset.labels import LabelLog
    from captcha_core.dataset.split import SPLITS
    from captcha_core.dataset.store import Dataset
    from captcha_core.errors import DataError
    from captcha_core.evaluation.acceptance import choose_threshold
    from captcha_core.solver import Solver
    from experiments.guessing import guesses_of
    from experiments.material import require_same_spec

    solver, dataset = Solver.load(model), Dataset.open(data)
    require_same_spec(dataset, solver.spec)
    log = LabelLog.of(dataset.path, dataset.spec)
    written = log.read()[0]
    by_hand = [label for label in written if label.by == "hand"]
    truth = {split: _known(dataset, split, by_hand) for split in ("validation", "test")}
    if not truth["validation"]:
        raise DataError(
            f"expected labelled captchas in the validation split of {data} to choose the threshold on, received none; "
            "label some by hand first."
        )
    ids = [identity for split in SPLITS for identity in dataset.ids(split)]
    texts = [text for split in SPLITS for text in dataset.texts(split)]
    asked = set(open_ids(ids, texts, by_hand))
    samples = [sample for split in SPLITS for sample in dataset.samples(split)]
    wanted = [sample for sample in samples if sample.id in asked or any(sample.id in known for known in truth.values())]
    guesses = guesses_of(solver, wanted)
    pool = {identity: guesses[identity] for identity in asked}
    judged = [(guesses[identity], text) for identity, text in truth["validation"].items()]
    choice = choose_threshold(
        [guess.confidence for guess in pool.values()],
        [guess.confidence for guess, _ in judged],
        [guess.text == text for guess, text in judged],
        max_error,
        proven,
    )
    sure = {identity: guess for identity, guess in pool.items() if guess.confidence >= choice.threshold}
    named = f"{solver.model.name} version {solver.model.version}" if solver.model.version else solver.model.name
    new = _lines(sure, written, named)
    if not dry_run:
        log.add(new)
    held_out = [(guesses[identity], text) for identity, text in truth["test"].items()]
    facts = _facts(choice, held_out, len(pool), len(sure))
    if as_json:
        print(json.dumps({"model": model, "data": data, "max_error": max_error, "written": not dry_run, **facts}))
    else:
        print("\n".join(_report(facts, max_error)))


def _known(dataset: "Dataset", split: str, by_hand: "Sequence[Label]") -> dict[str, str]:
    """Return the labels of a split that a person or the data set's source gave."""
    from captcha_core.dataset.labels import latest

    known = dict(zip(dataset.ids(split), dataset.texts(split), strict=True))
    for identity, label in latest(by_hand).items():
        if identity in known and label.text is not None:
            known[identity] = label.text
    return {identity: text for identity, text in known.items() if text is not None}


def _lines(sure: "dict[str, Guess]", written: "Sequence[Label]", model: str) -> "list[Label]":
    """Return the lines to add: new labels, and old ones of a model that are taken back."""
    from captcha_core.dataset.labels import Label, latest, now

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


def _facts(
    choice: "Choice", held_out: "Sequence[tuple[Guess, str]]", asked: int, labelled: int
) -> dict[str, float | int | None]:
    from captcha_core.evaluation.acceptance import clopper_pearson_upper

    taken = [(guess, text) for guess, text in held_out if guess.confidence >= choice.threshold]
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
        "held_out": len(taken),
        "held_out_wrong": wrong,
        "held_out_error": wrong / len(taken) if taken else None,
        "held_out_error_at_most": clopper_pearson_upper(wrong, len(taken)),
    }


def _report(facts: dict[str, float | int | None], max_error: float) -> list[str]:
    if not facts["labelled"]:
        return [
            f"nothing labelled: no threshold keeps the error under {max_error:.1%}; label more by hand, most of all in "
            "the validation split, or train longer"
        ]
    share = facts["held_out_error"]
    measured = "no held-out label to measure on" if share is None else f"{share:.2%} measured"
    return [
        f"{facts['labelled']:,} of {facts['asked']:,} captchas labelled, {facts['left']:,} left in the queue",
        f"threshold {facts['threshold']:.4f}: {facts['expected_error']:.2%} errors to expect (bound {max_error:.2%}), "
        f"{facts['chosen_wrong']} of {facts['chosen_on']} wrong where it was chosen",
        f"held out: {measured}, {facts['held_out_wrong']} of {facts['held_out']} wrong (at most "
        f"{facts['held_out_error_at_most']:.1%} with 95 % certainty)",
    ]
