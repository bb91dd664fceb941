"""Every scheme by its name: a specification, and the knobs that differ from their defaults; YAML files of others."""

from typing import Any

from captcha_core.errors import SpecError
from captcha_core.plugins import Table
from captcha_core.sources.audio_knobs import AudioKnobs
from captcha_core.sources.raster.knobs import ImageKnobs
from captcha_core.sources.scheme import Knobs, Scheme
from captcha_core.sources.scheme_files import find_scheme
from captcha_core.sources.voices.espeak import ACCENTS
from captcha_core.sources.wild.scheme import WILD
from captcha_core.sources.wild.site import SITE
from captcha_core.spec.captcha import DIGITS, LOWER, UPPER, CaptchaSpec

CARRIED_FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSerif",
    "DejaVuSerif-Bold", "DejaVuSerif-Italic", "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "cmr10", "cmss10",
    "cmtt10",
)  # fmt: skip

TOUCHING = ImageKnobs(
    rotate_deg=20.0, antialias=True, space_probability=1.0, overlap=0.5, loose=True, colour_each=True, dots=10,
    foreground=(0, 170), font_sizes_px=(42, 48, 54),
)  # fmt: skip
WAVY = ImageKnobs(
    fonts=("DejaVuSans", "DejaVuSansMono-Bold", "package"), font_sizes_px=(34, 38, 42), rotate_deg=12.0, stretch_x=0.1,
    fill_tile=False, antialias=True, space_probability=1.0, overlap=0.15, loose=True, wave_px=8.0, lines=1,
    line_width_px=2.5, dots=0, arcs=0, foreground=(0, 120),
)  # fmt: skip
NTHU = ImageKnobs(
    fonts=("strokes",) * 5 + ("strokes-bold",), font_sizes_px=(14, 15, 16, 17, 18, 19, 20), rotate_deg=10.0,
    stretch_x=0.0, stretch_y=0.0, fill_tile=False, baseline=0.8, antialias=True, mask_gain=1.4, mask_levels=8,
    pitch_px=16.0, margin_px=2, jitter_x_px=2, jitter_y_px=7, background=(255, 255), foreground=(0, 159),
    opacity=(255, 255), colour_each=True, stars=20, stars_in_front=0.38, dots=0, arcs=0, smooth=False,
)  # fmt: skip
TEXTURED = ImageKnobs(
    fonts=("package", "DejaVuSans-Bold", "DejaVuSerif-Bold"), font_sizes_px=(38, 44, 50), rotate_deg=20.0,
    antialias=True, space_probability=0.8, loose=True, background=(150, 240), foreground=(0, 110), colour_each=True,
    gradient=120, texture=60, texture_px=7, dots=20, arcs=1,
)  # fmt: skip
FONTS = ImageKnobs(
    fonts=CARRIED_FONTS, font_sizes_px=(34, 38, 42, 46), rotate_deg=15.0, stretch_x=0.1, stretch_y=0.05,
    fill_tile=False, antialias=True, space_probability=0.8, overlap=0.15, loose=True, jitter_y_px=4, dots=15, arcs=1,
)  # fmt: skip
STEPPED = NTHU.model_copy(
    update={"fonts": ("DejaVuSans", "DejaVuSans-Bold"), "font_sizes_px": (28, 32, 36), "pitch_px": 25.0}
)
SUMS = ImageKnobs(
    fonts=("package", "DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif-Bold", "DejaVuSansMono"),
    font_sizes_px=(30, 34, 38), rotate_deg=10.0, stretch_x=0.05, stretch_y=0.05, fill_tile=False, antialias=True,
    space_probability=0.7, overlap=0.1, loose=True, jitter_y_px=3, foreground=(0, 150), dots=15, arcs=1,
)  # fmt: skip
MIXED = ImageKnobs(looks=(ImageKnobs(), TOUCHING, WAVY, STEPPED, TEXTURED, FONTS))
PACKAGE_VOICE = AudioKnobs(layout="captcha")
NOISY = AudioKnobs(
    engine="espeak", max_speed_change=0.15, max_pitch_change=2.0, overlap=0.15, white_snr_db=10.0, pink_snr_db=10.0,
    babble_snr_db=8.0, reversed_snr_db=8.0, snr_spread_db=15.0, reverb_share=0.5, telephone_share=0.3,
)  # fmt: skip

SPOKEN = NOISY.model_copy(
    update={
        "voices": (*ACCENTS, "de", "es", "es-419", "fr", "it", "pt", "pt-BR"),
        "max_pause_s": 0.6, "overlap": 0.0, "babble_snr_db": 5.0, "snr_spread_db": 20.0, "reverb_share": 0.3,
    }
)  # fmt: skip


