"""Read labelled samples with a model."""

from collections.abc import Sequence

from rich.progress import track

from captcha_core.errors import CaptchaError
from captcha_core.evaluation.report import Report
from captcha_core.progress.console import console
from captcha_core.solver import Solver
from captcha_core.spec.answer import Answer
from captcha_core.spec.sample import Sample


def read_all(solver: Solver, samples: Sequence[Sample]) -> Report:
    """Read every sample, one at a time as a user would; what cannot be read counts as wrong."""
    answers: list[Answer | None] = []
    for sample in track(samples, "reading", console=console, transient=True):
        try:
            answers.append(solver.solve(sample.media))
        except CaptchaError:
            answers.append(None)
    return Report(solver.spec, samples, answers)
