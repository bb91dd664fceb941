"""The knobs of a scheme alone, in a folder: what ``captchalab knobs`` does."""

import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from captcha_core.assessment.effects import Effect
from captcha_core.assessment.knobs import settings_of
from captcha_core.assessment.run import EFFECTS
from captcha_core.assessment.trained import generator_preset
from captcha_core.assessment.turning import factorial, fixed_effects, model_task, turn
from captcha_core.assessment.verdict import percent
from captcha_core.errors import DataError, disk_error
from captcha_core.files import locked, read_json, require_empty, write_json
from captcha_core.journal import Journal
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.schemes import get_scheme
from captcha_core.tracking.runs import RUNS

ASKED, TABLE = "knobs.json", "table.json"


def turn_knobs(
    name: str,
    out: str | Path,
    *,
    model: str = "",
    only: Sequence[str] = (),
    minutes: float = 0.5,
    seeds: int = 2,
    hours: float = 1.0,
) -> dict[str, Any]:
    """Turn the knobs of a scheme one at a time; what is in the folder from an earlier call is not done again.

    Args:
        name: Of the scheme, or its YAML file.
        out: Folder for the table.
        model: Address of a model that reads the scheme; by default one is trained as its preset says.
        only: Knobs to turn, all when there are none.
        minutes: Training of each level; 0 leaves the model as it is.
        seeds: How often each level is learnt.
        hours: Time that all may take.

    Returns:
        The table: ``knobs`` with a row for each level, ``factorial`` with the main effects of knobs turned together.

    Raises:
        SpecError: If there is no such scheme or knob.
        DataError: If the folder holds the knobs of something else, or cannot be written.
        ModelError: If the model cannot be used.
    """
    scheme, folder, began = get_scheme(name), Path(out), time.monotonic()
    settings = settings_of(scheme, only)
    _claim(folder, name, model)
    with locked(folder, f"expected nobody at work in {out}, received another command; wait for it."):
        reader = model or _trained(name, scheme, folder)
        log = Journal(folder / EFFECTS)
        known = {effect.key: effect for effect in log.records(Effect)}
        effects = fixed_effects(scheme, settings, reader, known)
        if minutes:
            effects = turn(
                settings, effects, reader, model_task(reader, name, scheme),
                lambda effect: log.append([effect.model_dump_json()]),
                lambda: 3600 * hours - (time.monotonic() - began), minutes, seeds,
            )  # fmt: skip
        found = {"scheme": name, "knobs": [effect.as_dict() for effect in effects], "factorial": {}}
        if not only:
            found["factorial"] = factorial(scheme, reader)
        write_json(folder / TABLE, found, indent=1)
    return found


def _claim(folder: Path, name: str, model: str) -> None:
    asked = {"scheme": name, "model": model}
    try:
        there = read_json(folder / ASKED)
        if there is None:
            require_empty(folder)
        if there not in (None, asked):
            raise DataError(
                f"expected the knobs of {name} in {folder}, received those of {there}; choose another --out."
            )
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / ASKED, asked)
    except OSError as error:
        raise disk_error(folder, error) from None


def _trained(where: str, scheme: Scheme, folder: Path) -> str:
    """Return the folder of a model for the scheme, trained as its preset says where there is none yet."""
    bundle = folder / "model" / "bundle"
    if (bundle / "SHA256SUMS").is_file():
        return str(bundle)
    from captcha_core import native
    from captcha_core.workflows.plan import plan_training

    native.start_keras()
    from captcha_core.tracking.names import Kind, Tag
    from captcha_core.tracking.runs import start_run
    from captcha_core.workflows.logged_training import TrainingBar, bundle_of, fit_logged

    plan = plan_training(generator_preset(where, scheme), name="captcha-knobs")
    shutil.rmtree(folder / "model", ignore_errors=True)
    (folder / "model").mkdir()
    with start_run(f"knobs {scheme.name}", {Tag.KIND: Kind.TRAIN, Tag.PRESET: plan.label}, keep=RUNS) as run:
        data = plan.training_data()
        bundle_of(bundle, plan, fit_logged(run, plan, data, [TrainingBar(plan.task.config)], None), data)
    return str(bundle)


def table_of(found: Mapping[str, Any]) -> str:
    """Return the table as text."""
    lines = [f"{'knob':<28} {'level':<30} {'fixed':>8} {'retrained':>10}  95 % interval, n"]
    for row in found["knobs"]:
        again = row["retrained"]
        level = row["level"] + (" (as it is)" if row["is_base"] and row["level"] != "as it is" else "")
        shown = "-" if again is None else percent(again["value"])
        spread = "" if again is None else f"{percent(again['low'])} to {percent(again['high'])}, {again['n']:,}"
        lines.append(
            f"{row['label']:<28} {level:<30} {percent(row['fixed']['value']):>8} {shown:>10}  {row['reason'] or spread}"
        )
    return "\n".join(lines)
