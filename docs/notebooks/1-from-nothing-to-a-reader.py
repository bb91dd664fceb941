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
# # From nothing to a reader
#
# Draw captchas, train a network on a stream of them, and let it read what it has never seen. Two minutes on two
# processors; every figure that you see is of captchas that training has not met.

# %%
import io

import matplotlib.pyplot as plt

from captcha_core import Solver, promote, train
from captcha_core.sources.generate import draw_samples
from captcha_core.sources.schemes import get_scheme

# %% [markdown]
# `digits4` is a scheme: four digits as the `captcha` package draws them. The same seed draws the same captchas.

# %%
samples = draw_samples(get_scheme("digits4"), seed=1, indices=range(8))
figure, places = plt.subplots(2, 4, figsize=(9, 2.6))
for place, sample in zip(places.flat, samples, strict=True):
    place.imshow(plt.imread(io.BytesIO(sample.media)), cmap="gray")
    place.set_title(sample.text)
    place.axis("off")

# %% [markdown]
# A preset joins the scheme, a network and a recipe. A quarter of its usual three minutes is enough to see it learn, here
# counted in epochs so that it is the same on every machine. The run is in `mlflow.db`, and the result is registered as
# `captcha-digits4`.

# %%
outcome = train("digits4", epochs=5, settings={"steps_per_epoch": 100})
print(outcome.name, "version", outcome.version, "exact match", outcome.report.exact_match)

# %% [markdown]
# The first version becomes champion if it reads anything at all; each later one has to read better than the one before.

# %%
promote(outcome.name, outcome.version)
solver = Solver.load("models:/captcha-digits4@champion")
for sample in samples:
    answer = solver.solve(sample.media)
    print(sample.text, "read as", answer.text, f"({answer.confidence:.1%} sure, {answer.elapsed_ms:.1f} ms)")
