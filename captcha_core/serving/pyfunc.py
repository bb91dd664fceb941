"""How MLflow opens a bundle: ``mlflow.pyfunc.load_model`` and ``mlflow models serve`` call these.

The registered model names this module as its loader and carries it, with all that it imports, for environments in which
captchalab is not installed (:mod:`captcha_core.tracking.logged_models`): keep its imports few.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from captcha_core.bundle.bundle import Bundle
from captcha_core.serving.schemas import from_base64
from captcha_core.solver import Solver
from captcha_core.spec.answer import ModelIdentity


class CaptchaModel:
    """Solves captchas given as base64, one a row."""

    def __init__(self, solver: Solver) -> None:
        self.solver = solver

    def predict(self, model_input: Any) -> pd.DataFrame:
        """Return columns ``text``, ``confidence`` and ``answer``, a row for each of the inputs.

        ``answer`` is what is to be typed: the text, or what a sum comes to; missing where the text is no sum.

        Args:
            model_input: A data frame whose first column, or a sequence whose items, are base64 strings or bytes.

        Raises:
            DataError: If an input is no base64 or no readable media.
        """
        rows = model_input.iloc[:, 0] if isinstance(model_input, pd.DataFrame) else model_input
        answers = [self.solver.solve(row if isinstance(row, bytes) else from_base64(row)) for row in rows]
        columns = {"text": [a.text for a in answers], "confidence": [a.confidence for a in answers]}
        return pd.DataFrame({**columns, "answer": [a.typed for a in answers]})


def _load_pyfunc(data_path: str) -> CaptchaModel:
    path = Path(data_path)
    return CaptchaModel(Solver(Bundle.open(path), ModelIdentity(path.name)))
