"""Optimisers that train the networks of the zoo."""

from typing import Any

import keras
from keras import ops

_MIN_INPUT_CHANNELS = 8


@keras.saving.register_keras_serializable("captchalab")
class ConvMuon(keras.optimizers.Muon):  # type: ignore[misc, unused-ignore]
    """Muon (Jordan, 2024; Keras's own) extended to convolution kernels.

    Keras orthogonalises the updates of matrices only. Here a kernel (h, w, C, F) counts as the matrix (h * w * C, F),
    as its author's vision runs have it, and so does one along time, (k, C, F); kernels on fewer than eight input
    channels stay with Adam. The step size is scaled as Liu et al. (2025, arXiv 2502.16982) do, so one learning rate
    serves both kinds.
    """

    def _should_use_adamw(self, variable: Any) -> bool:
        if len(variable.shape) in (3, 4) and variable.shape[-2] >= _MIN_INPUT_CHANNELS:
            return False
        return bool(super()._should_use_adamw(variable))

    def _muon_update_step(self, gradient: Any, variable: Any, lr: Any, m: Any) -> None:
        self.assign_add(m, ops.add(gradient, m * (self.momentum - 1)))
        ahead = ops.add(gradient, self.momentum * m) if self.nesterov else m
        matrix = ops.reshape(ahead, (-1, variable.shape[-1]))
        update = self.lr_adjust(self.zeropower_via_newtonschulz5(matrix, self.ns_steps))
        self.assign_sub(variable, lr * ops.reshape(update, variable.shape))
