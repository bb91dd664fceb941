"""captchalab evaluate: how well a model reads a data set."""

import json
from pathlib import Path
from typing import Annotated

import typer

from experiments.terminal.options import Cluster, Data, Experiment, Format, Model, Split, check_format

WIDTH = 28  # of the names beside the figures


def evaluate(
    model: Model,
    data: Data,
    split: Split = "test",
    out: Annotated[str, typer.Option(metavar="DIR", help="Also write the report's tables and pictures here.")] = "",
    cluster: Cluster = "",
    min_confidence: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Also report how many captchas are answered at least this sure, and how often right."
        ),
    ] = None,
    experiment: Experiment = "",
    output: Format = "text",
) -> None:
    """Evaluate a model on a split of a data set: exact match with its 95 % interval, and the rest beside it.

    A sample that cannot be read counts as wrong. It is an MLflow run of its own.
    """
    as_json = check_format(output)

    from captcha_core.dataset.store import Dataset
    from captcha_core.evaluation.causes import Inquiry
    from captcha_core.evaluation.metrics import right
    from captcha_core.evaluation.risk import at_confidence
    from captcha_core.workflows.logged_reading import evaluate_logged

    dataset = Dataset.open(Path(data))
    report = evaluate_logged(model, dataset, split, cluster)
    if out:
        report.write(Path(out))
    sure = None
    if min_confidence is not None:
        hits = right(report.truth, report.read).tolist()
        sure = at_confidence(report.confidences, hits, min_confidence)
    if as_json:
        about = {"model": model, "data": data, "digest": dataset.digest, "split": split}
        print(json.dumps({**about, **report.numbers, **({"sure": sure.as_dict()} if sure else {})}))
        return
    print(f"{'exact match':<{WIDTH}}{report.exact_match}")
    if report.answers_match is not None:
        print(f"{'answers right':<{WIDTH}}{report.answers_match}")
    for operator, share in report.by_operator.items():
        print(f"{f'answers right, {operator}':<{WIDTH}}{share}")
    for key in ("character_error_rate", "per_position_accuracy", "expected_calibration_error"):
        print(f"{key.replace('_', ' '):<{WIDTH}}{report.numbers[key]:.4f}")
    print(f"{'unreadable':<{WIDTH}}{report.numbers['unreadable']:.0f}")
    if "latency_p50_ms" in report.numbers:
        print(f"{'latency p50':<{WIDTH}}{report.numbers['latency_p50_ms']:.2f} ms")
    if sure is not None:
        print(f"{f'answered from {min_confidence:g} on':<{WIDTH}}{sure.answered}")
        print(f"{'right of these':<{WIDTH}}{sure.right}")
    for cause in Inquiry(report).causes():
        print(f"- {cause.sentence}")
