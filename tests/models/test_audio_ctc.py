"""The audio network's time steps: enough for the longest text, few enough to start learning."""

import pytest

from captcha_core.errors import SpecError
from captcha_core.models import audio_ctc
from captcha_core.models.zoo import build_network
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.schemes import SCHEMES
from captcha_core.spec.captcha import CaptchaSpec

AUDIO = [scheme for scheme in SCHEMES.values() if scheme.spec.media == "audio"]


@pytest.mark.parametrize("scheme", AUDIO, ids=lambda scheme: scheme.name)
def test_each_scheme_has_some_steps_for_every_character(scheme: Scheme) -> None:
    _, steps, classes = build_network("audio_ctc", scheme.spec).output_shape
    assert audio_ctc.STEPS_A_CHARACTER <= steps / scheme.spec.max_length <= 3 * audio_ctc.STEPS_A_CHARACTER
    assert classes == scheme.spec.charset.classes


@pytest.mark.parametrize(("halvings", "steps"), [(0, 200), (1, 100), (2, 50)])
def test_halvings_are_taken_as_asked(halvings: int, steps: int) -> None:
    spec = CaptchaSpec.build(
        media="audio", alphabet="01", min_length=1, max_length=2, sample_rate_hz=8_000, max_seconds=3.2
    )
    assert audio_ctc.build((200, 40), spec, filters=(8,), width=8, depth=1, halvings=halvings).output_shape == (
        None,
        steps,
        3,
    )


def test_too_few_steps_for_the_longest_text_are_refused() -> None:
    spec = CaptchaSpec.build(
        media="audio", alphabet="01", min_length=1, max_length=8, sample_rate_hz=8_000, max_seconds=1.0
    )
    with pytest.raises(SpecError, match="expected at least 15 time steps"):
        audio_ctc.build((60, 40), spec, halvings=3)
