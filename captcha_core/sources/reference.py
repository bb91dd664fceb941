"""Samples drawn by the `captcha` package itself: the yardstick. They cannot be seeded."""

from captcha_core.sources.scheme import Scheme
from captcha_core.spec.sample import Sample


def draw_reference(scheme: Scheme, count: int) -> list[Sample]:
    """Return fresh samples of a scheme as the package draws them with its default settings.

    Raises:
        SpecError: If the package cannot draw this scheme.
    """
    if scheme.spec.media == "image":
        from captcha_core.sources.image_reference import draw_samples as draw
    else:
        from captcha_core.sources.audio_reference import draw_samples as draw
    return list(draw(scheme.spec, count))
