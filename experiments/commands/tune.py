"""captchalab tune: search for a better network and recipe, as one MLflow run with a child for each trial."""

import contextlib
import json
from typing import Annotated

import typer

from captcha_core.tracking.names import Metric
from experiments.terminal.options import Data, Format, PresetName, Settings, check_format


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
    cluster: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="Run them on a Ray cluster (local, auto, HOST:PORT) that sees this folder."
        ),
    ] = "",
    repeats: Annotated[
        int, typer.Option(help="Full trainings of the winner and of the default to compare; 0: none.", min=0)
    ] = 2,
    full_minutes: Annotated[float, typer.Option(help="Training time of those; 0: the preset's.", min=0)] = 0.0,
    test_samples: Annotated[int, typer.Option(help="Fresh test samples of a live stream; 0: the preset's.", min=0)] = 0,
    bundles: Annotated[int, typer.Option(help="How many of the best trials get their bundle logged.", min=0)] = 3,
    registered: Annotated[
        str, typer.Option(help="Registered model; by default captcha-PRESET, without one captcha-FOLDER.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Of the tuner's choices.", min=0)] = 0,
    format: Format = "text",
) -> None:
    """Search widths, depths, optimisers and the rest for what reads best, and register the winner as challenger.

    Each network declares what may vary; a preset's `search` section and --space narrow it. A search that was stopped
    or killed goes on with --resume, a finished one is extended with --resume and more --trials.
    """
    as_json = check_format(format)
    from captcha_core.errors import SpecError
    from captcha_core.native import start_keras
    from captcha_core.progress.console import console
    from captcha_core.tracking.runs import connect
    from captcha_core.training.search.objective import Objective
    from captcha_core.workflows.data import require_named
    from captcha_core.workflows.searching.processes import Processes

    Objective.named(objective or Metric.VAL_EXACT_MATCH)
    networks = [one for one in network or [] if one]
    if not (preset or data or resume):
        raise SpecError("expected --preset, --data or --resume, received none; captchalab presets lists the presets.")
    if minutes and epochs:
        raise SpecError("expected --minutes or --epochs for a trial, received both; leave one out.")
    if preset or data:
        require_named(preset, data)
    with contextlib.nullcontext() if cluster or workers == 1 else Processes(workers) as crew:
        connect()
        start_keras()
        from dataclasses import replace

        from captcha_core.presets.preset import EvaluationConfig, SearchConfig, load_preset
        from captcha_core.workflows.plan import plan_training
        from captcha_core.workflows.searching.plan import Limits, parse_wishes, plan_search, resume_search
        from captcha_core.workflows.searching.report import table
        from captcha_core.workflows.searching.run import SearchOptions, run_search

        overrides = parse_wishes(space or [])
        if resume:
            from pathlib import Path

            if given := [one for one in settings or [] if one]:
                raise SpecError(
                    f"expected no --set beside --resume, received {given[0]!r}: a search keeps the recipe that it "
                    "began with; leave it out, or begin a new search."
                )
            asked = {
                "preset": load_preset(preset).name if preset else "",
                "data": str(Path(data).resolve()) if data else "",
                "networks": networks,
                "tuner": tuner,
                "objective": objective,
                "overrides": {**(load_preset(preset).search.space if preset else {}), **overrides},
                "budget": {"epochs": epochs} if epochs else {"minutes": minutes} if minutes else {},
                "limits": {
                    key: value for key, value in (("latency_ms", budget_latency_ms), ("bytes", budget_bytes)) if value
                },
                "retries": retries,
                "seed": seed,
                "name": name,
                "registered": registered,
                "letters": str(Path(letters).resolve()) if letters else "",
                "evaluation": {"count": test_samples} if test_samples else {},
            }
            plan = resume_search(resume, {key: value for key, value in asked.items() if value}, trials)
        else:
            base = plan_training(preset, data, networks[0] if networks else "", registered, 0.0, settings, letters)
            if preset and networks and networks[0] == load_preset(preset).network:
                base = plan_training(preset, data, "", registered, 0.0, settings, letters)
            if test_samples:
                base = replace(base, evaluation=EvaluationConfig(count=test_samples))
            limits = Limits(budget_latency_ms or None, budget_bytes or None)
            plan = plan_search(
                base,
                name,
                tuner or "bayesian",
                trials or 12,
                seed,
                objective or Metric.VAL_EXACT_MATCH,
                networks,
                load_preset(preset).search if preset else SearchConfig(),
                overrides,
                minutes,
                epochs,
                limits,
                retries,
            )
        console.print(f"search {plan.name}: {plan.trials} trials of {', '.join(plan.networks)}", highlight=False)
        found = run_search(plan, SearchOptions(workers, cluster, repeats, full_minutes, bundles), crew)
    if as_json:
        print(json.dumps(found.record()))
        return
    console.print(table(found.record()))
    best = found.best
    values = ", ".join(f"{key} {value}" for key, value in best.values.items())
    print(
        f"{plan.name}: trial {best.id} is best, exact match {best.metrics[Metric.BEST_VAL_EXACT_MATCH]:.2%} ({values})"
    )
    if found.final:
        print(found.final.sentence())
        print(f"registered {found.final.registered} as challenger")
