"""What is inside a registered version: opened and checked, described, and offered as files."""

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from captcha_core.bundle.bundle import FILES, SUMS, Bundle
from captcha_core.registry.versions import locate
from dashboard.widgets.text import file_name, number


def opened(uri: str) -> Bundle:
    """Open the bundle behind an address, every sum checked.

    Raises:
        CaptchaError: If it is gone or is not what was registered.
    """
    located = locate(uri)
    return Bundle.open(located.path, located.digest)


def facts(bundle: Bundle) -> pd.DataFrame:
    """Return what a bundle is, a row a fact."""
    return pd.DataFrame([(key, _shown(value)) for key, value in _flat(_plain(bundle))], columns=["fact", "value"])


def difference(a: Bundle, b: Bundle, name_a: str, name_b: str) -> pd.DataFrame:
    """Return the facts in which two bundles differ."""
    facts_a, facts_b = dict(_flat(_plain(a))), dict(_flat(_plain(b)))
    keys = [key for key in {**facts_a, **facts_b} if facts_a.get(key) != facts_b.get(key) and key != "sha256"]
    rows = [(key, _shown(facts_a.get(key, "")), _shown(facts_b.get(key, ""))) for key in keys]
    return pd.DataFrame(rows, columns=["fact", f"version {name_a}", f"version {name_b}"])


def _plain(bundle: Bundle) -> dict[str, Any]:
    config = bundle.config
    return {
        "network": config.network,
        "options": config.options,
        "head": config.head,
        "quantised": config.quantised,
        "preset": config.preset or "",
        "captcha": bundle.spec.model_dump(exclude_none=True),
        "features": config.features.model_dump(),
        "metrics": bundle.metrics,
        "bytes of the LiteRT file": bundle.litert_path.stat().st_size,
        "sha256": bundle.digest,
    }


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in values.items():
        name = f"{prefix}{key}"
        found += _flat(value, f"{name}.") if isinstance(value, Mapping) else [(name, value)]
    return found


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else number(value)


@dataclass(frozen=True)
class File:
    """A file to download: its bytes are read when somebody does."""

    label: str
    name: str
    size_bytes: int
    read: Callable[[], bytes]


def files(bundle: Bundle, stem: str) -> list[File]:
    """Return what can be downloaded of a bundle."""
    plain = file_name(stem, "model")
    litert, keras = bundle.litert_path, bundle.keras_path
    return [
        File("LiteRT", f"{plain}.tflite", litert.stat().st_size, litert.read_bytes),
        File("Keras", f"{plain}.keras", keras.stat().st_size, keras.read_bytes),
        File("Whole bundle", f"{plain}.zip", 0, lambda: _zipped(bundle)),
    ]


FORMATS = {"ONNX": ("onnx", "onnx"), "LiteRT with 8-bit weights": ("litert-int8", "tflite")}
EXPORTS = Path("exports")


def converted(uri: str, stem: str, form: str) -> tuple[Path, tuple[str, ...]]:
    """Return where a conversion of a version lies once it is made, and the command line that makes it.

    Converting takes TensorFlow and half a minute, so it is a process of its own.

    Args:
        uri: The version.
        stem: What the file is called.
        form: One of :data:`FORMATS`.
    """
    name, ending = FORMATS[form]
    path = EXPORTS / f"{file_name(stem, 'model')}-{name}.{ending}"
    return path, ("export", "--model", uri, "--format", name, "--out", path.as_posix())


def _zipped(bundle: Bundle) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in (*FILES, SUMS):
            archive.write(bundle.path / name, name)
    return file.getvalue()
