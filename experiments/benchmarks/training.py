"""How fast networks learn: ours beside the classics, the same minutes, stream and held-out images.

Every network learns from the same seeded stream for the same time, alone on the machine, and is scored on images that
the `captcha` package drew. Ours have the size that the scheme's preset gives them; the classics keep the optimiser,
rate and batch that their authors published.
"""

from collections.abc import Sequence
from typing import Any

from captcha_core.native import start_keras
from captcha_core.presets.preset import load_preset, preset_names
from captcha_core.sources.reference import draw_reference
from captcha_core.sources.schemes import get_scheme
from captcha_core.training.config import TrainingConfig
from experiments.benchmarks.learning import learn

OURS = {"learning_rate": 0.01, "batch_size": 64, "optimizer": "muon"}
RECIPES: dict[str, dict[str, Any]] = {
    "image_ctc": OURS,
    "image_cnn": OURS,
    "conv3_dense1024": {"optimizer": "adam", "learning_rate": 1e-3, "batch_size": 64, "ema": 0.0},
    "conv5x5_dense2048": {"optimizer": "adam", "learning_rate": 1e-5, "batch_size": 64, "ema": 0.0},
    "crnn": {"optimizer": "adam", "learning_rate": 1e-3, "batch_size": 16, "ema": 0.0},
    "conv10_batchnorm": {"optimizer": "adam", "learning_rate": 1e-3, "batch_size": 4, "ema": 0.0},
}
SAMPLES_AN_EPOCH = {"image_ctc": 12_800, "image_cnn": 12_800}
SLOW_SAMPLES_AN_EPOCH = 1_280


def run(
    schemes: Sequence[str] = ("digits4",),
    networks: Sequence[str] = tuple(RECIPES),
    minutes: float = 5.0,
    held_out: int = 10_000,
) -> dict[str, Any]:
    """Train each network on each scheme for ``minutes`` and score it on ``held_out`` images of the package."""
    start_keras()
    rows = []
    for name in schemes:
        scheme = get_scheme(name)
        samples = draw_reference(scheme, held_out)
        for network in networks:
            recipe = RECIPES[network]
            steps = SAMPLES_AN_EPOCH.get(network, SLOW_SAMPLES_AN_EPOCH) // recipe["batch_size"]
            config = TrainingConfig.build(minutes=minutes, steps_per_epoch=steps, **recipe)
            row = learn(scheme, network, _options(name, network), config, samples)
            rows.append({"scheme": name, "network": network, "minutes": minutes, **row})
    return {"suite": "training", "rows": rows}


def _options(scheme: str, network: str) -> dict[str, Any]:
    """Return what the preset of the scheme's name gives the network, if it is the preset's."""
    preset = load_preset(scheme) if scheme in preset_names() else None
    return preset.options if preset is not None and preset.network == network else {}
