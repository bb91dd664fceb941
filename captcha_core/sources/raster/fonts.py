"""The fonts that schemes name: files, the package's own, those that matplotlib carries, and digits of our strokes."""

from pathlib import Path

from fontTools.ttLib import TTFont, TTLibError

from captcha_core.errors import SpecError
from captcha_core.sources.raster.strokes import DIGITS, STROKE_FONTS

PACKAGE_FONT = "package"


def font_path(name: str) -> Path:
    """Return the file of a font.

    Args:
        name: ``package``, the stem of a file among matplotlib's, such as ``DejaVuSans``, or a path.

    Raises:
        SpecError: If there is none; the message lists the known names.
    """
    if name == PACKAGE_FONT:
        from captcha.image import DEFAULT_FONTS

        return Path(DEFAULT_FONTS[0])
    if Path(name).is_file():
        return Path(name)
    carried = {path.stem: path for path in _matplotlib_fonts()}
    if name not in carried:
        known = ", ".join([PACKAGE_FONT, *STROKE_FONTS, *sorted(carried)])
        raise SpecError(f"expected the file of a font or one of {known}, received {name!r}; correct the name.")
    return carried[name]


def _matplotlib_fonts() -> list[Path]:
    import matplotlib

    return sorted((Path(matplotlib.get_data_path()) / "fonts" / "ttf").glob("*.ttf"))


def check_font(name: str, alphabet: str) -> None:
    """Check that a font draws every character of an alphabet.

    Raises:
        SpecError: If there is no such font, or it lacks a character.
    """
    missing = "".join(character for character in alphabet if character not in _characters(name))
    if missing:
        raise SpecError(
            f"expected a font with every character of the alphabet, received {name!r}, which lacks {missing!r}; "
            "name another font or narrow the alphabet."
        )


def _characters(name: str) -> set[str]:
    if name in STROKE_FONTS:
        return set(DIGITS)
    path = font_path(name)
    try:
        with TTFont(path, lazy=True, fontNumber=0) as tables:
            return {chr(code) for code in tables.getBestCmap() or {}}
    except (OSError, TTLibError) as error:
        raise SpecError(
            f"expected a TrueType or OpenType font, received {path.name} ({error}); name another."
        ) from None
