"""A LiteRT file at work: features in, logits out. Needs neither TensorFlow nor Keras."""

import threading
from pathlib import Path
from typing import Any

import numpy as np

from captcha_core.errors import ModelError
from captcha_core.native import quiet


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
