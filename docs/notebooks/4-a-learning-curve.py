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
# # A learning curve
#
# How many labelled captchas are enough? Train on more and more of them, with all else equal, and let each model read the
# same test set. The network begins with random weights, as the preset's does: `train(data=...)` without a preset begins
# with the builtin reader, which needs far fewer.

# %%
from pathlib import Path

import matplotlib.pyplot as plt

from captcha_core import evaluate, train
from captcha_core.dataset.generate import GenerationRequest, write_drawn
from captcha_core.sources.schemes import get_scheme

scheme = get_scheme("digits4")
tested = write_drawn(Path("data/curve-test"), GenerationRequest(scheme, 500, seed=99, split="0/0/1"), workers=1)

# %%
SETTINGS = {"steps_per_epoch": 100}
points = []
for count in (100, 500, 2500):
    data = Path(f"data/curve-{count}")
    write_drawn(data, GenerationRequest(scheme, count, seed=5, split="0.8/0.1/0.1"), workers=1)
    outcome = train("digits4", data, epochs=4, name="curve", settings=SETTINGS)
    report = evaluate(f"models:/curve/{outcome.version}", tested)
    points.append((count, report.exact_match, report.numbers["character_error_rate"]))
    print(f"{count:>5} captchas: exact match {report.exact_match}")

# %% [markdown]
# The bars are 95 % intervals (Wilson) of the 500 test samples. Where the curve flattens, more labels help less than more
# minutes or another network.

# %%
counts, shares, errors = zip(*points, strict=True)
low = [one.value - one.interval[0] for one in shares]
high = [one.interval[1] - one.value for one in shares]
figure, place = plt.subplots(figsize=(6, 3.2))
place.errorbar(counts, [one.value for one in shares], yerr=[low, high], marker="o", capsize=3, label="exact match")
place.plot(counts, [1 - one for one in errors], "s--", label="characters read")
place.set_xscale("log")
place.set_xlabel("labelled captchas (four fifths to learn from)")
place.legend()
figure.tight_layout()
