"""The mixer's contract over every audio scheme."""

import io

import numpy as np
import pytest
import soundfile

from captcha_core.errors import SpecError
from captcha_core.media.audio import decode_audio, encode_flac
from captcha_core.sources import audio_mix
from captcha_core.sources.audio_knobs import AudioKnobs
from captcha_core.sources.reference import draw_reference
from captcha_core.sources.scheme import Knobs, Scheme
from captcha_core.sources.schemes import SCHEMES

AUDIO = [scheme for scheme in SCHEMES.values() if scheme.spec.media == "audio"]
EACH = pytest.mark.parametrize("scheme", AUDIO, ids=lambda scheme: scheme.name)


def _texts(scheme: Scheme, count: int) -> list[str]:
    rng = np.random.default_rng(9)
    spec = scheme.spec
    lengths = rng.integers(spec.min_length, spec.max_length + 1, size=count)
    return ["".join(spec.alphabet[k] for k in rng.integers(len(spec.alphabet), size=n)) for n in lengths]


@EACH
def test_sample_depends_on_seed_and_index_alone(scheme: Scheme) -> None:
    texts = _texts(scheme, 4)
    together = audio_mix.draw_batch(scheme, 7, range(10, 14), texts)
    alone = [audio_mix.draw_batch(scheme, 7, range(10 + i, 11 + i), texts[i : i + 1])[0] for i in (3, 1, 0, 2)]
    for a, b in zip((together[i] for i in (3, 1, 0, 2)), alone, strict=True):
        assert a.tobytes() == b.tobytes()
    other = audio_mix.draw_batch(scheme, 8, range(10, 14), texts)
    assert all(a.tobytes() != b.tobytes() for a, b in zip(together, other, strict=True))


@EACH
def test_clips_keep_to_the_specification(scheme: Scheme) -> None:
    for index, text in enumerate(_texts(scheme, 6)):
        clip = audio_mix.mix_clip(scheme, 1, index, text)
        assert clip.samples.dtype == np.float32 and clip.samples.ndim == 1
        assert np.abs(clip.samples).max() <= 1.0
        assert 0.3 * len(text) < len(clip.samples) / scheme.spec.rate_hz <= scheme.spec.seconds
        assert clip.spans_s.shape == (len(text), 2)
        assert (clip.spans_s[:, 0] < clip.spans_s[:, 1]).all() and (np.diff(clip.spans_s[:, 0]) > 0).all()
        assert clip.spans_s[-1, 1] <= len(clip.samples) / scheme.spec.rate_hz
        decoded = decode_audio(encode_flac(clip.samples, scheme.spec.rate_hz), scheme.spec.rate_hz, scheme.spec.seconds)
        assert np.abs(decoded - clip.samples).max() <= 2**-15


def test_captcha_layout_survives_flac_exactly() -> None:
    scheme = SCHEMES["audio-digits"]
    clip = audio_mix.mix_clip(scheme, 1, 1, "1234").samples
    assert decode_audio(encode_flac(clip, 8_000), 8_000, 30.0).tobytes() == clip.tobytes()


def test_reference_is_the_packages_wav() -> None:
    samples = draw_reference(SCHEMES["audio-digits"], 2)
    for sample in samples:
        with soundfile.SoundFile(io.BytesIO(sample.media)) as file:
            assert (file.format, file.samplerate, file.subtype) == ("WAV", 8_000, "PCM_U8")
        assert sample.text is not None and 4 <= len(sample.text) <= 8 and sample.text.isdigit()
        assert decode_audio(sample.media, 8_000, 30.0).std() > 0.02
    assert samples[0].media != samples[1].media


def test_image_scheme_is_refused() -> None:
    with pytest.raises(SpecError, match="expected an audio scheme"):
        audio_mix.mix_clip(SCHEMES["audio-digits"].model_copy(update={"knobs": Knobs()}), 1, 1, "1234")


def test_knobs_refuse_what_cannot_be() -> None:
    with pytest.raises(SpecError, match="layout plain"):
        AudioKnobs(layout="captcha", engine="espeak")
    with pytest.raises(SpecError, match="min_pause_s <= max_pause_s"):
        AudioKnobs(min_pause_s=2.0, max_pause_s=1.0)
    with pytest.raises(SpecError, match="overlap"):
        SCHEMES["audio-digits"].turned(overlap=0.9)
