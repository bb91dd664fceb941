"""``captchalab pseudo-label``: a model labels what it is sure of."""

import json
from typing import Annotated, Any

import typer

from experiments.options import Format, Model, check_format


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
    from captcha_core.dataset.store import Dataset
    from captcha_core.solver import Solver
    from experiments.pseudo_labelling import label_what_is_sure

    facts = label_what_is_sure(Solver.load(model), Dataset.open(data), max_error, proven, dry_run)
    if as_json:
        print(json.dumps({"model": model, "data": data, "max_error": max_error, "written": not dry_run, **facts}))
    else:
        print("\n".join(_report(facts, max_error)))


def _report(facts: dict[str, Any], max_error: float) -> list[str]:
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
