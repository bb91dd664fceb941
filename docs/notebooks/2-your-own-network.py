# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Your own network as a plugin
#
# A network is a function from a shape and a specification to a Keras model. Put it into a module of your own, register it,
# and every command and page knows it.

# %%
from pathlib import Path

MODULE = """
from captcha_core.features.image import ImageFeatures
from captcha_core.plugins import register_network


def build(shape, spec, width=16):
    from keras import Input, Model, layers

    pixels = Input(tuple(shape), dtype="uint8")
    x = layers.Rescaling(1 / 255)(pixels)
    for factor in (1, 2, 3):
        x = layers.Conv2D(width * factor, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Dense(96, activation="relu")(layers.Flatten()(x))
    x = layers.Dense(spec.max_length * spec.charset.classes)(x)
    return Model(pixels, layers.Reshape((spec.max_length, spec.charset.classes))(x))  # logits (B, L, K + 1)


register_network("my-net", media="image", head="positions", features=ImageFeatures.of, build=build)
"""
written = Path("my_net.py").write_text(MODULE, encoding="utf-8")

# %% [markdown]
# In a shell this is `captchalab --plugin my_net train --preset digits4 --network my-net`. Here:

# %%
from captcha_core import Solver, train
from captcha_core.plugins import add_plugins

add_plugins(["my_net"])
settings = {"learning_rate": 0.002, "steps_per_epoch": 100}
outcome = train("digits4", network="my-net", epochs=4, name="my-net", settings=settings)
print("exact match", outcome.report.exact_match, "with", int(outcome.figures["parameters"]), "parameters")

# %% [markdown]
# The bundle holds a LiteRT file and needs the plugin no more. A dense layer on top of few convolutions learns slowly; the
# page Compare of the dashboard shows this run beside one of `image_ctc`, which reads far more after as many captchas.

# %%
solver = Solver.load(f"models:/my-net/{outcome.version}")
print(solver.bundle.config.network, solver.spec.alphabet)
