"""A model as a file that other programs run, with all they need to know beside it and an example of its use."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from captcha_core.bundle import ddddocr_format
from captcha_core.bundle.bundle import Bundle, LiteRT
from captcha_core.errors import ModelError, disk_error
from captcha_core.extras import require
from captcha_core.features.contract import FeaturesModel
from captcha_core.files import write_file
from captcha_core.models.decode import read
from captcha_core.spec.answer import ModelIdentity

SUFFIX = {"litert": ".tflite", "litert-int8": ".tflite", "onnx": ".onnx", "keras": ".keras", "ddddocr": ".onnx"}
FORMATS = tuple(SUFFIX)
EXACT_WITHIN = 1e-3  # of the largest logit; float32 in another order of summation
AGREE_AT_LEAST = 0.98  # of the texts, for quantised weights
PARITY_SAMPLES = 500

Run = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Parity:
    """How far a file's answers are from those of the Keras model.

    Args:
        n: Samples.
        largest: Largest difference of a logit, in largest logits.
        agree: Share of equal texts.
    """

    n: int
    largest: float
    agree: float

    def __str__(self) -> str:
        return f"{self.agree:.2%} equal texts, logits at most {self.largest:.2e} of the largest apart, n = {self.n:,}"


def export(bundle: Bundle, model: ModelIdentity, kind: str, out: Path, features: np.ndarray) -> Parity:
    """Write FILE, FILE.json (the specification and how to feed it) and FILE.py (an example), after a parity check.

    For ddddocr ``charsets.json`` lies beside them.

    Args:
        bundle: What to write.
        model: What to call it.
        kind: One of :data:`FORMATS`.
        out: The file.
        features: Inputs (N, ...) to check the file with against Keras.

    Raises:
        ModelError: If the format is unknown, cannot hold the model, or computes something else.
    """
    check_file(kind, out)
    if kind == "ddddocr":
        ddddocr_format.shape_of(bundle)  # refused before anything is written
    keras_model = load_keras(bundle)
    content = _converted(bundle, keras_model, kind)
    parity = _parity(bundle, keras_model, _runner(bundle, kind, content), features)
    if parity.agree < AGREE_AT_LEAST or (kind != "litert-int8" and parity.largest > EXACT_WITHIN):
        raise ModelError(f"expected {kind} to compute what Keras computes, received {parity}; nothing was written.")
    out.parent.mkdir(parents=True, exist_ok=True)
    about = _about(bundle, model, kind)
    _write(out, _with_spec_inside(content, about) if kind == "onnx" else content)
    _write(out.with_name(out.name + ".json"), json.dumps(about, indent=1, ensure_ascii=False).encode())
    _write(out.with_name(out.name + ".py"), example(bundle, kind, out.name).encode())
    if kind == "ddddocr":
        _write(out.with_name(ddddocr_format.CHARSETS), ddddocr_format.charsets(bundle))
    return parity


def check_file(kind: str, out: Path) -> None:
    """Refuse a file that cannot be written before anything is started for it.

    Raises:
        ModelError: If there is no such format, or the file's name does not end as it wants.
        MissingExtra: If what writes the format is not installed.
    """
    if kind not in FORMATS:
        raise ModelError(f"expected a format of {', '.join(FORMATS)}, received {kind!r}; choose one.")
    if out.suffix != SUFFIX[kind]:
        raise ModelError(
            f"expected a file name that ends in {SUFFIX[kind]} for {kind}, received {out.name}; rename it."
        )
    if SUFFIX[kind] == ".onnx":
        require("onnx", f"the format {kind}")


def load_keras(bundle: Bundle) -> Any:
    """Return the Keras model of a bundle, without running any code of the model's own."""
    import keras

    return keras.saving.load_model(bundle.keras_path, compile=False, safe_mode=True)


