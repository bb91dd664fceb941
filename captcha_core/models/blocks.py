"""Pieces that several networks share."""

import keras
from keras import layers


def scaled(pixels: keras.KerasTensor) -> keras.KerasTensor:
    """Map uint8 pixels (B, H, W, C) to float32 in [-1, 1]."""
    return layers.Rescaling(1 / 127.5, offset=-1.0)(pixels)
