"""What every kind of features promises, and the JSON in which bundles hold them."""

import numpy as np
import pytest

from captcha_core.features.contract import Features
from captcha_core.features.kinds import FEATURES
from captcha_core.media.audio import encode_wav
from captcha_core.media.image import encode_png
from captcha_core.spec.captcha import CaptchaSpec
from tests.features.drawn import draw

IMAGE = CaptchaSpec.build(
    media="image", alphabet="0123456789", min_length=4, max_length=4, height_px=50, width_px=200, channels=3
)
AUDIO = CaptchaSpec.build(
    media="audio", alphabet="0123456789", min_length=4, max_length=8, sample_rate_hz=8_000, max_seconds=3.0
)
WRITTEN = {  # by earlier versions
    "image": '{"kind":"image","height_px":50,"width_px":200,"channels":3}',
    "letters": '{"kind":"letters","min_length":4,"max_length":4,"segmentation":{"side_px":28,"pad_px":2,"thresholds":'
    '[0.5,0.4,0.62,0.3,0.75],"min_contrast":16,"split_touching":true},"channels":1}',
    "log_mel": '{"kind":"log_mel","rate_hz":8000,"max_seconds":3.0,"hop":128,"window":256,"mels":40,"low_hz":60.0,'
    '"range_db":80.0}',
    "spectrogram_picture": '{"kind":"spectrogram_picture","rate_hz":8000,"max_seconds":3.0,"height_px":64,'
    '"width_px":128,"range_db":120.0}',
}
EACH = pytest.mark.parametrize("kind", WRITTEN)


@EACH
def test_json_is_read_and_written_as_ever(kind: str) -> None:
    assert FEATURES.validate_json(WRITTEN[kind]).model_dump_json() == WRITTEN[kind]


@EACH
def test_every_question_is_answered(kind: str) -> None:
    features: Features = FEATURES.validate_json(WRITTEN[kind])
    array, file, spec = draw("4173").pixels, encode_png(draw("4173").pixels), IMAGE
    if features.media == "audio":
        array = np.sin(np.arange(8_000) / 5).astype(np.float32)
        file, spec = encode_wav(array, 8_000), AUDIO
    seen, boxes = features.look(file, spec)
    assert seen.shape == features.shape and seen.dtype == features.dtype
    assert len(boxes) == (4 if features.letter else 0) and features.is_whole == (features.letter is None)
    batch = features.encode([array, array])
    assert batch.shape == (2, *features.shape) and features.encode(batch) is batch
    distort = features.augmentation(1.0)
    assert (distort is None) == (kind == "spectrogram_picture") and features.augmentation(0.0) is None
    if distort:
        assert distort(batch, np.random.default_rng(0)).shape == batch.shape
    assert (features.step_s(10) is not None) == (kind == "log_mel")
    assert features.upright(seen).size == seen.size
    compile(features.example, kind, "exec")
