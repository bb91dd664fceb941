"""One contract for every engine, the paid ones against their SDK's own stand-ins."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from captcha_core.errors import CaptchaError, DataError, SpecError
from captcha_core.sources.generate import draw_arrays
from captcha_core.sources.schemes import get_scheme
from captcha_core.sources.voices import engines
from captcha_core.sources.voices.contract import Voices, choose, trimmed
from captcha_core.sources.voices.espeak import LANGUAGES, EspeakVoices
from captcha_core.sources.voices.google import GoogleVoices
from captcha_core.sources.voices.polly import PollyVoices
from tests.sources.fakes_voices import google_client, polly_client


def _engine(name: str, folder: Path) -> Voices:
    if name == "polly":
        return PollyVoices(client=polly_client(), cache=folder)
    if name == "google":
        return GoogleVoices(client=google_client(), cache=folder)
    return engines.get_engine(name)


@pytest.fixture(params=sorted(engines.ENGINES))
def voices(request: pytest.FixtureRequest, tmp_path: Path) -> Voices:
    return _engine(request.param, tmp_path)


def _say(voices: Voices, characters: str, voice: str = "", seed: int = 0) -> dict[str, np.ndarray]:
    """Return what a voice says, of the engine's first unless named."""
    return voices.say(voices.speaker(voice or voices.names()[0], np.random.default_rng(seed)), characters)


def test_contract(voices: Voices) -> None:
    names = voices.names()
    assert names == tuple(sorted(set(names))) and names
    assert voices.speaker(names[-1], np.random.default_rng(1)).voice == names[-1]
    said = _say(voices, "A7A")
    assert set(said) == {"A", "7"}
    for samples in said.values():
        assert samples.dtype == np.float32 and samples.ndim == 1
        assert 0.05 < np.abs(samples).max() <= 1.0
        assert 0.02 < len(samples) / voices.sample_rate_hz < 5


def test_equal_speakers_say_equal_things_in_any_order(voices: Voices) -> None:
    speaker = voices.speaker(voices.names()[0], np.random.default_rng(2))
    before = voices.say(speaker, "3B")
    voices.say(voices.speaker(voices.names()[-1], np.random.default_rng(3)), "XYZ")
    after = voices.say(speaker, "B3")
    assert before.keys() == after.keys() == {"3", "B"}
    assert all(before[key].tobytes() == after[key].tobytes() for key in before)


def test_same_seed_speaks_the_same(voices: Voices) -> None:
    one, two = (_say(voices, "42", seed=5) for _ in range(2))
    assert one.keys() == two.keys() and all(one[key].tobytes() == two[key].tobytes() for key in one)


def test_builtin_refuses_what_was_not_recorded() -> None:
    with pytest.raises(SpecError, match="0-9, A-Z"):
        _say(engines.BuiltinVoices(), "ß")


def test_espeak_has_nine_accents_and_their_variants() -> None:
    names = EspeakVoices().names()
    assert len([name for name in names if "+" not in name]) == 9
    assert {"en-US+f3", "en-GB-scotland+m2", "en-029"} < set(names)
    assert len(names) > 800


@pytest.mark.parametrize("voice", LANGUAGES)
def test_other_languages_say_digits_and_letters_where_they_are_named(voice: str) -> None:
    engine = EspeakVoices()
    assert voice in engine.further() and voice not in engine.names()
    said = engine.say(engine.speaker(voice, np.random.default_rng(0)), "0123456789abcdefghijklmnopqrstuvwxyz")
    english = engine.say(engine.speaker("en-US", np.random.default_rng(0)), "7")["7"]
    assert all(0.05 < len(one) / engine.sample_rate_hz < 1.5 for one in said.values())
    assert len(english) != len(said["7"]), "another language, not English by another name"


def test_a_scheme_names_the_languages_that_speak() -> None:
    scheme = get_scheme("speech-noisy")
    brazil = draw_arrays(scheme.turned(voices=("pt-BR",)), 1, range(2))[0]
    assert not np.array_equal(brazil[0], draw_arrays(scheme, 1, range(2))[0][0])
    with pytest.raises(SpecError, match="expected a voice of .*received 'tlh'"):
        draw_arrays(scheme.turned(voices=("tlh",)), 1, range(2))


def test_espeak_rate_and_pitch_are_drawn() -> None:
    espeak, rng = EspeakVoices(), np.random.default_rng(0)
    speakers = {espeak.speaker("en-US", rng) for _ in range(20)}
    assert len(speakers) > 15
    lengths = {len(espeak.say(speaker, "8")["8"]) for speaker in list(speakers)[:4]}
    assert len(lengths) > 1


def test_espeak_refuses_an_unknown_voice() -> None:
    with pytest.raises(DataError, match="expected a voice of espeak-ng, received 'xx-nobody'"):
        _say(EspeakVoices(), "1", "xx-nobody")


@pytest.mark.parametrize(
    ("name", "module", "remedy"),
    [
        ("espeak", "espeakng_loader", r"pip install 'captchalab\[audio\]'"),
        ("polly", "boto3", r"pip install 'captchalab\[polly\]'"),
        ("google", "google.cloud", r"pip install 'captchalab\[google\]'"),
    ],
)
def test_missing_engine_says_what_to_install(
    name: str, module: str, remedy: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(__import__("sys").modules, module, None)
    monkeypatch.setenv("CAPTCHALAB_VOICE_CACHE", str(tmp_path))
    with pytest.raises(CaptchaError, match=remedy):
        _say(engines.ENGINES[name](), "1")


def test_unknown_engine_is_refused() -> None:
    with pytest.raises(SpecError, match="builtin, espeak, polly, google, received 'festival'"):
        engines.get_engine("festival")


def test_choose_holds_out_by_whole_name_accent_or_variant() -> None:
    names = ("en-GB", "en-GB+f1", "en-US", "en-US+f1", "en-US+m1")
    assert choose(names, (), ()) == names
    assert choose(names, (), ("en-US",)) == ("en-GB", "en-GB+f1")
    assert choose(names, (), ("f1",)) == ("en-GB", "en-US", "en-US+m1")
    assert choose(names, ("f1",), ("en-US",)) == ("en-GB+f1",)
    assert choose(names, ("en-US+m1",), ()) == ("en-US+m1",)
    with pytest.raises(SpecError, match="received 'en-FR'"):
        choose(names, (), ("en-FR",))
    with pytest.raises(SpecError, match="hold out fewer"):
        choose(names, ("f1",), ("f1",))


def test_trimmed_keeps_a_margin_and_refuses_silence() -> None:
    samples = np.zeros(1_000, np.float32)
    samples[400:500] = 0.5
    assert len(trimmed(samples, 1_000)) == 100 + 2 * 10
    with pytest.raises(DataError, match="received silence"):
        trimmed(np.zeros(100, np.float32), 1_000)


def test_fakes_answer_with_real_audio() -> None:
    content = (
        google_client()
        .synthesize_speech(
            {
                "input": {"ssml": "x"},
                "voice": {"name": "en-US-Wavenet-A"},
                "audio_config": {"sample_rate_hertz": 16_000},
            }
        )
        .audio_content
    )
    assert soundfile.info(io.BytesIO(content)).samplerate == 16_000
