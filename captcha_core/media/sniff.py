"""What a file is, by its first bytes and nothing that somebody says of it: the one table of magic numbers."""

import re
from dataclasses import dataclass
from typing import Literal

from captcha_core.errors import DataError

Kind = Literal["image", "audio"]
PNG, OGG, ZIP = b"\x89PNG\r\n\x1a\n", b"OggS", b"PK\x03\x04"
IMAGE_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "AVIF", "TIFF", "ICO")  # as Pillow calls them
MAX_IMAGE_BYTES = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file that is read: its name, the ending of its files, and whether it is a picture or a clip."""

    name: str
    suffix: str
    kind: Kind


FORMATS = {
    PNG: Format("PNG", ".png", "image"),
    b"\xff\xd8\xff": Format("JPEG", ".jpg", "image"),
    b"GIF87a": Format("GIF", ".gif", "image"),
    b"GIF89a": Format("GIF", ".gif", "image"),
    b"BM": Format("BMP", ".bmp", "image"),
    b"fLaC": Format("FLAC", ".flac", "audio"),
    OGG: Format("OGG", ".ogg", "audio"),
    b"ID3": Format("MP3", ".mp3", "audio"),
    b"II*\0": Format("TIFF", ".tiff", "image"),
    b"MM\0*": Format("TIFF", ".tiff", "image"),
    b"\0\0\1\0": Format("ICO", ".ico", "image"),
}
AVIF, AIFF = Format("AVIF", ".avif", "image"), Format("AIFF", ".aiff", "audio")
AVIF_BRANDS, HEIC_BRANDS = (b"avif", b"avis"), (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
SEEN_BYTES = 512  # of a text
BOX_BYTES = 64  # of the first box of an MP4, HEIC or AVIF, whose brands say which it is
RIFF_FORMATS = {b"WEBP": Format("WebP", ".webp", "image"), b"WAVE": Format("WAV", ".wav", "audio")}
OTHERS = {
    ZIP: "a zip archive", b"%PDF": "a PDF", b"RIFF": "a RIFF file", b"\x1aE\xdf\xa3": "a WebM or Matroska clip",
    b"#!AMR": "an AMR clip", b"\x30\x26\xb2\x75": "a WMA clip", b"\0\0\1\xba": "an MPEG video",
    b"\0\0\1\xb3": "an MPEG video", b".snd": "an AU clip", b"caff": "a CAF clip", b"RF64": "an RF64 clip",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 picture", b"\xff\x4f\xff\x51": "a JPEG 2000 picture",
    b"\0\0\0\x0cJXL ": "a JPEG XL picture", b"\xff\x0a": "a JPEG XL picture", b"8BPS": "a Photoshop picture",
    b"<svg": "an SVG drawing", b"<": "markup",
}  # fmt: skip
BASE64_TEXT = re.compile(rb"(?:data:[\w/+;=.-]*,)?[A-Za-z0-9+/_=\r\n-]{64,}")
FILE_ENDINGS = frozenset((  # of what people take for pictures and clips, whether it is read or named as what it is
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".gif", ".bmp", ".dib", ".webp", ".avif", ".tif",
    ".tiff", ".ico", ".heic", ".heif", ".jp2", ".jxl", ".svg", ".wav", ".wave", ".flac", ".ogg", ".oga", ".opus",
    ".mp3", ".mpga", ".mpg", ".mpeg", ".mp2", ".aif", ".aiff", ".aifc", ".m4a", ".mp4", ".aac", ".webm", ".weba",
    ".wma", ".amr", ".3gp", ".au", ".snd", ".caf", ".mkv",
))  # fmt: skip
SUFFIXES = tuple(dict.fromkeys(one.suffix for one in (*FORMATS.values(), *RIFF_FORMATS.values())))


def format_of(media: bytes) -> Format | None:
    """Return the format of a picture or clip, None for anything else."""
    if media.startswith(b"RIFF"):
        return RIFF_FORMATS.get(media[8:12])
    if media.startswith(b"FORM"):
        return AIFF if media[8:12] in (b"AIFF", b"AIFC") else None
    if media[4:8] == b"ftyp":
        return AVIF if any(brand in media[8:BOX_BYTES] for brand in AVIF_BRANDS) else None
    if media[:1] == b"\xff" and media[1:2] >= b"\xe0":  # the eleven bits that begin an MPEG frame
        return None if _is_aac(media) else FORMATS[b"ID3"]
    return next((found for magic, found in FORMATS.items() if media.startswith(magic)), None)


def _is_aac(media: bytes) -> bool:
    """Tell whether a frame is of AAC (ADTS): twelve bits of ones and a layer that MPEG audio does not have."""
    return media[1:2] >= b"\xf0" and media[1] & 0x06 == 0


def suffix_of(media: bytes) -> str:
    """Return the ending that a file with these bytes is given."""
    found = format_of(media)
    return found.suffix if found else ".bin"


def kind_of(media: bytes) -> Kind:
    """Return whether the bytes are a picture or a clip.

    Raises:
        DataError: If they are neither a usual picture nor a usual clip.
    """
    found = format_of(media)
    if found is None:
        named = _other(media)
        received = named or (f"{len(media):,} bytes of another kind" if media else "no bytes at all")
        raise DataError(
            f"expected a PNG, JPEG, GIF, BMP, WebP, AVIF, TIFF or ICO picture or a WAV, FLAC, OGG, MP3 or AIFF clip, "
            f"received {received}; {remedy(media)}."
        )
    return found.kind


def describe(media: bytes) -> str:
    """Return what the bytes seem to be, as an error says it."""
    if not media:
        return "no bytes at all"
    if found := format_of(media):
        article = "an" if found.name[0] in "AIMO" else "a"
        return f"{article} {found.name} {'picture' if found.kind == 'image' else 'clip'}"
    return _other(media) or f"{len(media):,} bytes that begin with {media[:8].hex(' ')}"


def _other(media: bytes) -> str | None:
    """Return what a file is that is not read, None where nobody knows."""
    if media[4:8] == b"ftyp":
        heic = media[8:12] in HEIC_BRANDS
        return "a HEIC picture" if heic else "an M4A clip (AAC)" if media[8:11] == b"M4A" else "an MP4 clip"
    if media[:1] == b"\xff" and media[1:2] >= b"\xe0" and _is_aac(media):
        return "an AAC clip"
    if BASE64_TEXT.fullmatch(media[:SEEN_BYTES]):
        return "base64 text"
    return next((name for magic, name in OTHERS.items() if media.startswith(magic)), None)


def remedy(media: bytes) -> str:
    """Return what to do about a file that is not read."""
    named = _other(media) or ""
    if named.endswith(("clip", "(AAC)", "video")):
        return "convert it to WAV or FLAC, as in: ffmpeg -i FILE out.wav"
    if named.endswith(("picture", "drawing")):
        return "convert it to PNG or JPEG"
    if named == "base64 text":
        return 'decode it, or send it to the API in JSON: {"media": "..."}'
    return "send the file itself"
