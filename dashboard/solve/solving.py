"""Read a pile of captchas with one or several models, and say for each what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from captcha_core.bundle.identity import ModelIdentity
from captcha_core.errors import CaptchaError
from captcha_core.solver import Solver
from captcha_core.spec.answer import Answer
from dashboard.solve.uploads import Item


@dataclass(frozen=True)
class Reading:
    """What one model made of one captcha: an answer, or the reason why there is none."""

    item: Item
    model: ModelIdentity
    answer: Answer | None
    fault: str = ""


def label_of(model: ModelIdentity) -> str:
    """Return a model's name as the pages write it."""
    parts = (
        [model.name] + ([f"version {model.version}"] if model.version else []) + ([model.alias] if model.alias else [])
    )
    return " · ".join(parts)


def read(solver: Solver, items: Sequence[Item]) -> list[Reading]:
    """Read each captcha on its own, as a user would who has one."""
    return [_one(solver, item) for item in items]


def _one(solver: Solver, item: Item) -> Reading:
    if item.kind != solver.spec.media:
        fault = f"expected {_a(solver.spec.media)} for this model, received {_a(item.kind)}; choose another model."
        return Reading(item, solver.model, None, fault)
    try:
        return Reading(item, solver.model, solver.solve(item.media))
    except CaptchaError as error:
        return Reading(item, solver.model, None, str(error))


def _a(kind: str) -> str:
    return "an image" if kind == "image" else "a clip"


def batch_table(readings: Sequence[Reading]) -> pd.DataFrame:
    """Return a row for each reading, for the screen and for CSV."""
    return pd.DataFrame(
        [
            {
                "file": reading.item.name,
                "text": reading.answer.text if reading.answer else "",
                "confidence": reading.answer.confidence if reading.answer else None,
                "weakest character": weakest(reading.answer) if reading.answer else None,
                "milliseconds": reading.answer.elapsed_ms if reading.answer else None,
                "model": label_of(reading.model),
                "fault": reading.fault,
            }
            for reading in readings
        ],
        columns=["file", "text", "confidence", "weakest character", "milliseconds", "model", "fault"],
    )


def weakest(answer: Answer) -> float | None:
    """Return the confidence of the character that the model is least sure of."""
    return min((one.confidence for one in answer.characters), default=None)
