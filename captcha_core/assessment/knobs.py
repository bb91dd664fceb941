"""The knobs of a scheme, each at some levels with nothing else changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from captcha_core.errors import SpecError
from captcha_core.sources.raster.knobs import ImageKnobs
from captcha_core.sources.scheme import Knobs, Scheme
from captcha_core.sources.wild.site import SiteKnobs
from captcha_core.spec.captcha import CaptchaSpec

CONFUSABLE = "0O1Il5S2Z8B6G9gqvVuUwWcC"
AS_IT_IS = "as it is"

# Levels from plain to hard. A scheme's own value comes in among them.
LEVELS: Mapping[str, tuple[Any, ...]] = {
    "rotate_deg": (0.0, 15.0, 30.0, 45.0),
    "stretch_x": (0.0, 0.2, 0.35, 0.5),
    "stretch_y": (0.0, 0.1, 0.25, 0.5),
    "overlap": (0.0, 0.25, 0.5, 0.7),
    "wave_px": (0.0, 4.0, 8.0, 12.0),
    "jitter_y_px": (0, 4, 8, 12),
    "lines": (0, 1, 3, 6),
    "arcs": (0, 1, 3, 6),
    "dots": (0, 30, 100, 250),
    "stars": (0, 20, 60, 120),
    "gradient": (0, 60, 120, 200),
    "texture": (0, 40, 90, 160),
    "white_snr_db": (None, 20.0, 5.0, -5.0),
    "pink_snr_db": (None, 20.0, 5.0, -5.0),
    "babble_snr_db": (None, 15.0, 5.0, -5.0),
    "reversed_snr_db": (None, 15.0, 5.0, -5.0),
    "max_speed_change": (0.0, 0.1, 0.25, 0.5),
    "max_pitch_change": (0.0, 1.0, 3.0, 6.0),
    "reverb_share": (0.0, 0.3, 0.6, 1.0),
    "telephone_share": (0.0, 0.3, 0.6, 1.0),
}
SITE_LEVELS: Mapping[str, tuple[Any, ...]] = {
    "rotate_deg": (0.0, 15.0, 30.0, 45.0),
    "slant": (0.0, 0.2, 0.4, 0.7),
    "jitter": (0.0, 0.05, 0.15, 0.3),
    "stretch": (0.0, 0.1, 0.25, 0.5),
    "swing": (0.0, 0.1, 0.2, 0.4),
    "spacing": ((1.0, 1.2), (0.85, 0.95), (0.7, 0.8), (0.55, 0.65)),
    "lettering": ("fill", "outline", "double", "dotted"),
    "bend": (0.0, 0.5, 1.0, 2.0),
    "mixed": (0.0, 0.3, 0.6, 1.0),
    "lines": ((0, 0), (1, 1), (3, 3), (6, 6)),
    "curves": ((0, 0), (1, 1), (3, 3), (6, 6)),
    "dashes": (0, 10, 40, 100),
    "dots": (0, 20, 80, 200),
    "pepper": (0.0, 0.03, 0.1, 0.2),
    "grain": (0.0, 8.0, 20.0, 40.0),
    "background": ("flat", "gradient", "clouds", "scene"),
}
FONTS = {
    "one": ("package",),
    "four": ("package", "DejaVuSans", "DejaVuSerif-Bold", "DejaVuSansMono"),
    "eight": (
        "package", "DejaVuSans", "DejaVuSans-Oblique", "DejaVuSerif-Bold", "DejaVuSansMono", "STIXGeneralItalic",
        "cmr10", "cmtt10",
    ),
}  # fmt: skip
CONTRAST = {"dark": (0, 100), "pale": (120, 220), "all but gone": (180, 235)}
ENGLISH = {
    "rotate_deg": "rotation (degrees)",
    "stretch_x": "stretch sideways",
    "stretch_y": "stretch upwards",
    "overlap": "overlap of characters",
    "wave_px": "wave (px)",
    "jitter_y_px": "jitter up and down (px)",
    "lettering": "how letters are painted",
    "mixed": "a font for each character (share)",
    "lines": "lines through the text",
    "arcs": "arcs",
    "dots": "dots",
    "stars": "stars",
    "gradient": "gradient",
    "texture": "texture",
    "white_snr_db": "white noise (dB)",
    "pink_snr_db": "pink noise (dB)",
    "babble_snr_db": "babble (dB)",
    "reversed_snr_db": "reversed speech (dB)",
    "max_speed_change": "change of speed",
    "max_pitch_change": "change of pitch (semitones)",
    "reverb_share": "reverberation (share of clips)",
    "telephone_share": "telephone (share of clips)",
}


@dataclass(frozen=True)
class Setting:
    """One level of one knob: the scheme with nothing else changed."""

    knob: str
    label: str
    level: str
    scheme: Scheme
    is_base: bool


def settings_of(scheme: Scheme, only: Sequence[str] = ()) -> list[Setting]:
    """Return every level of every knob that can be turned, one at a time.

    Args:
        only: Names of knobs; all when there are none.

    Raises:
        SpecError: If a name is no knob of this scheme, or the scheme has none that can be turned alone.
    """
    found = [*_numbers(scheme), *_fonts(scheme), *_texts(scheme)]
    if not found:
        raise SpecError(
            f"expected a scheme with knobs that can be turned one at a time, received {scheme.name}, which mixes "
            "pictures of many kinds; name another."
        )
    known = list(dict.fromkeys(setting.knob for setting in found))
    if unknown := sorted(set(only) - set(known)):
        raise SpecError(f"expected knobs of {', '.join(known)}, received {unknown[0]!r}; correct the name.")
    return [setting for setting in found if not only or setting.knob in only]


def _numbers(scheme: Scheme) -> Iterator[Setting]:
    if getattr(scheme.knobs, "looks", ()) or getattr(scheme.knobs, "variants", ()):
        return
    for name, levels in levels_of(scheme.knobs).items():
        value = getattr(scheme.knobs, name)
        for level in _with_own(levels, value):
            yield from _turned(scheme, name, ENGLISH.get(name, name), _words(level), level == value, {name: level})


def levels_of(knobs: Knobs) -> dict[str, tuple[Any, ...]]:
    """Return the levels of the knobs that a scheme has."""
    table = SITE_LEVELS if isinstance(knobs, SiteKnobs) else LEVELS
    return {name: levels for name, levels in table.items() if name in type(knobs).model_fields}


def _with_own(levels: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    """Return four levels with a scheme's own value among them, in place of the nearest."""
    if value in levels:
        return levels
    if not isinstance(value, int | float):
        return (value, *levels[1:])
    numbers = [level for level in levels if level is not None]
    nearest = min(numbers, key=lambda level: abs(level - value))
    return tuple(value if level == nearest else level for level in levels)


