"""Weights between those that a training began with and those that it came to.

What few captchas teach costs a network some of what it knew of all others; part of the way back it still knows both
(Wortsman and others 2022, arXiv 2109.01903).
"""

from collections.abc import Sequence

import keras
import numpy as np

from captcha_core.training.callbacks import Validation

SHARES = (0.75, 0.5, 1.0)  # of the way to the trained weights; of those that read alike, the first


def mix(model: keras.Model, start: Sequence[np.ndarray], validation: Validation) -> dict[str, float]:
    """Give a trained model the weights on the way from its start that read most of the validation set.

    Args:
        model: Has the trained weights.
        start: Its trainable weights at the beginning, as NumPy arrays.
        validation: What decides.

    Returns:
        The metrics of the weights that it has now.
    """
    trained = [keras.ops.convert_to_numpy(variable).copy() for variable in model.trainable_variables]

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
