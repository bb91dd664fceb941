"""Speech: our network beside that of an earlier project, on voices heard in training and on voices never heard.

Both learn from the same stream for the same minutes, one after the other. The other's recipe is its author's: pictures
of spectrograms, five blocks of convolutions with batch normalisation, a softmax for each position, Adam.
"""

from collections.abc import Sequence
from typing import Any

from captcha_core.errors import SpecError
from captcha_core.native import start_keras
from captcha_core.sources.audio_schemes import AudioKnobs
from captcha_core.sources.generate import draw_samples
from captcha_core.sources.schemes import get_scheme
from captcha_core.training.config import TrainingConfig
from captcha_core.workflows.data import TEST_SEED
from experiments.benchmarks.learning import learn

OURS = {"learning_rate": 0.01, "batch_size": 32, "steps_per_epoch": 400}
ITS_AUTHORS = {"optimizer": "adam", "learning_rate": 1e-3, "batch_size": 4, "ema": 0.0, "steps_per_epoch": 320}
RECIPES: dict[str, dict[str, Any]] = {"audio_ctc": OURS, "audio_conv10_batchnorm": ITS_AUTHORS}


def run(
    scheme: str = "speech-alnum8",
    minutes: float = 20.0,
    held_out: int = 2_000,
    unheard: Sequence[str] = ("en-GB-scotland", "en-US-nyc"),
) -> dict[str, Any]:
    """Train each for ``minutes`` without the voices ``unheard``; score on ``held_out`` clips of the others and of them.

    Raises:
        SpecError: If the scheme does not speak, or knows no such voice.
    """
    whole = get_scheme(scheme)
    if not isinstance(whole.knobs, AudioKnobs):
        raise SpecError(f"expected an audio scheme, received {scheme}; take speech-alnum8.")
    start_keras()
    heard, others = whole.turned(held_out=tuple(unheard)), whole.turned(voices=tuple(unheard))
    sets = [draw_samples(one, TEST_SEED, range(held_out)) for one in (heard, others)]
    rows = []
    for name, recipe in RECIPES.items():
        config = TrainingConfig.build(minutes=minutes, **recipe)
        row = learn(heard, name, {}, config, sets[0], {"unheard_voices": sets[1]})
        rows.append({"network": name, "minutes": minutes, **row})
    return {"suite": "voices", "scheme": scheme, "unheard": list(unheard), "rows": rows}
