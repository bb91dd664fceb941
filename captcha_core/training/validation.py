"""How a model reads samples that training never sees."""

from collections.abc import Sequence

import keras
import numpy as np

from captcha_core.evaluation.metrics import character_error_rate, exact_match
from captcha_core.models.decode import read
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.training.diagnosis import Remark, diagnose_answers
from captcha_core.training.losses import loss_of


class Validation:
    """A validation set with what is measured on it.

    Args:
        head: How logits are read.
        spec: What is read.
        x: Features (N, ...).
        texts: Labels (N).
    """

    def __init__(self, head: str, spec: CaptchaSpec, x: np.ndarray, texts: Sequence[str]) -> None:
        self.head, self.spec, self.x = head, spec, x
        self.truth = [spec.charset.normalise(text) for text in texts]
        self.ids = spec.charset.encode(self.truth, spec.max_length)
        self.loss = loss_of(head, 0.0)
        self.remarks: list[Remark] = []

    def metrics(self, model: keras.Model) -> dict[str, float]:
        """Return loss, exact match and character error rate of a model, and leave remarks on its answers."""
        logits = model.predict(self.x, batch_size=256, verbose=0)
        guesses = read(self.head, logits, self.spec)
        whole = exact_match(self.truth, guesses).value
        self.remarks = diagnose_answers(self.head, self.spec, logits) if whole == 0 else []
        return {
            "val_loss": float(self.loss(self.ids, logits)),
            "val_exact_match": whole,
            "val_character_error_rate": character_error_rate(self.truth, guesses),
        }
