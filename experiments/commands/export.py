"""captchalab export: a model for other programs."""

from typing import TYPE_CHECKING, Annotated

import typer

from experiments.terminal.options import Data, Model

NOISE = "noise"

if TYPE_CHECKING:
    import numpy as np

    from captcha_core.bundle.bundle import Bundle


def export(
    model: Model,
    out: Annotated[str, typer.Option(metavar="FILE", help="Ends in .tflite, .onnx or .keras.", show_default=False)],
    kind: Annotated[str, typer.Option("--format", help="litert, litert-int8, onnx, keras or ddddocr.")] = "litert",
    data: Data = "",
) -> None:
    """Write a version as LiteRT (float32 or quantised), ONNX or Keras, or as files that the package ddddocr takes.

    Beside FILE stand FILE.json, which says what goes in and what comes out, and FILE.py, a program that uses both.
    Before that the file's answers to 500 samples are compared with those of Keras: samples of --data, or of the
    preset's scheme, or noise where there is neither (quantised weights need real ones).
    """
    from pathlib import Path

    from captcha_core.bundle.bundle import Bundle
    from captcha_core.bundle.export import check_file
    from captcha_core.bundle.export import export as write
    from captcha_core.dataset.store import Dataset, require_same_spec
    from captcha_core.errors import ModelError
    from captcha_core.native import start_keras
    from captcha_core.registry.versions import locate
    from captcha_core.tracking.connect import connect

    check_file(kind, Path(out))  # before the seconds that the learner takes
    connect()
    located = locate(model)
    bundle = Bundle.open(located.path, located.digest)
    if data:
        require_same_spec(Dataset.open(Path(data)), bundle.spec)
    start_keras()
    features, where = _features(bundle, data)
    if where == NOISE and kind == "litert-int8":
        raise ModelError(
            "expected samples to check quantised weights on, received none; give --data DIR with captchas of the kind "
            "that the model reads."
        )
    parity = write(bundle, located.model, kind, Path(out), features)
    print(f"{out}: {parity}, on {where}")


def _features(bundle: "Bundle", data: str) -> "tuple[np.ndarray, str]":
    """Return inputs for the parity check, and what they are."""
    from pathlib import Path

    import numpy as np

    from captcha_core.bundle.export import PARITY_SAMPLES
    from captcha_core.dataset.store import Dataset
    from captcha_core.errors import SpecError
    from captcha_core.presets.preset import load_preset
    from captcha_core.sources.generate import draw_arrays
    from captcha_core.sources.schemes import get_scheme

    seen = bundle.config.features
    if data:
        samples = Dataset.open(Path(data)).spread("test", PARITY_SAMPLES)
        return np.stack([seen.from_media(sample.media, bundle.spec) for sample in samples]), data
    try:
        scheme = get_scheme(load_preset(bundle.config.preset or "").scheme or "")
    except SpecError:
        noise = np.random.default_rng(0).integers(0, 256, (PARITY_SAMPLES, *seen.shape))
        return noise.astype(seen.dtype), NOISE
    arrays, _ = draw_arrays(scheme, 0, range(PARITY_SAMPLES))
    return np.stack([seen.from_array(array) for array in arrays]), scheme.name