def _image(name: str, description: str, knobs: Knobs, alphabet: str, least: int, most: int, **more: Any) -> Scheme:
    fields = {"height_px": 60, "width_px": 160, "channels": 1, "case_sensitive": True, **more}
    spec = CaptchaSpec.build(media="image", alphabet=alphabet, min_length=least, max_length=most, **fields)
    return Scheme(name=name, description=description, spec=spec, knobs=knobs)


def _audio(name: str, description: str, knobs: Knobs, alphabet: str, least: int, most: int, **more: Any) -> Scheme:
    fields = {"case_sensitive": False, "sample_rate_hz": 8_000, **more}
    spec = CaptchaSpec.build(media="audio", alphabet=alphabet, min_length=least, max_length=most, **fields)
    return Scheme(name=name, description=description, spec=spec, knobs=knobs)


_36 = DIGITS + UPPER
_62 = _36 + LOWER
_EITHER_CASE = {"case_sensitive": False}
_COLOUR = {"case_sensitive": False, "channels": 3}

_OURS = (
    _image("digits4", "Four digits, as the captcha package draws them.", ImageKnobs(), DIGITS, 4, 4),
    _image(
        "alnum4", "Four of 36 digits and capitals, as the captcha package draws them.",
        ImageKnobs(), _36, 4, 4, **_EITHER_CASE,
    ),
    _image(
        "alnum6", "Four to six of 62 digits, capitals and small letters, as the captcha package draws them.",
        ImageKnobs(), _62, 4, 6,
    ),
    _image("touching", "Four to six of 36 that touch and overlap, each in its colour.", TOUCHING, _36, 4, 6, **_COLOUR),
    _image(
        "wavy", "Four to six of 36 along a wave, struck through by a line that follows it.",
        WAVY, _36, 4, 6, **_EITHER_CASE, width_px=200,
    ),
    _image(
        "nthu6", "Six handwritten digits in six colours among small stars on white.",
        NTHU, DIGITS, 6, 6, height_px=32, width_px=104, channels=3,
    ),
    _image("textured", "Four to six of 36 on gradients and smooth noise.", TEXTURED, _36, 4, 6, **_COLOUR),
    _image("fonts", "Four to six of 62, every character in one of many fonts.", FONTS, _62, 4, 6, width_px=200),
    _image(
        "mixed", "Four to six of 36, each picture in the manner of one of the other schemes.",
        MIXED, _36, 4, 6, **_COLOUR,
    ),
    _image(
        "sums", "Sums of two numbers up to 99 with + - × ÷, to be worked out.",
        SUMS, DIGITS + "+-×÷=?", 5, 7, width_px=200, answer="arithmetic",
    ),
    WILD,
    SITE,
    _audio(
        "audio-digits", "The captcha package's AudioCaptcha: 4 to 8 digits, beeps, hiss and reversed speech",
        PACKAGE_VOICE, DIGITS, 4, 8, max_seconds=30.0,
    ),
    _audio(
        "audio-alnum", "The captcha package's AudioCaptcha: 8 digits and letters",
        PACKAGE_VOICE, _36, 8, 8, max_seconds=34.5,
    ),
    _audio(
        "speech-alnum8", "8 digits and letters spoken by espeak-ng's English voices",
        AudioKnobs(engine="espeak", max_speed_change=0.1), _36, 8, 8, max_seconds=10.0, sample_rate_hz=16_000,
    ),
    _audio(
        "speech-noisy",
        "6 digits spoken by espeak-ng's English voices behind noise, reversed speech, echo and telephones",
        NOISY, DIGITS, 6, 6, max_seconds=8.0, sample_rate_hz=16_000,
    ),
    _audio(
        "spoken", "2 to 4 digits and letters spoken in six languages behind babble, noise, echo and telephones",
        SPOKEN, _36, 2, 4, max_seconds=7.0,
    ),
)  # fmt: skip
SCHEMES: Table[Scheme] = Table("scheme", {scheme.name: scheme for scheme in _OURS})


def get_scheme(name: str) -> Scheme:
    """Return a scheme by its name, or that of a YAML file by its path.

    Raises:
        SpecError: If there is none of this name (the message lists the known ones), or the file cannot be right.
    """
    found = find_scheme(name, SCHEMES)
    if found is None:
        raise SpecError(
            f"expected a known scheme, received {name!r}; name one of {', '.join(SCHEMES)}, or the YAML file of one."
        )
    return found
