"""How a training ends: on all samples, with a rate that falls to nothing, and part of the way back to its start.

What few captchas teach costs a network some of what it knew of all others; part of the way back it still knows both
(Wortsman and others 2022, arXiv 2109.01903).
"""

import time
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from captcha_core.features.batches import Batches
from captcha_core.training.backend import feed, multiplying_in
from captcha_core.training.callbacks import Budget, Validation
from captcha_core.training.checkpoint import Progress
from captcha_core.training.config import TrainingConfig

SHARES = (0.75, 0.5, 1.0)  # of the way to the trained weights; of those that read alike, the first
LEAST_S = 1.0  # in which something can be learnt


def mix(model: keras.Model, start: Sequence[np.ndarray], validation: Validation) -> dict[str, float]:
    """Give a trained model the weights on the way from its start that read most of the validation set.

    Args:
        model: Has the trained weights.
        start: Its trainable weights at the beginning, as NumPy arrays.
        validation: What decides.

    Returns:
        The metrics of the weights that it has now.
    """
    trained = numbers(model)

    def go(share: float) -> None:
        for variable, begin, end in zip(model.trainable_variables, start, trained, strict=True):
            variable.assign(begin + share * (end - begin))

    found: list[tuple[float, dict[str, float]]] = []
    for share in SHARES:
        go(share)
        found.append((share, validation.metrics(model)))
    most = max(metrics["val_exact_match"] for _, metrics in found)
    share, metrics = next(one for one in found if one[1]["val_exact_match"] == most)
    go(share)
    return metrics


def numbers(model: keras.Model) -> list[np.ndarray]:
    """Return copies of a model's trainable weights."""
    return [keras.ops.convert_to_numpy(variable).copy() for variable in model.trainable_variables]


def finish(model: keras.Model, config: TrainingConfig, everything: Batches, left_s: float) -> float:
    """Let a compiled model learn from all samples for the recipe's last epochs, while the rate falls to nothing.

    Args:
        model: Has the weights to go on from.
        config: Says for how many epochs, and the rate that they begin with.
        everything: Batches of what was learnt from and of what steered.
        left_s: Seconds that it may take; the rate falls in them.

    Returns:
        Seconds that it took.
    """
    began = time.monotonic()
    if left_s >= LEAST_S:
        with multiplying_in(config.precision), feed(everything(0)) as fed:
            model.fit(
                fed,
                steps_per_epoch=config.steps_per_epoch,
                epochs=config.finish,
                callbacks=[_LastEpochs(config, left_s)],
                shuffle=False,
                verbose=0,
            )
    return time.monotonic() - began


class _LastEpochs(Budget):
    """A budget in epochs that ends with the time that is left, too."""

    def __init__(self, config: TrainingConfig, left_s: float) -> None:
        ours = {"minutes": None, "samples": None, "epochs": config.finish}
        super().__init__(config.model_copy(update=ours), Progress())
        self.left_s = left_s

    def used(self) -> float:
        """Return the share that is used of the epochs or of the time, whichever is greater."""
        return min(1.0, max(super().used(), self.elapsed_s / self.left_s))

    def on_train_batch_end(self, *_: Any, **__: Any) -> None:
        """Stop when the time is used up."""
        if self.elapsed_s >= self.left_s:
            self.model.stop_training = True
