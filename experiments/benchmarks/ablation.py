"""What each ingredient of the recipe is worth: the same images, one ingredient changed at a time.

The budget is a number of images, not minutes, so that the scores do not depend on what else the machine does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mean
from typing import Any

from captcha_core.errors import SpecError
from captcha_core.native import start_keras
from captcha_core.sources.reference import draw_reference
from captcha_core.sources.schemes import get_scheme
from captcha_core.training.config import TrainingConfig
from experiments.benchmarks.learning import learn

RECIPE: dict[str, Any] = {"optimizer": "muon", "learning_rate": 0.01, "batch_size": 64}
STEPS_AN_EPOCH = 100


@dataclass(frozen=True)
class Change:
    """What differs from the recipe."""

    training: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    network: str = "image_ctc"


CHANGES: dict[str, Change] = {
    "the recipe": Change(),
    "AdamW at 0.002": Change({"optimizer": "adamw", "learning_rate": 0.002}),
    "products in float32": Change({"precision": "float32"}),
    "no moving average of weights": Change({"ema": 0.0}),
    "no warm-up": Change({"warmup": 0.0}),
    "no weight decay": Change({"weight_decay": 0.0}),
    "no layer normalisation": Change(options={"layer_norm": False}),
    "dropout 0.1": Change(options={"dropout": 0.1}),
    "recurrent layer of 64": Change(options={"recurrent": 64}),
    "a softmax for each position": Change(network="image_cnn"),
    "the same, labels smoothed by 0.05": Change({"label_smoothing": 0.05}, network="image_cnn"),
}


def run(
    scheme: str = "alnum4",
    images: int = 51_200,
    held_out: int = 5_000,
    seeds: int = 1,
    changes: Sequence[str] = tuple(CHANGES),
) -> dict[str, Any]:
    """Train with each change on ``images`` of the stream; score on ``held_out`` images that the package drew.

    Raises:
        SpecError: If a change is unknown, or there are too few images for an epoch.
    """
    epochs = images // (STEPS_AN_EPOCH * RECIPE["batch_size"])
    if epochs < 1:
        raise SpecError(f"expected at least {STEPS_AN_EPOCH * RECIPE['batch_size']:,} images, received {images:,}.")
    unknown = [name for name in changes if name not in CHANGES]
    if unknown:
        raise SpecError(f"expected changes of {', '.join(CHANGES)}, received {unknown[0]!r}; choose some.")
    start_keras()
    drawn = get_scheme(scheme)
    samples = draw_reference(drawn, held_out)
    rows = []
    for name in changes:
        change = CHANGES[name]
        config = {"epochs": epochs, "steps_per_epoch": STEPS_AN_EPOCH, **RECIPE, **change.training}
        runs = [
            learn(drawn, change.network, change.options, TrainingConfig.build(seed=seed, **config), samples)
            for seed in range(seeds)
        ]
        scores = [one["exact_match"] for one in runs]
        rows.append({"change": name, "exact_match": mean(scores), "of_each_seed": scores, "runs": runs})
    return {"suite": "ablation", "scheme": scheme, "images": images, "n": held_out, "rows": rows}