def _converted(bundle: Bundle, model: Any, kind: str) -> bytes:
    from captcha_core.bundle.convert import to_litert, to_onnx

    if kind == "keras":
        return bundle.keras_path.read_bytes()
    if kind == "ddddocr":
        return ddddocr_format.wrapped(bundle, to_onnx(model))
    return to_onnx(model) if kind == "onnx" else to_litert(model, quantised=kind == "litert-int8")


def _runner(bundle: Bundle, kind: str, content: bytes) -> Run | None:
    if kind == "keras":
        return None  # it is the file that the others are held against
    if kind.startswith("litert"):
        return LiteRT(content).run
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    if kind == "onnx":
        return lambda features: np.asarray(session.run(None, {name: features})[0])
    step = 2 if bundle.config.head == "positions" else 1  # every other one is a blank
    return lambda features: np.asarray(session.run(None, {name: ddddocr_format.taken(features)})[0])[:, ::step]


def _parity(bundle: Bundle, model: Any, run: Run | None, features: np.ndarray) -> Parity:
    wanted = model.predict(features, batch_size=64, verbose=0)
    got = wanted if run is None else np.concatenate([run(features[i : i + 64]) for i in range(0, len(features), 64)])
    largest = float(np.abs(got - wanted).max() / max(1.0, float(np.abs(wanted).max())))
    pairs = zip(*(read(bundle.config.head, logits, bundle.spec) for logits in (wanted, got)), strict=True)
    return Parity(len(features), largest, float(np.mean([mine == theirs for mine, theirs in pairs])))


def _about(bundle: Bundle, model: ModelIdentity, kind: str) -> dict[str, Any]:
    features = bundle.config.features
    return {
        "name": model.name,
        "version": model.version,
        "format": kind,
        "spec": bundle.spec.model_dump(exclude_none=True),
        "head": bundle.config.head,
        "features": features.model_dump(),
        "input": {"shape": list(features.shape), "dtype": features.dtype},
        "classes": ["", *bundle.spec.alphabet],
        "bundle_sha256": bundle.digest,
    }


def _with_spec_inside(content: bytes, about: dict[str, Any]) -> bytes:
    import onnx

    graph = onnx.load_from_string(content)
    onnx.helper.set_model_props(graph, {"captchalab": json.dumps(about, ensure_ascii=False)})
    return bytes(graph.SerializeToString())


def _write(path: Path, content: bytes) -> None:
    try:
        write_file(path, content)
    except OSError as error:
        raise disk_error(path, error) from None


HEAD_LINES = """\
import json, pathlib, sys
import numpy as np
file = str(pathlib.Path(__file__).with_name({file!r}))
about = json.load(open(file + ".json", encoding="utf-8"))
"""
LITERT_LINES = """\
from ai_edge_litert.interpreter import Interpreter
net = Interpreter(file).get_signature_runner()
(name,) = net.get_input_details()
((logits,),) = net(**{{name: x}}).values()
"""
RUN_LINES = {
    "litert": LITERT_LINES,
    "litert-int8": LITERT_LINES,
    "onnx": """\
import onnxruntime
net = onnxruntime.InferenceSession(file)
((logits,),) = net.run(None, {{net.get_inputs()[0].name: x}})
""",
    "keras": """\
import keras
(logits,) = keras.saving.load_model(file, compile=False).predict(x, verbose=0)
""",
}
TEXT_LINES = {
    "positions": """\
print("".join(about["classes"][i] for i in logits.argmax(-1)))
""",
    "ctc": """\
ids = logits.argmax(-1)
print("".join(about["classes"][i] for i, before in zip(ids, [0, *ids]) if i != before))
""",
}


def example(bundle: Bundle, kind: str, file: str) -> str:
    """Return a short program that reads the picture or clip on its command line with an exported file."""
    if kind == "ddddocr":
        return ddddocr_format.EXAMPLE.format(file=file)
    head, run, text = (
        lines.format(file=file) for lines in (HEAD_LINES, RUN_LINES[kind], TEXT_LINES[bundle.config.head])
    )
    whole = bundle.spec.frame != "first"  # which frame counts is captchalab's to find out
    return head + (FeaturesModel if whole else bundle.config.features).example + run + text
