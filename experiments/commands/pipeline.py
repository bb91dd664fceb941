"""captchalab pipeline: from nothing to a served champion."""

from typing import Annotated

import typer

from experiments.terminal.options import Data, Experiment, Minutes, PresetName


def pipeline(
    preset: PresetName = "",
    data: Data = "",
    minutes: Minutes = 0.0,
    if_missing: Annotated[bool, typer.Option("--if-missing", help="Do nothing where there is a champion.")] = False,
    experiment: Experiment = "",
) -> None:
    """Generate captchas, train, evaluate on samples that training never saw, register, and promote to champion.

    Where there is a champion already, both read the same test samples and the preset's rule decides; the champion stays
    if it says no. A preset with a scheme is evaluated on fresh captchas, the same on every machine; they stay
    in data/PRESET-test. Without a preset it is digits4, or the recipe for any data set where one is given.
    """
    from captcha_core.progress import console
    from captcha_core.registry.versions import CHAMPION, version_behind
    from captcha_core.tracking.connect import connect
    from captcha_core.workflows.plan import plan_training, registered_name
    from captcha_core.workflows.promote import compare_and_promote
    from captcha_core.workflows.train import train_plan

    connect()
    preset = preset or ("" if data else "digits4")
    if if_missing and version_behind(name := registered_name(preset, data), CHAMPION):
        console.print(f"{name} has a champion already; nothing to train.")
        return
    plan = plan_training(preset, data, minutes=minutes)
    if plan.scheme:
        console.print(f"generate   {plan.evaluation.count:,} fresh captchas in data/{plan.preset}-test")
    tested = plan.tested()
    config = plan.task.config
    budget = f"{config.minutes:g} minutes at most" if config.minutes else f"{config.whole_epochs} epochs"
    console.print(f"train      {plan.task.network} for {budget}")
    outcome = train_plan(plan)
    console.print(f"evaluate   exact match {outcome.report.exact_match}")
    promotion = compare_and_promote(outcome.name, outcome.version, tested)
    if promotion.entry is None:
        console.print(f"promote    {promotion.verdict}", highlight=False)
        print(f"promote    the champion of {outcome.name} stays; version {outcome.version} is challenger")
        return
    print(f"promote    {outcome.name} version {outcome.version} is champion: exact match {outcome.report.exact_match}")
