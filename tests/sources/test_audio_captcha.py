"""The mixer against the package it copies: the package is given our draws in place of its source of randomness."""

from collections.abc import Iterator
from typing import Any

import captcha.audio
import numpy as np
import pytest

from captcha_core.errors import SpecError
from captcha_core.sources import audio_captcha
from captcha_core.sources.audio_captcha import Draws


class ScriptedSecrets:
    """Stands in for the module ``secrets`` inside the package and answers with our draws, in the order it asks."""

    def __init__(self, text: str, draws: Draws) -> None:
        self._answers = self._script(text, draws)

    @staticmethod
    def _script(text: str, draws: Draws) -> Iterator[tuple[Any, Any]]:
        for speed, level, pause in draws.voices:
            yield from ((None, 0), (31, speed), (41, level), (16_001, pause - 8_000))
        for byte in draws.hiss:
            yield 257, byte - 126
        for character, speed, level, gap in draws.background:
            yield from ((36, character), (None, 0), (9, speed), (5, level), (801, gap))

    def randbelow(self, bound: int) -> int:
        expected, answer = next(self._answers)
        assert bound == expected
        return int(answer)

    def choice(self, options: list) -> Any:
        expected, answer = next(self._answers)
        if expected is None:  # one of the recordings of a character: the package brings one each
            return options[answer]
        assert len(options) == expected
        return audio_captcha.CHARACTERS[answer]


def _packages_clip(text: str, draws: Draws, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setattr(captcha.audio, "secrets", ScriptedSecrets(text, draws))
    return bytes(captcha.audio.AudioCaptcha().generate(text))[44:]


def _with_hiss(text: str, draws: Draws, rng: np.random.Generator) -> Draws:
    length = audio_captcha.background_length(text, draws.voices)
    return Draws(draws.voices, draws.background, rng.integers(126, 130, size=length, dtype=np.uint8))


@pytest.mark.parametrize("text", ["7", "1234", "90210", "A9ZQ0W18", "KKKK"])
@pytest.mark.parametrize("seed", [1, 2])
def test_same_draws_give_the_packages_bytes(text: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    draws = _with_hiss(text, audio_captcha.draw(rng, text), rng)
    clip, _ = audio_captcha.mix(text, draws)
    expected = _packages_clip(text, draws, monkeypatch)
    assert clip.tobytes() == expected[: len(clip)]
    assert len(expected) - len(clip) in (0, 1)  # the package pads its file to an even length


@pytest.mark.parametrize("speed", range(0, 31, 6))
@pytest.mark.parametrize("pauses", [(24_000, 8_000), (24_000, 8_000, 8_000), (8_000, 24_000)])
def test_voices_beyond_the_end_make_the_clip_longer_as_in_the_package(
    speed: int, pauses: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    text = "W1W"[: len(pauses)]
    draws = audio_captcha.draw(rng, text)
    draws.voices[:, 0], draws.voices[:, 1], draws.voices[:, 2] = speed, 40, pauses
    draws = _with_hiss(text, draws, rng)
    clip, spans = audio_captcha.mix(text, draws)
    assert clip.tobytes() == _packages_clip(text, draws, monkeypatch)[: len(clip)]
    assert spans.max() <= len(clip)


def test_draws_cover_the_packages_ranges() -> None:
    rng = np.random.default_rng(0)
    draws = [audio_captcha.draw(rng, "0123456789") for _ in range(300)]
    voices, background = np.concatenate([d.voices for d in draws]), np.concatenate([d.background for d in draws])
    assert (voices.min(0)[:2] == 0).all() and (voices.max(0)[:2] == (30, 40)).all()
    assert 8_000 <= voices[:, 2].min() < 8_050 and 23_950 < voices[:, 2].max() <= 24_000
    assert (background.min(0) == 0).all() and (background.max(0) == (35, 8, 4, 800)).all()


def test_hiss_has_the_packages_distribution() -> None:
    from captcha_core.sources.audio_kernels import hiss

    counts = np.bincount(hiss(2_000_000, np.uint64(7)), minlength=130)[126:130]
    expected = 2_000_000 * np.array([65, 64, 64, 64]) / 257
    assert ((counts - expected) ** 2 / expected).sum() < 16.3  # chi square, 3 degrees of freedom, p = 0.001


def test_spans_hold_the_characters() -> None:
    rng = np.random.default_rng(5)
    draws = audio_captcha.draw(rng, "4711")
    draws.voices[:, 1] = 40  # loud
    clip, spans = audio_captcha.mix("4711", draws)
    power = audio_captcha.to_float(clip) ** 2
    inside = np.concatenate([power[start:end] for start, end in spans]).mean()
    between = np.concatenate([power[end:start] for end, start in zip(spans[:-1, 1], spans[1:, 0], strict=True)]).mean()
    assert inside > 5 * between


def test_unknown_character_is_refused() -> None:
    with pytest.raises(SpecError, match="expected characters that the captcha package has a recording of"):
        audio_captcha.draw(np.random.default_rng(0), "12é4")
