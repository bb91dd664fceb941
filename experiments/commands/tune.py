"""captchalab tune: search for a better network and recipe, as one MLflow run with a child for each trial."""

import json
from typing import Annotated

import typer

from captcha_core.tracking.names import Metric
from experiments.terminal.options import (
    NEW_NAME,
    Cluster,
    Data,
    Experiment,
    Format,
    PresetName,
    Settings,
    check_format,
    parse_settings,
)


def tune(
    preset: PresetName = "",
    data: Data = "",
    network: Annotated[
        list[str] | None, typer.Option(help="Network to search; several make the choice a dimension of its own.")
    ] = None,
    tuner: Annotated[str, typer.Option(help="hyperband, bayesian (the default), random or grid.")] = "",
    trials: Annotated[int, typer.Option(help="Trials in all; 0: 12, or as many as before.", min=0)] = 0,
    name: Annotated[str, typer.Option(help="Of the search; by default PRESET-TUNER-NUMBER.")] = "",
    resume: Annotated[str, typer.Option(metavar="SEARCH", help="Go on with a search; more --trials extend it.")] = "",
    minutes: Annotated[float, typer.Option(help="Training time of a trial; 0: a third of the preset's.", min=0)] = 0.0,
    epochs: Annotated[int, typer.Option(help="Epochs of a trial in place of minutes.", min=0)] = 0,
    objective: Annotated[str, typer.Option(help=f"Metric of an epoch; by default {Metric.VAL_EXACT_MATCH}.")] = "",
    space: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE", help="Narrow a dimension: width=[8,16], dropout=0.1, learning_rate=[.001,.01]."
        ),
    ] = None,
    settings: Settings = None,
    letters: Annotated[
        str, typer.Option(metavar="DIR", help="Letters networks: learn from this data set of single letters.")
    ] = "",
    budget_latency_ms: Annotated[float, typer.Option(help="Trials slower than this are invalid.", min=0)] = 0.0,
    budget_bytes: Annotated[int, typer.Option(help="Trials whose LiteRT file is larger are invalid.", min=0)] = 0,
    retries: Annotated[int, typer.Option(help="Runs more for a trial that lost its numbers or memory.", min=0)] = 0,
    workers: Annotated[int, typer.Option(help="Trials side by side, each with its share of the threads.", min=1)] = 1,
    cluster: Cluster = "",
    repeats: Annotated[
        int | None,
        typer.Option(help="Full trainings of the winner and of the default to compare, by default 2; 0: none.", min=0),
    ] = None,
    full_minutes: Annotated[float, typer.Option(help="Training time of those; 0: the preset's.", min=0)] = 0.0,
    test_samples: Annotated[int, typer.Option(help="Fresh test samples of a live stream; 0: the preset's.", min=0)] = 0,
    bundles: Annotated[
        int | None, typer.Option(help="How many of the best trials get their bundle logged, by default 3.", min=0)
    ] = None,
    registered: Annotated[str, typer.Option(help=NEW_NAME)] = "",
    seed: Annotated[int, typer.Option(help="Of the tuner's choices.", min=0)] = 0,
    experiment: Experiment = "",
    output: Format = "text",
) -> None:
    """Search widths, depths, optimisers and the rest for what reads best, and register the winner as challenger.

    Each network declares what may vary; a preset's `search` section and --space narrow it. A search that was stopped
    or killed goes on with --resume, a finished one is extended with --resume and more --trials.
    """
    as_json = check_format(output)
    from captcha_core.progress import console
    from captcha_core.workflows.search import search

    found = search(
        preset,
        data,
        networks=[one for one in network or [] if one],
        tuner=tuner,
        trials=trials,
        name=name,
        minutes=minutes,
        epochs=epochs,
        objective=objective,
        space=parse_settings(space, "--space"),
        settings=parse_settings(settings),
        letters=letters,
        latency_ms=budget_latency_ms,
        model_bytes=budget_bytes,
        retries=retries,
        seed=seed,
        test_samples=test_samples,
        registered=registered,
        resume=resume,
        workers=workers,
        cluster=cluster,
        repeats=repeats,
        full_minutes=full_minutes,
        bundles=bundles,
    )
    if as_json:
        print(json.dumps(found.record()))
        return
    from captcha_core.workflows.searching.report import table

    console.print(table(found.record()))
    best = found.best
    values = ", ".join(f"{key} {value}" for key, value in best.values.items())
    exact = best.metrics[Metric.BEST_VAL_EXACT_MATCH]
    print(f"{found.plan.name}: trial {best.id} is best, exact match {exact:.2%} ({values})")
    if found.final:
        print(found.final.sentence())
        print(f"registered {found.final.registered} as challenger")
