"""How a training on somebody's audio captchas starts."""

from pathlib import Path

import numpy as np

from captcha_core.dataset.in_memory import write_samples
from captcha_core.media.audio import encode_wav
from captcha_core.models.zoo import features_of
from captcha_core.registry.versions import BUILTIN_AUDIO
from captcha_core.solver import Solver
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from captcha_core.workflows.audio_start import KNOWING, RECIPE, start_on_samples
from captcha_core.workflows.plan import plan_training

RATE_HZ = 8_000
SPEC = CaptchaSpec.build(
    media="audio", alphabet="0123456789", min_length=4, max_length=4, sample_rate_hz=RATE_HZ, max_seconds=8.0
)


def clip(seed: int, again: bool) -> bytes:
    rng = np.random.default_rng(seed)
    said, before, between = (rng.normal(0, 0.1, int(seconds * RATE_HZ)) for seconds in (2.0, 0.5, 0.5))
    parts = [before, said, between, said if again else rng.normal(0, 0.1, len(said))]
    return encode_wav(np.concatenate(parts).astype(np.float32), RATE_HZ)


def samples(again: int, count: int = 10) -> list[Sample]:
    return [Sample(path=f"{n}.wav", text=f"{n:04d}", media=clip(n, n < again)) for n in range(count)]


def test_where_clips_say_everything_twice_the_second_time_is_looked_at() -> None:
    start = start_on_samples(samples(again=9), SPEC)
    assert start.features["said_twice"] and start.features["max_seconds"] == 2.8


def test_where_a_few_alone_repeat_themselves_the_whole_clip_counts() -> None:
    for some in (samples(again=5), []):
        assert not {"said_twice", "max_seconds"} & set(start_on_samples(some, SPEC).features)


def test_what_was_heard_before_is_heard_at_the_same_rate_and_by_the_same_network() -> None:
    spec = SPEC.model_copy(update={"sample_rate_hz": 44_100})
    start, listener = start_on_samples(samples(again=0), spec), Solver.load(BUILTIN_AUDIO).bundle.config
    assert start.start_from == BUILTIN_AUDIO and start.options == listener.options
    assert features_of("audio_ctc", spec, start.features).rate_hz == listener.features.rate_hz == 8_000


def test_other_scripts_and_who_asks_begin_with_random_weights() -> None:
    cyrillic = SPEC.model_copy(update={"alphabet": "абвгд"})
    assert start_on_samples([], cyrillic).start_from == start_on_samples([], SPEC, "").start_from == ""


def test_data_alone_gets_the_recipe_and_the_features(empty_folder: Path) -> None:
    write_samples(empty_folder / "data", SPEC, samples(again=10), "test", "0.6/0.2/0.2")
    for start, begun in ((None, BUILTIN_AUDIO), ("builtin", BUILTIN_AUDIO), ("none", "")):
        plan = plan_training(data=empty_folder / "data", start_from=start, settings={"features.low_hz": 80})
        assert plan.task.network == "audio_ctc" and plan.start_from == begun
        assert plan.task.config.learning_rate == {**RECIPE, **(KNOWING if begun else {})}["learning_rate"]
        assert plan.task.features["said_twice"] and plan.task.features["low_hz"] == 80
        assert features_of("audio_ctc", SPEC, plan.task.features).shape[0] < 200
    assert plan_training(data=empty_folder / "data", network="audio_ctc").task.features == {}


def test_a_model_of_ones_own_is_built_anew_as_it_was(tone_bundle: Path) -> None:
    config = Solver.load(str(tone_bundle)).bundle.config
    start = start_on_samples([], SPEC, str(tone_bundle))
    assert (start.start_from, start.options) == (str(tone_bundle), dict(config.options))
    assert start.features["hop"] == config.features.hop
