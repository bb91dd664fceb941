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
# # What a knob does
#
# A scheme has knobs: how far characters turn, how many dots and arcs cover them, how much they overlap. Turn one, look at
# it, and see what it costs the reader that ships, which learnt captchas of all kinds of sites and not this scheme alone.

# %%
import io

import matplotlib.pyplot as plt

from captcha_core import Solver
from captcha_core.evaluation.metrics import exact_match
from captcha_core.sources.generate import draw_samples
from captcha_core.sources.scheme import harder
from captcha_core.sources.schemes import get_scheme

scheme = get_scheme("digits4")
print(
    {
        name: value
        for name, value in scheme.knobs.model_dump().items()
        if name in ("rotate_deg", "dots", "arcs", "overlap")
    }
)

# %%
solver = Solver.load("builtin")


def share(turned, count=150):
    """Return which share of fresh captchas of a scheme is read whole."""
    samples = draw_samples(turned, seed=11, indices=range(count))
    read = [answer and answer.text for answer in map(solver.attempt, (sample.media for sample in samples))]
    return exact_match([sample.text for sample in samples], read)


# %%
KNOBS = {"rotate_deg": (0, 30, 60), "dots": (0, 30, 300), "overlap": (0, 0.25, 0.6)}
figure, places = plt.subplots(3, 3, figsize=(9, 4.4))
for row, (knob, values) in zip(places, KNOBS.items(), strict=True):
    for place, value in zip(row, values, strict=True):
        turned = scheme.turned(**{knob: value})
        place.imshow(plt.imread(io.BytesIO(draw_samples(turned, 3, range(1))[0].media)), cmap="gray")
        place.set_title(f"{knob} {value}: {share(turned).value:.0%} read", fontsize=9)
        place.axis("off")
figure.tight_layout()

# %% [markdown]
# `harder` turns all of them together: 0 is as plain as they go, 1 the scheme itself, 2 twice as hard.

# %%
for difficulty in (0, 0.5, 1, 1.5, 2):
    print(f"difficulty {difficulty}: exact match {share(harder(scheme, difficulty))}")

# %% [markdown]
# What stops this reader need not stop one that is trained for it: `captchalab train` on a scheme with the knob turned up is
# the real question, and what people find hard is another.
