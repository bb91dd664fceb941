"""Fonts of this machine that can write a text, for labels in scripts beyond Latin."""

import os
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from PIL import ImageFont

FOLDER_VARIABLE = "CAPTCHALAB_FONTS"  # names one more folder with fonts
SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")
FOLDERS = {
    "linux": ("~/.fonts", "~/.local/share/fonts", "/usr/share/fonts", "/usr/local/share/fonts"),
    "darwin": ("~/Library/Fonts", "/Library/Fonts", "/System/Library/Fonts"),
    "win32": ("~/AppData/Local/Microsoft/Windows/Fonts", "C:/Windows/Fonts"),
}
BROAD = (  # names of fonts with many scripts, which are looked at first
    "notosanscjk", "sourcehan", "wqy", "droidsansfallback", "unifont", "dejavusans.", "freesans", "noto",
    "arialuni", "msyh", "simsun", "msgothic", "malgun", "pingfang", "hiragino", "applegothic", "uming", "ukai",
    "gothic",
)  # fmt: skip
EMPTY = ("lastresort", "adobeblank", "notdef")  # fonts that draw a sign for every character and have none
MOST_FONTS = 400  # looked at for one character, half a millisecond each
NOWHERE = "\U0010fffd\U000e0fff\U0004fffd"  # characters that no font has: they show what is drawn for those

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def font_for(text: str, size_px: int) -> Font:
    """Return a font of the machine that has all characters of a text, else the one that Pillow carries."""
    default = ImageFont.load_default(size_px)
    needed = frozenset(text)
    if not _lacks(default, needed):
        return default
    path = _path_for(needed)
    return ImageFont.truetype(path, size_px) if path else default


def without_font(texts: Iterable[str]) -> str:
    """Return the characters that no font of this machine has, in their order."""
    default = ImageFont.load_default(16)
    characters = sorted(_lacks(default, frozenset("".join(texts))))
    return "".join(character for character in characters if _path_for(frozenset(character)) is None)


def writable(text: str) -> str:
    """Return a text with the codes of the characters that no font has in their place, as ``[U+5357]``."""
    lost = without_font([text])
    return "".join(f"[U+{ord(character):04X}]" if character in lost else character for character in text)


@cache
def _path_for(characters: frozenset[str]) -> str | None:
    for path in _font_paths()[:MOST_FONTS]:
        try:
            if not _lacks(ImageFont.truetype(path, 16), characters):
                return path
        except (OSError, ValueError, SyntaxError):
            continue
    return None


def _lacks(font: Font, characters: frozenset[str]) -> frozenset[str]:
    """Return the characters for which a font draws what it draws for any that it does not have."""
    missing = {b"", *(_drawn(font, character) for character in NOWHERE)}
    return frozenset(c for c in characters if not c.isspace() and _drawn(font, c) in missing)


def _drawn(font: Font, character: str) -> bytes:
    try:
        mask = font.getmask(character)
    except (OSError, ValueError):
        return b""
    return bytes(mask) + bytes(str(mask.size), "ascii") if mask.size[0] * mask.size[1] else b""


@cache
def _font_paths() -> tuple[str, ...]:
    """Return the font files of this machine, those of many scripts first."""
    found = {str(path): path.name.lower() for folder in _folders() for path in _files(folder)}

    def rank(path: str) -> tuple[int, str]:
        place = next((place for place, name in enumerate(BROAD) if name in found[path]), len(BROAD))
        return place, path

    return tuple(sorted(found, key=rank))


def _folders() -> Iterator[Path]:
    if own := os.environ.get(FOLDER_VARIABLE):
        yield Path(own)
    yield from (Path(folder).expanduser() for folder in FOLDERS.get(sys.platform, FOLDERS["linux"]))


def _files(folder: Path) -> Iterator[Path]:
    for top, _, names in os.walk(folder):
        for name in names:
            if name.lower().endswith(SUFFIXES) and not name.lower().startswith(EMPTY):
                yield Path(top) / name
