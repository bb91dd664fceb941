"""A model as a folder of plain files (no pickle, no code, a checksum for each), and its LiteRT file at work.

spec.json  config.json  model.keras  model.tflite  metrics.json  SHA256SUMS
"""

import hashlib
import json
import threading
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from captcha_core.errors import ModelError, SpecError, first_fault
from captcha_core.features.kinds import AnyFeatures
from captcha_core.files import file_digest
from captcha_core.native import quiet
from captcha_core.spec.captcha import CaptchaSpec

SUMS = "SHA256SUMS"
MAX_SUMS_BYTES = 4096
MOST_NAMES = 64  # of a folder's files are looked at: a bundle has six
REFERENCE = "reference"  # key of the metrics: histograms of the test captchas, see captcha_core.evaluation.drift
FILES = ("spec.json", "config.json", "model.keras", "model.tflite", "metrics.json")


class BundleConfig(BaseModel):
    """Everything besides the weights that solving needs; loading never guesses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    network: str
    options: dict[str, Any] = {}
    head: str
    features: AnyFeatures
    quantised: bool = False
    preset: str | None = None


@dataclass(frozen=True)
class Bundle:
    """An opened bundle whose sums were right."""

    path: Path
    spec: CaptchaSpec
    config: BundleConfig

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """What was measured when it was written.

        Raises:
            ModelError: If that is no JSON object.
        """
        try:
            metrics = json.loads((self.path / "metrics.json").read_bytes())
        except (ValueError, RecursionError):
            metrics = None
        if not isinstance(metrics, dict):
            raise ModelError(f"expected a JSON object in {self.path.name}/metrics.json, received another text.")
        return metrics

    @property
    def litert_path(self) -> Path:
        """The file that solving reads."""
        return self.path / "model.tflite"

    @cached_property
    def litert(self) -> bytes:
        """The LiteRT flatbuffer, in memory: a mapped file that somebody overwrites would end the process.

        Raises:
            ModelError: If it is no longer the one that was checked.
        """
        content = self.litert_path.read_bytes()
        if hashlib.sha256(content).hexdigest() != _sums(self.path).get("model.tflite"):
            raise ModelError(f"expected {self.path.name} as it was checked, received a new model.tflite; load again.")
        return content

    @property
    def keras_path(self) -> Path:
        """The file that further training and exports start from."""
        return self.path / "model.keras"

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the list of sums: the identity of the bundle."""
        return file_digest(self.path / SUMS)

    @classmethod
    def open(cls, path: Path, digest: str | None = None) -> "Bundle":
        """Open a bundle, and check every file in it.

        Args:
            path: The folder.
            digest: The bundle's identity as it was registered, where that is known.

        Raises:
            ModelError: If it is no bundle, or a file was changed, added or lost.
        """
        check_sums(path)
        try:
            spec = CaptchaSpec.from_json((path / "spec.json").read_text(encoding="utf-8"))
            config = BundleConfig.model_validate_json((path / "config.json").read_text(encoding="utf-8"))
        except ValidationError as error:
            raise ModelError(first_fault(error, f"configuration in {path.name}")) from None
        except (SpecError, UnicodeDecodeError) as error:
            raise ModelError(f"expected a specification in {path.name}/spec.json, received: {error}") from None
        bundle = cls(path, spec, config)
        if digest is not None and bundle.digest != digest:
            raise ModelError(
                f"expected the bundle that was registered ({digest[:12]}), received another ({bundle.digest[:12]}); it "
                "was exchanged after its registration: register it anew if that is meant."
            )
        return bundle


