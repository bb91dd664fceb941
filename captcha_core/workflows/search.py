"""Search for a better network and recipe: what ``captchalab tune`` does, for Python."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from captcha_core import native
from captcha_core.errors import SpecError
from captcha_core.presets.preset import EvaluationConfig, SearchConfig, load_preset
from captcha_core.tracking.connect import connect
from captcha_core.tracking.names import Metric
from captcha_core.training.search.objective import Objective
from captcha_core.workflows.plan import NO_START, plan_training, recorded_path
from captcha_core.workflows.searching.processes import Processes

if TYPE_CHECKING:
    from captcha_core.workflows.searching.run import SearchResult


def search(
    preset: str | None = None,
    data: str | Path | None = None,
    *,
    networks: Sequence[str] = (),
    tuner: str | None = None,
    trials: int | None = None,
    name: str | None = None,
    minutes: float | None = None,
    epochs: int | None = None,
    objective: str | None = None,
    space: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    letters: str | Path | None = None,
    latency_ms: float | None = None,
    model_bytes: int | None = None,
    retries: int = 0,
    seed: int = 0,
    test_samples: int | None = None,
    registered: str | None = None,
    resume: str | None = None,
    workers: int = 1,
    cluster: str | None = None,
    repeats: int | None = None,
    full_minutes: float | None = None,
    bundles: int | None = None,
) -> "SearchResult":
    """Try settings of a training as trials of one MLflow run, and register the winner as challenger.

    A search that was stopped or killed goes on with ``resume``; what is given beside it must agree with the search, but
    for ``trials``, which extends it, and how it is carried out (``workers`` and what follows).

    Args:
        preset: A preset's name or a YAML file; its ``search`` section narrows the space.
        data: Folder of a data set, in place of the preset's.
        networks: Networks to choose among; by default the preset's.
        tuner: ``hyperband``, ``bayesian`` (the default), ``random`` or ``grid``.
        trials: How many in all; by default 12, or as many as before.
        name: Of the search; by default PRESET-TUNER-NUMBER.
        minutes: Training time of a trial in minutes; by default a third of the preset's; or
        epochs: its length in epochs.
        objective: Metric of an epoch; by default ``val_exact_match``.
        space: What to leave of a dimension, by its name: a value, a list of values, or ``low`` and ``high``.
        settings: Settings of the training that all trials share, as :func:`captcha_core.train` takes them.
        letters: For letters networks: single letters to learn from.
        latency_ms: Trials whose LiteRT file needs more milliseconds a captcha fail.
        model_bytes: Trials whose LiteRT file is larger fail.
        retries: How often a trial that failed for a passing reason (its loss ran away, memory was short) is run again.
        seed: Of the tuner's choices.
        test_samples: Fresh test samples of a live stream; by default the preset's.
        registered: Registered model; by default ``captcha-PRESET``, without a preset ``captcha-FOLDER``.
        resume: Name of the search to go on with.
        workers: Trials side by side, each with its share of the threads.
        cluster: Address of a Ray cluster that runs them and sees this folder.
        repeats: Full trainings of the winner and of the default to compare, by default 2; 0 leaves the comparison out.
        full_minutes: Training time of those in minutes; by default the preset's.
        bundles: How many of the best trials get their bundle logged, by default 3. A search that is resumed keeps this,
            ``repeats`` and ``full_minutes`` as it was begun with.

    Returns:
        The trials, the best of them and the comparison with the default.

    Raises:
        SpecError: If a name is unknown, or arguments contradict each other or the search that is resumed.
        DataError: If a data set cannot be read, or a file cannot be written.
        ModelError: If no trial works, or another process runs this search.
        RegistryError: If the tracking server stays away.
    """
    Objective.named(objective or Metric.VAL_EXACT_MATCH)
    if not (preset or data or resume):
        raise SpecError("expected --preset, --data or --resume, received none; captchalab presets lists the presets.")
    if minutes and epochs:
        raise SpecError("expected --minutes or --epochs for a trial, received both; leave one out.")
    if resume and settings:
        shown = ", ".join(f"{key}={value}" for key, value in settings.items())
        raise SpecError(
            f"expected no --set beside --resume, received {shown!r}: a search keeps the recipe that it began with; "
            "leave it out, or begin a new search."
        )
    found = load_preset(preset) if preset else None
    base = None
    if not resume:
        network = networks[0] if networks else ""
        base = plan_training(found, data, network, registered, settings=settings, letters=letters, start_from=NO_START)
        base = replace(base, evaluation=EvaluationConfig(count=test_samples)) if test_samples else base
    with Processes(workers) if workers > 1 and not cluster else contextlib.nullcontext() as processes:
        connect()
        native.start_keras()
        from captcha_core.workflows.searching.plan import SearchLimits, plan_search, resume_search
        from captcha_core.workflows.searching.run import SearchOptions, run_search

        if base is not None:
            plan = plan_search(
                base,
                name=name or "",
                tuner=tuner or "bayesian",
                trials=trials or 12,
                seed=seed,
                objective=objective or Metric.VAL_EXACT_MATCH,
                networks=networks,
                config=found.search if found else SearchConfig(),
                overrides=space,
                minutes=minutes or 0.0,
                epochs=epochs or 0,
                limits=SearchLimits(latency_ms or None, model_bytes or None),
                retries=retries,
            )
        else:
            given = {
                "preset": found and found.name,
                "data": recorded_path(str(data or "")),
                "networks": list(networks),
                "tuner": tuner,
                "objective": objective,
                "overrides": {**(found.search.space if found else {}), **(space or {})},
                "budget": {"epochs": epochs} if epochs else {"minutes": minutes} if minutes else {},
                "limits": {k: v for k, v in (("latency_ms", latency_ms), ("bytes", model_bytes)) if v},
                "retries": retries,
                "seed": seed,
                "name": name,
                "registered": registered,
                "letters": recorded_path(str(letters or "")),
                "evaluation": {"count": test_samples} if test_samples else {},
            }
            plan = resume_search(resume or "", {key: value for key, value in given.items() if value}, trials or 0)
        asked = {"repeats": repeats, "full_minutes": full_minutes or None, "bundles": bundles}
        ending = SearchOptions.begun_with(plan) | {key: value for key, value in asked.items() if value is not None}
        return run_search(plan, SearchOptions(workers, cluster or "", **ending), processes)