def _fonts(scheme: Scheme) -> Iterator[Setting]:
    knobs = scheme.knobs
    if not isinstance(knobs, ImageKnobs) or knobs.looks:
        return
    for words, fonts in FONTS.items():
        yield from _turned(scheme, "fonts", "number of fonts", words, knobs.fonts == fonts, {"fonts": fonts})
    yield from _turned(scheme, "contrast", "contrast of the text", AS_IT_IS, True, {})
    for words, levels in CONTRAST.items():
        if levels != knobs.foreground:
            yield from _turned(scheme, "contrast", "contrast of the text", words, False, {"foreground": levels})


def _turned(
    scheme: Scheme, knob: str, label: str, level: str, is_base: bool, changes: Mapping[str, Any]
) -> Iterator[Setting]:
    try:
        yield Setting(knob, label, level, scheme.turned(**changes), is_base)
    except SpecError:  # beyond a bound, or not with this layout
        return


def _texts(scheme: Scheme) -> Iterator[Setting]:
    """Yield other lengths and alphabets; what a picture has no room for is left out."""
    if getattr(scheme.knobs, "families", None) is not None:
        return
    spec = scheme.spec
    low, high = spec.min_length, spec.max_length
    lengths = [(low, high), (low + 1, high + 1), (low + 2, high + 2), (max(1, low - 1), high + 2)]
    for least, most in lengths:
        words = f"{least}" if least == most else f"{least} to {most}"
        yield from _respecified(scheme, "length", "length", words, min_length=least, max_length=most)
    for words, alphabet in _alphabets(spec).items():
        yield from _respecified(scheme, "alphabet", "alphabet", words, alphabet=alphabet)


def _alphabets(spec: CaptchaSpec) -> dict[str, str]:
    found = {AS_IT_IS: spec.alphabet}
    plain = "".join(one for one in spec.alphabet if one not in CONFUSABLE)
    if 2 <= len(plain) < len(spec.alphabet):
        found["nothing confusable"] = plain
    mixed = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    if spec.media == "image" and not set(mixed) <= {one.upper() for one in spec.alphabet}:
        found["digits and capitals"] = mixed
    only = "".join(one for one in spec.alphabet if one in CONFUSABLE)
    if 4 <= len(only) < len(spec.alphabet):
        found["confusable alone"] = only
    return found


def _respecified(scheme: Scheme, knob: str, label: str, level: str, **changes: Any) -> Iterator[Setting]:
    try:
        spec = CaptchaSpec.build(**{**scheme.spec.model_dump(exclude_none=True), **changes})
    except SpecError:
        return
    turned = scheme.model_copy(update={"spec": spec})
    yield Setting(knob, label, level, turned, spec == scheme.spec)


def _words(level: Any) -> str:
    if isinstance(level, tuple):
        return " to ".join(dict.fromkeys(_words(one) for one in level))
    return "none" if level is None else level if isinstance(level, str) else f"{level:g}"
