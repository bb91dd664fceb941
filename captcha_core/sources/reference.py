"""Samples drawn by the `captcha` package itself: the yardstick. They cannot be seeded."""

import secrets

from captcha_core.errors import SpecError
from captcha_core.sources.scheme import Scheme
from captcha_core.spec.sample import Sample


def check_drawable(scheme: Scheme) -> None:
    """Raises: SpecError: If the package cannot draw this scheme."""
    if scheme.spec.media == "image":
        from captcha_core.sources import image_reference

        image_reference.check_knobs(scheme)
    else:
        from captcha_core.sources import audio_reference

        audio_reference.check_knobs(scheme)


def is_drawable(scheme: Scheme) -> bool:
    """Say whether the package can draw this scheme."""
    try:
        check_drawable(scheme)
    except SpecError:
        return False
    return True


def draw_reference(scheme: Scheme, count: int) -> list[Sample]:
    """Return fresh samples of a scheme as the package draws them with its default settings.

    Raises:
        SpecError: If the package cannot draw this scheme.
    """
    check_drawable(scheme)
    if scheme.spec.media == "image":
        from captcha_core.sources.image_reference import reference_samples

        return reference_samples(scheme, count, secrets.randbits(32))
    from captcha_core.sources.audio_reference import draw_samples

    return list(draw_samples(scheme.spec, count))
