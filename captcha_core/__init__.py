"""Captcha recognition as a library: train networks, search, evaluate, promote and solve, every run tracked in MLflow.

Presets and seeds side by side, each training a run in MLflow and a version in its registry:

    from captcha_core import evaluate, promote, train

    results = []
    for preset in ("digits4", "alnum4"):
        for seed in range(3):
            outcome = train(preset, minutes=3, seed=seed)
            results.append((outcome.report.exact_match, outcome))
    best = max(results, key=lambda result: result[0].value)[1]
    print(best.run_id, best.report.exact_match)
    promote(best.name, best.version)

Names are imported when they are first used: ``import captcha_core`` alone costs nothing. Errors that a user can mend
are subclasses of :class:`captcha_core.errors.CaptchaError`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from captcha_core.dataset.store import Dataset
    from captcha_core.solver import Solver
    from captcha_core.spec.captcha import CaptchaSpec
    from captcha_core.workflows.evaluate import evaluate
    from captcha_core.workflows.promote import compare_and_promote as promote
    from captcha_core.workflows.search import search
    from captcha_core.workflows.train import train

    __version__: str

__all__ = ["CaptchaSpec", "Dataset", "Solver", "__version__", "evaluate", "promote", "search", "train"]

_HOMES = {
    "CaptchaSpec": ("captcha_core.spec.captcha", "CaptchaSpec"),
    "Dataset": ("captcha_core.dataset.store", "Dataset"),
    "Solver": ("captcha_core.solver", "Solver"),
    "evaluate": ("captcha_core.workflows.evaluate", "evaluate"),
    "promote": ("captcha_core.workflows.promote", "compare_and_promote"),
    "search": ("captcha_core.workflows.search", "search"),
    "train": ("captcha_core.workflows.train", "train"),
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("captchalab")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
