"""What the light core leaves out: the packages of each extra, and the sentence where one is missing.

The core reads captchas and serves: 300 MB. Whatever draws, trains, logs or shows comes with an extra of pyproject.toml.
"""

import sys
from importlib.util import find_spec

from captcha_core.errors import CaptchaError

# extra: the modules without which it is of no use; of a module that several bring, the first extra is named
EXTRAS: dict[str, tuple[str, ...]] = {
    "data": ("pyarrow",),
    "audio": ("soundfile", "soxr", "scipy", "espeakng_loader"),
    "draw": ("pyarrow", "numba", "captcha", "fontTools", "matplotlib"),
    "track": ("mlflow", "pandas", "numba"),
    "train": ("keras", "keras_tuner", "tensorflow", "mlflow", "numba", "tensorboard", "sklearn"),
    "dashboard": ("streamlit", "plotly", "mlflow", "numba"),
    "collect": ("playwright", "pyarrow"),
    "onnx": ("onnx", "onnxruntime", "tf2onnx"),
    "cluster": ("ray",),
    "polly": ("boto3",),
    "google": ("google.cloud.texttospeech",),
    "postgres": ("psycopg",),
    "bench": ("ddddocr",),
    "lab": ("jupyterlab", "jupytext"),
    "docs": ("material", "mkdocstrings"),
}
BESIDES = {"sqlalchemy": "track", "alembic": "track"}  # what those bring, where it is imported by name


class MissingExtra(CaptchaError):
    """A package that an extra brings, where it is not installed."""


def missing(extra: str) -> list[str]:
    """Return the modules of an extra that are not installed."""
    return [module for module in EXTRAS[extra] if not _is_there(module)]


def require(extra: str, purpose: str) -> None:
    """Refuse to begin where an extra is missing.

    Args:
        extra: A key of :data:`EXTRAS`.
        purpose: What needs it, for the sentence.

    Raises:
        MissingExtra: If it is.
    """
    if absent := missing(extra):
        raise MissingExtra(_sentence(extra, f" for {purpose}", ", ".join(absent)))


def missing_extra(error: ModuleNotFoundError) -> MissingExtra | None:
    """Return the sentence about a module that an extra brings, None for any other module."""
    name = error.name or ""
    found = [extra for extra, modules in EXTRAS.items() for one in modules if f"{name}.".startswith(f"{one}.")]
    found += [BESIDES[name.partition(".")[0]]] if name.partition(".")[0] in BESIDES else []
    return MissingExtra(_sentence(found[0], "", name)) if found else None


def _sentence(extra: str, purpose: str, absent: str) -> str:
    return (
        f"expected the extra {extra}{purpose}, received an installation without {absent}; "
        f"run pip install 'captchalab[{extra}]'."
    )


def _is_there(module: str) -> bool:
    parts = module.split(".")
    if any(sys.modules.get(".".join(parts[: end + 1]), parts) is None for end in range(len(parts))):
        return False  # what must not be imported is put there as None
    if module in sys.modules:
        return True
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even its package
        return False
