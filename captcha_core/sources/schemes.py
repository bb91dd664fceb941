"""Every scheme by its name."""

from captcha_core.errors import SpecError
from captcha_core.plugins import Table
from captcha_core.sources.audio_schemes import AUDIO_SCHEMES
from captcha_core.sources.image_schemes import IMAGE_SCHEMES
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.wild.scheme import WILD

SCHEMES: Table[Scheme] = Table("scheme", {scheme.name: scheme for scheme in (*IMAGE_SCHEMES, WILD, *AUDIO_SCHEMES)})


def get_scheme(name: str) -> Scheme:
    """Return a scheme.

    Raises:
        SpecError: If there is none of this name; the message lists the known ones.
    """
    if name not in SCHEMES:
        raise SpecError(f"expected a known scheme, received {name!r}; name one of {', '.join(SCHEMES)}.")
    return SCHEMES[name]
