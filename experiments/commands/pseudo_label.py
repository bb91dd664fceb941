"""``captchalab pseudo-label``: a model labels what it is sure of."""

import json
from typing import Annotated, Any

import typer

from experiments.terminal.options import Format, Model, check_format


def pseudo_label(
    model: Model,
    data: Annotated[str, typer.Option(metavar="DIR", help="Data set whose open captchas are to be labelled.")],
    max_error: Annotated[float, typer.Option(help="Most errors among the labels, as a share.", min=0, max=1)] = 0.01,
    proven: Annotated[
        bool,
        typer.Option(
            "--proven",
            help="Ask for proof from the labels of the test split alone (95 % Clopper-Pearson): 299 for 0.01.",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Choose and report, write nothing.")] = False,
    format: Format = "text",
) -> None:
    """Label what a model is sure of, and leave the rest in the queue of the Label page.

    The confidence threshold is chosen on the captchas of the test split that are labelled by hand, so that the error to
    expect among the new labels stays under --max-error. Those of the validation split chose the model's best epoch and
    prove nothing; how many of them contradict the model is reported beside it. With few labels to judge by this is an
    estimate: --proven asks for proof. Labels that an earlier run gave and this one would not give are taken back;
    labels by hand are never touched.
    """
    as_json = check_format(format)
    from captcha_core.dataset.store import Dataset
    from captcha_core.solver import Solver
    from captcha_core.workflows.pseudo_label import label_what_is_sure

    facts = label_what_is_sure(Solver.load(model), Dataset.open(data), max_error, proven, dry_run)
    if as_json:
        print(json.dumps({"model": model, "data": data, "max_error": max_error, "written": not dry_run, **facts}))
    else:
        print("\n".join(_report(facts, max_error, proven)))


def _report(facts: dict[str, Any], max_error: float, proven: bool) -> list[str]:
    if not facts["asked"]:
        return ["nothing to label: every captcha has a label by hand or came with one"]
    if not facts["labelled"]:
        return [
            f"nothing labelled: no threshold keeps the errors to expect under {max_error:.1%}; label more by hand and "
            f"train again, or allow more with --max-error{_proof(facts, max_error) if proven else ''}"
        ]
    return [
        f"{facts['labelled']:,} of {facts['asked']:,} captchas labelled, {facts['left']:,} left in the queue",
        f"errors to expect among them: {facts['expected_error']:.2%} (bound {max_error:.2%}), all with a confidence of "
        f"at least {facts['threshold']:.4f}",
        f"on the test split, where that was chosen: {_contradicted(facts['chosen_wrong'], facts['chosen_on'])}: at "
        f"most {facts['chosen_error_at_most']:.1%} errors with 95 % certainty",
        "on the validation split, which chose the model's epoch and proves nothing: "
        f"{_contradicted(facts['validation_wrong'], facts['validation'])}",
    ]


def _contradicted(wrong: int, n: int) -> str:
    return f"{wrong:,} of {n:,} labels by hand contradict it" if n else "no label by hand to judge by"


def _proof(facts: dict[str, Any], max_error: float) -> str:
    """Return how many labels a proof takes, in words."""
    from captcha_core.evaluation.significance import needed_samples

    if not 0 < max_error < 1:
        return ""
    return (
        f"; a proof takes at least {needed_samples(max_error):,} labels of the test split that the model reads, all "
        f"right, and there are {facts['judged_by']:,}"
    )
