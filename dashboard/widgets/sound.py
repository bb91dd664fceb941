"""What a clip looks like: waveform, spectrogram and what was read where, as the preview draws it."""

import base64
from collections.abc import Sequence

from captcha_core.features.clip_picture import draw_clip
from captcha_core.media.audio import decode_audio
from captcha_core.media.image import encode_png
from captcha_core.spec.answer import Character
from captcha_core.spec.captcha import CaptchaSpec
from dashboard.widgets.text import markup


def clip_picture(media: bytes, spec: CaptchaSpec, characters: Sequence[Character], name: str) -> str:
    """Return a clip as an ``<img>``.

    Raises:
        DataError: If the clip cannot be read.
    """
    samples = decode_audio(media, spec.rate_hz, spec.seconds)
    png = base64.b64encode(encode_png(draw_clip(samples, spec.rate_hz, characters))).decode()
    return f'<img class="cl-picture cl-clip" alt="{markup(name)}" src="data:image/png;base64,{png}">'
