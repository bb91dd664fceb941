"""Solve captchas with a model, and describe for each what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from captcha_core.errors import CaptchaError
from captcha_core.solver import Solver
from captcha_core.spec.answer import Answer, ModelIdentity
from dashboard.solve.uploads import Upload
from dashboard.widgets.text import plain

NOUNS = {"image": "a picture", "audio": "a clip"}


@dataclass(frozen=True)
class SolveResult:
    """What one model made of one captcha: an answer, or the reason why there is none."""

    upload: Upload
    model: ModelIdentity
    answer: Answer | None
    fault: str = ""


def label_of(model: ModelIdentity) -> str:
    """Return a model's name as the pages write it."""
    parts = (
        [model.name] + ([f"version {model.version}"] if model.version else []) + ([model.alias] if model.alias else [])
    )
    return " · ".join(parts)


def read(solver: Solver, uploads: Sequence[Upload]) -> list[SolveResult]:
    """Read each captcha on its own, as a user would who has one."""
    return [_one(solver, upload) for upload in uploads]


def _one(solver: Solver, upload: Upload) -> SolveResult:
    if upload.kind != solver.spec.media:
        fault = f"This is {NOUNS[upload.kind]}; the model reads {NOUNS[solver.spec.media]}. Choose another model."
        return SolveResult(upload, solver.model, None, fault)
    try:
        return SolveResult(upload, solver.model, solver.solve(upload.media))
    except CaptchaError as error:
        return SolveResult(upload, solver.model, None, f"It cannot be read. {plain(error)}")


def batch_table(results: Sequence[SolveResult]) -> pd.DataFrame:
    """Return a row for each result, for the screen and for CSV; answers of their own only where sums were read."""
    sums = any(result.answer and (result.answer.answer or result.answer.refusal) for result in results)
    frame = pd.DataFrame(
        [
            {
                "file": result.upload.name,
                "text": result.answer.text if result.answer else "",
                "answer": (result.answer.typed if result.answer else None) or "",
                "confidence": result.answer.confidence if result.answer else None,
                "weakest character": weakest(result.answer) if result.answer else None,
                "milliseconds": result.answer.elapsed_ms if result.answer else None,
                "model": label_of(result.model),
                "fault": result.fault,
            }
            for result in results
        ],
        columns=["file", "text", "answer", "confidence", "weakest character", "milliseconds", "model", "fault"],
    )
    return frame if sums else frame.drop(columns="answer")


def weakest(answer: Answer) -> float | None:
    """Return the confidence of the character that the model is least sure of."""
    return min((one.confidence for one in answer.characters), default=None)
