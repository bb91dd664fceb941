"""What each knob of a scheme does to a reader that knows it as it is, and to one that has learnt it anew.

An attacker retrains in a minute, so the fixed reader alone would flatter every knob. Retraining starts from the fixed
reader's weights, on the live stream of the turned scheme.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from captcha_core.assessment.knobs import Setting
from captcha_core.errors import CaptchaError
from captcha_core.evaluation.metrics import Proportion
from captcha_core.sources.generate import draw_arrays
from captcha_core.sources.scheme import Scheme
from captcha_core.spec.captcha import CaptchaSpec

if TYPE_CHECKING:
    from captcha_core.models.transfer import Donor
    from captcha_core.solver import Solver
    from captcha_core.training.config import TrainingTask

SEED = 2**35  # of the captchas that judge: no training draws from it
TESTS = 500


class Effect(BaseModel):
    """What a level of a knob does.

    Attributes:
        base: Exact match of the fixed reader on the scheme as it is.
        fixed: The same of the fixed reader at this level.
        by_seed: Exact match of each reader that learnt this level anew.
        tests: Captchas that judged each.
        reason: Why it could not be drawn or learnt, empty where it could.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", arbitrary_types_allowed=True)

    knob: str
    label: str
    level: str
    is_base: bool = False
    base_hits: int = 0
    fixed_hits: int = 0
    by_seed: list[int] = []
    tests: int = TESTS
    wall_s: float = 0.0
    reason: str = ""

    @property
    def base(self) -> Proportion:
        """Exact match of the fixed reader on the scheme as it is."""
        return Proportion(self.base_hits, self.tests)

    @property
    def fixed(self) -> Proportion:
        """Exact match of the fixed reader at this level."""
        return Proportion(self.fixed_hits, self.tests)

    @property
    def retrained(self) -> Proportion | None:
        """Exact match over all seeds of the readers that learnt this level, None where none has."""
        return Proportion(sum(self.by_seed), self.tests * len(self.by_seed)) if self.by_seed else None

    def as_dict(self) -> dict[str, Any]:
        """Return every figure as JSON holds it."""
        again = self.retrained
        return {
            "knob": self.knob,
            "label": self.label,
            "level": self.level,
            "is_base": self.is_base,
            "fixed": self.fixed.as_dict(),
            "retrained": None if again is None else again.as_dict(),
            "by_seed": [hits / self.tests for hits in self.by_seed],
            "reason": self.reason,
        }

    @property
    def key(self) -> tuple[str, str]:
        """What names it in a table."""
        return self.knob, self.level


def fixed_hits(solver: "Solver", scheme: Scheme, tests: int = TESTS) -> int:
    """Return how many captchas of a scheme a reader reads that may have learnt another."""
    arrays, texts = draw_arrays(scheme, SEED, range(tests))
    features = solver.bundle.config.features
    x = np.stack([features.from_array(array) for array in arrays])
    return _hits(solver.bundle.config.head, solver.logits(x), texts, solver.spec)


def _hits(head: str, logits: np.ndarray, texts: Sequence[str], spec: CaptchaSpec) -> int:
    from captcha_core.models.decode import read

    fold = str.upper if spec.folds_case else str
    answers = read(head, logits, spec)
    return sum(fold(answer) == fold(text) for answer, text in zip(answers, texts, strict=True))


def measure(setting: Setting, solver: "Solver", base_hits: int) -> Effect:
    """Return what a level does to a fixed reader; where it cannot be drawn, why."""
    effect = Effect(
        knob=setting.knob, label=setting.label, level=setting.level, is_base=setting.is_base, base_hits=base_hits,
        tests=TESTS,
    )  # fmt: skip
    try:
        return effect.model_copy(update={"fixed_hits": fixed_hits(solver, setting.scheme, TESTS)})
    except CaptchaError as error:
        return effect.model_copy(update={"reason": str(error)})


def retrain(setting: Setting, task: "TrainingTask", donor: "Donor", minutes: float, seed: int) -> int:
    """Return how many captchas a reader reads that learnt the turned scheme for some minutes.

    Raises:
        CaptchaError: If it cannot be trained.
    """
    from captcha_core.models.zoo import features_of
    from captcha_core.training.checkpoint import Checkpoint
    from captcha_core.training.config import TrainingConfig
    from captcha_core.training.fit import train
    from captcha_core.workflows.data import from_stream

    budget = {"minutes": minutes, "epochs": None, "samples": None}
    recipe = task.config.model_dump() | budget | {"seed": seed, "validation_samples": 300}
    allowed = set(recipe["oversample"]) <= set(setting.scheme.spec.alphabet)
    config = TrainingConfig.build(**recipe | ({} if allowed else {"oversample": ""}))
    mine = replace(task, spec=setting.scheme.spec, config=config)
    features = features_of(task.network, mine.spec, task.features)
    stream = from_stream(setting.scheme, features, config, {})
    with tempfile.TemporaryDirectory() as folder:
        model = train(mine, stream.batches, stream.validation, Checkpoint(Path(folder)), start_from=donor).model
    arrays, texts = draw_arrays(setting.scheme, SEED, range(TESTS))
    logits = model.predict(features.encode(arrays), batch_size=256, verbose=0)
    return _hits(mine.head, logits, texts, mine.spec)


Train = Callable[[Setting, int], int]  # a level and a seed to the captchas that a retrained reader reads


def retrained_effects(
    settings: Sequence[Setting],
    effects: Sequence[Effect],
    train: Train,
    seeds: int,
    keep: Callable[[Effect], None],
    time_left: Callable[[], bool],
) -> list[Effect]:
    """Return the effects with retrained readers beside the fixed one, those that hurt the fixed reader most first.

    One seed of every level comes before the second seed of any. What is there from before is not done again, and the
    scheme as it is, which is a level of every knob, is learnt once a seed.

    Args:
        settings: The levels.
        effects: What each does to the fixed reader, with what was retrained before.
        train: Trains one.
        seeds: How often each is learnt.
        keep: Told each effect that has grown.
        time_left: Asked before every training.
    """
    known = {effect.key: effect for effect in effects}
    order = sorted(settings, key=lambda one: (not one.is_base, known[one.knob, one.level].fixed_hits))
    for number in range(1, seeds + 1):
        for setting in order:
            effect = known[setting.knob, setting.level]
            if effect.reason or len(effect.by_seed) >= number:
                continue
            shared = [one for one in known.values() if setting.is_base and one.is_base and len(one.by_seed) >= number]
            if shared:
                known[effect.key] = effect.model_copy(update={"by_seed": shared[0].by_seed[:number]})
            elif time_left():
                known[effect.key] = _once_more(setting, effect, train, number)
            else:
                continue
            keep(known[effect.key])
    return [known[effect.key] for effect in effects]


def _once_more(setting: Setting, effect: Effect, train: Train, seed: int) -> Effect:
    started = time.monotonic()
    try:
        changes: dict[str, Any] = {"by_seed": [*effect.by_seed, train(setting, seed)]}
    except CaptchaError as error:
        changes = {"reason": str(error)}
    return effect.model_copy(update={**changes, "wall_s": effect.wall_s + time.monotonic() - started})
