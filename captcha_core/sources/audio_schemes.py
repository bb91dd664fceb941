"""The audio schemes."""

from captcha_core.sources.scheme import Scheme

AUDIO_SCHEMES: tuple[Scheme, ...] = ()
