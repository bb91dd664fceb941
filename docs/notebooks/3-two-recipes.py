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
# # Two recipes, with seeds and error bars
#
# One training of each says little: another seed may turn the order round. Here are two learning rates with three seeds
# each, on the same data and the same test samples. The preset brings network and recipe; `data` takes the place of its
# stream.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from captcha_core import train
from captcha_core.dataset.generate import GenerationRequest, write_drawn
from captcha_core.sources.schemes import get_scheme

data = Path("data/digits-1500")
write_drawn(data, GenerationRequest(get_scheme("digits4"), 1500, seed=7), workers=1)

# %%
RECIPES = {"learning rate 0.01": {"learning_rate": 0.01}, "learning rate 0.001": {"learning_rate": 0.001}}
COMMON = {"steps_per_epoch": 80}
reached = {
    name: [
        train("digits4", data, epochs=4, seed=seed, name="two-recipes", settings=COMMON | recipe) for seed in range(3)
    ]
    for name, recipe in RECIPES.items()
}

# %% [markdown]
# Exact match on the test split is a share of few samples; the character error rate moves earlier. Bars are the mean over
# the seeds, and every dot is a training.

# %%
figure, place = plt.subplots(figsize=(6, 3))
for row, (name, outcomes) in enumerate(reached.items()):
    rates = [outcome.report.numbers["character_error_rate"] for outcome in outcomes]
    place.barh(row, np.mean(rates), xerr=np.std(rates, ddof=1), color="#b9cdf0", capsize=4)
    place.plot(rates, [row] * len(rates), "o", color="#27488f")
    print(
        f"{name}: character error rate {np.mean(rates):.3f}, standard deviation over seeds {np.std(rates, ddof=1):.3f}"
    )
place.set_yticks(range(len(reached)), list(reached))
place.set_xlabel("character error rate")
figure.tight_layout()

# %% [markdown]
# `captchalab benchmark sweep` does the same for more settings, with child runs in MLflow; `captchalab compare RUN RUN` tests
# two runs sample by sample.