def write_bundle(
    path: Path,
    spec: CaptchaSpec,
    config: BundleConfig,
    keras_file: Path,
    litert: bytes,
    metrics: dict[str, Any],
) -> Bundle:
    """Write a bundle into an empty folder and open it."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "spec.json").write_text(spec.to_json(), encoding="utf-8")
    (path / "config.json").write_text(config.model_dump_json(indent=1), encoding="utf-8")
    (path / "model.keras").write_bytes(keras_file.read_bytes())
    (path / "model.tflite").write_bytes(litert)
    return _sealed(path, metrics)


def with_metrics(bundle: Bundle, more: dict[str, Any]) -> Bundle:
    """Add to what was measured of a bundle that nobody else has yet: its digest changes."""
    return _sealed(bundle.path, {**bundle.metrics, **more})


def _sealed(path: Path, metrics: dict[str, Any]) -> Bundle:
    """Write the metrics and the sums of all files, and open the bundle."""
    (path / "metrics.json").write_text(json.dumps(metrics, indent=1), encoding="utf-8")
    lines = [f"{file_digest(path / name)}  {name}\n" for name in sorted(FILES)]
    (path / SUMS).write_text("".join(lines), encoding="utf-8")
    return Bundle.open(path)


def check_sums(path: Path) -> None:
    """Raises: ModelError: If the folder does not hold exactly a bundle's files, each a file and as its sum says."""
    if not path.is_dir():
        raise ModelError(
            f"expected a model bundle (a folder), received {path}, which is none; give its folder, or "
            "models:/NAME@ALIAS for a registered model."
        )
    if not (path / SUMS).is_file():
        raise ModelError(f"expected a model bundle with {SUMS}, received {path.name} without; train a model.")
    present = {file.name: file for file in islice(path.iterdir(), MOST_NAMES)}
    wrong = {
        "lost": sorted({*FILES} - {*present}),
        "added": sorted({*present} - {*FILES, SUMS}),
        "as links or folders": sorted(name for name, file in present.items() if file.is_symlink() or file.is_dir()),
    }
    if not any(wrong.values()):
        sums = _sums(path)
        wrong["added"] = sorted({*sums} - {*FILES})
        wrong["changed"] = sorted(name for name in FILES if file_digest(path / name) != sums.get(name))
    for what, names in wrong.items():
        if names:
            raise ModelError(
                f"expected the files that {SUMS} names, received {path.name} with {', '.join(names)} {what}; do not "
                "trust it: get the bundle again."
            )


def _sums(path: Path) -> dict[str, str]:
    """Return the digests by file name. Of a list that is longer than a bundle's the rest is not read."""
    with (path / SUMS).open("rb") as file:
        text = file.read(MAX_SUMS_BYTES).decode(errors="replace")
    lines = (line.partition("  ") for line in text.splitlines())
    return {name: digest for digest, _, name in lines}


class LiteRT:
    """One interpreter behind a lock.

    Args:
        model: The file, or its contents.
        threads: Threads of the interpreter.

    Attributes:
        entry: Shape of one sample's features and their type.
        exit: Shape (T, K + 1) of its logits.

    Raises:
        ModelError: If the file cannot be interpreted.
    """

    def __init__(self, model: Path | bytes, threads: int = 1) -> None:
        from ai_edge_litert.interpreter import Interpreter

        source = {"model_content": model} if isinstance(model, bytes) else {"model_path": str(model)}
        self._lock = threading.Lock()
        try:
            with quiet():  # it greets on stderr
                self._interpreter: Any = Interpreter(**source, num_threads=threads)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"expected a LiteRT model, received: {error}; export it again.") from None
        entries, exits = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        if (len(entries), len(exits)) != (1, 1):
            raise ModelError(
                f"expected a LiteRT model with one input and one output, received {len(entries)} and {len(exits)}; "
                "export it again."
            )
        (entry,), (exit_,) = entries, exits
        self.entry = tuple(int(side) for side in entry["shape"][1:]), str(np.dtype(entry["dtype"]))
        self.exit = tuple(int(side) for side in exit_["shape"][1:])
        self._in, self._out, self._dtype = entry["index"], exit_["index"], entry["dtype"]
        self._one_by_one = entry["shape_signature"][0] == 1
        self._batch = int(entry["shape"][0])

    def run(self, features: np.ndarray) -> np.ndarray:
        """Return logits (B, T, K + 1) of features (B, ...)."""
        with self._lock:
            if self._one_by_one:
                return np.concatenate([self._invoke(features[i : i + 1]) for i in range(len(features))])
            return self._invoke(features)

    def _invoke(self, features: np.ndarray) -> np.ndarray:
        interpreter = self._interpreter
        if len(features) != self._batch:
            interpreter.resize_tensor_input(self._in, features.shape)
            interpreter.allocate_tensors()
            self._batch = len(features)
        interpreter.set_tensor(self._in, features)
        interpreter.invoke()
        logits: np.ndarray = interpreter.get_tensor(self._out)
        return logits
