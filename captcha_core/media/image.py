"""Image bytes to arrays and back, with limits that are checked before memory is taken."""

import io
import struct
import warnings
import zlib
from collections.abc import Callable
from typing import TypeVar

import cv2
import numpy as np
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from captcha_core.errors import DataError
from captcha_core.media.frames import framed
from captcha_core.media.sniff import IMAGE_FORMATS, MAX_IMAGE_BYTES, PNG, describe, remedy
from captcha_core.media.structure import MAX_PIXELS, check_avif_size, check_structure
from captcha_core.spec.captcha import Frame

HEAD_BYTES = 2**16  # a size is looked for in as many: some files hold a million empty pieces before it
EXIF_TURN = 0x0112  # the tag of the orientation; from 5 on width and height change places
MAX_FRAMES = 500
MAX_MOVING_PIXELS = 32_000_000  # of all frames together: 0.5 s, and 100 MB in colour
MOVING_FORMATS = ("GIF", "PNG", "WEBP", "AVIF")  # others hold pages
FAINT_LEVELS = 64  # darkest to lightest on a white page, below which ink hardly shows
PNG_HEADER = struct.Struct(">IIBBBBB")  # width, height, depth, colour type, compression, filter, interlacing
PLAIN_PIECES = 1_100  # chunks of a plain PNG: a picture of 8 MiB in an encoder's usual 8 KiB, and what describes it
GREY, RGB = 0, 2
DAMAGED = (  # what Pillow raises on damaged files; the last is AVIF's
    OSError, SyntaxError, ValueError, EOFError, struct.error, OverflowError, MemoryError, RuntimeError,
)  # fmt: skip
Decoded = TypeVar("Decoded")
HARMLESS = (b"IHDR", b"IDAT", b"IEND", b"pHYs", b"tEXt", b"tIME", b"gAMA", b"sRGB")  # no pixel depends on these chunks

# Set once for the whole process: warnings.catch_warnings() around each decoding would leave its filters behind
# when two threads overlap. What Pillow warns of is checked here or comes out as a picture all the same.
warnings.filterwarnings("ignore", module=r"PIL\.")


def decode_image(
    media: bytes, channels: int = 1, size_px: tuple[int, int] | None = None, frame: Frame = "first"
) -> np.ndarray:
    """Decode an image file of any usual kind.

    Palette, 1-bit, 16-bit, CMYK and transparent images come out as a person sees them on a white page (light ink on
    nothing: on a black one), turned as EXIF says.

    Args:
        media: PNG, JPEG, GIF, BMP, WebP, AVIF, TIFF or ICO bytes.
        channels: 1 for grey (ITU-R 601 luma), 3 for RGB.
        size_px: (height, width) to resize to (bilinear) when the image differs.
        frame: Which frame of a moving picture counts.

    Returns:
        uint8 array (H, W, C).

    Raises:
        DataError: If the bytes are no such image, are cut short or exceed the limits.
    """
    if len(media) > MAX_IMAGE_BYTES:
        raise DataError(
            f"expected an image of at most {MAX_IMAGE_BYTES:,} bytes, received {len(media):,}; make it smaller."
        )
    mode = "RGB" if channels == 3 else "L"
    known = decode_plain_png(media, MAX_PIXELS)
    if known is None:
        check_structure(media)
    if known is not None and mode == ("RGB" if known.ndim == 3 else "L") and size_px in (None, known.shape[:2]):
        return known.reshape(*known.shape[:2], channels)
    plain = _by_pillow(media, mode, frame) if known is None else Image.fromarray(known).convert(mode)
    if size_px is not None and plain.size != (size_px[1], size_px[0]):
        plain = plain.resize((size_px[1], size_px[0]), Image.Resampling.BILINEAR)
    pixels = np.asarray(plain)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def decode_plain_png(media: bytes, max_pixels: int) -> np.ndarray | None:
    """Decode a plain PNG, the usual captcha, in about half of Pillow's time.

    Plain is a whole file of 8-bit grey or RGB without transparency, animation or interlacing.

    Args:
        media: Bytes of any kind.
        max_pixels: Larger pictures are not decoded.

    Returns:
        uint8 (H, W) or (H, W, 3) as Pillow decodes it; None for anything else, damaged files among it.
    """
    if not _is_plain(media, max_pixels):
        return None
    colour = media[25] == RGB
    flags = cv2.IMREAD_COLOR_RGB if colour else cv2.IMREAD_GRAYSCALE
    return cv2.imdecode(np.frombuffer(media, np.uint8), flags)


def _is_plain(media: bytes, max_pixels: int) -> bool:
    if len(media) < 45 or not media.startswith(PNG) or media[12:16] != b"IHDR":
        return False
    width, height, depth, kind, *rest = PNG_HEADER.unpack_from(media, 16)
    if depth != 8 or kind not in (GREY, RGB) or any(rest) or not 0 < width * height <= max_pixels:
        return False
    at, name, pieces = len(PNG), b"", 0
    while at + 12 <= len(media) and name != b"IEND" and pieces < PLAIN_PIECES:
        size, name = struct.unpack_from(">I4s", media, at)
        end = at + 8 + size
        if name not in HARMLESS or end + 4 > len(media):
            return False
        if zlib.crc32(media[at + 4 : end]) != int.from_bytes(media[end : end + 4]):
            return False  # OpenCV would complain on the terminal
        at, pieces = end + 4, pieces + 1
    return name == b"IEND"


def decode_frames(media: bytes, channels: int = 1) -> np.ndarray | None:
    """Decode every frame of a moving picture as uint8 (N, H, W, C); None for a picture that does not move.

    Raises:
        DataError: If the bytes are no image, are cut short or exceed the limits.
    """
    if len(media) > MAX_IMAGE_BYTES or _is_plain(media, MAX_PIXELS):
        return None
    check_structure(media)
    return _opened(media, lambda picture: _frames(picture, "RGB" if channels == 3 else "L"))


def _by_pillow(media: bytes, mode: str, frame: Frame) -> Image.Image:
    def wanted(picture: Image.Image) -> Image.Image:
        frames = None if frame == "first" else _frames(picture, mode)
        if frames is None:
            return _flatten(picture, mode)
        return Image.fromarray(framed(frames, frame).squeeze(axis=2) if mode == "L" else framed(frames, frame))

    return _opened(media, wanted)


def _frames(picture: Image.Image, mode: str) -> np.ndarray | None:
    """Return all frames uint8 (N, H, W, C), None where there is one.

    Raises:
        DataError: If there are more than the limits allow.
    """
    count = getattr(picture, "n_frames", 1) if picture.format in MOVING_FORMATS else 1
    if count < 2:
        return None
    if count > MAX_FRAMES or count * picture.width * picture.height > MAX_MOVING_PIXELS:
        raise DataError(
            f"expected a moving picture of at most {MAX_FRAMES} frames and {MAX_MOVING_PIXELS:,} pixels together, "
            f"received {count:,} frames of {picture.width} x {picture.height}; make it smaller or shorter."
        )
    frames = [_flatten(frame.copy(), mode) for frame in ImageSequence.Iterator(picture)]
    pixels = np.stack([np.asarray(frame) for frame in frames])
    return pixels if pixels.ndim == 4 else pixels[..., None]


def _opened(media: bytes, decode: Callable[[Image.Image], Decoded]) -> Decoded:
    """Return what is decoded of a picture within the limits.

    Raises:
        DataError: If it is none, is damaged or too large.
    """
    try:
        picture = Image.open(io.BytesIO(media), formats=IMAGE_FORMATS)
        width, height = picture.size
        if width * height > MAX_PIXELS:
            raise DataError(
                f"expected an image of at most {MAX_PIXELS:,} pixels, received {width} x {height}; make it smaller."
            )
        if picture.format == "AVIF":
            check_avif_size(media, width * height)
        return decode(picture)
    except DataError:
        raise
    except Image.DecompressionBombError:  # Pillow's own limit comes first
        raise DataError(
            f"expected an image of at most {MAX_PIXELS:,} pixels, received one that claims far more; make it smaller."
        ) from None
    except UnidentifiedImageError:
        raise DataError(
            f"expected a {', '.join(IMAGE_FORMATS)} image, received {describe(media)}; {remedy(media)}."
        ) from None
    except DAMAGED as error:
        raise DataError(
            f"expected a whole image, received {len(media):,} damaged or cut-off bytes ({error}); get it again."
        ) from None


def _flatten(picture: Image.Image, mode: str) -> Image.Image:
    """Return the picture in ``mode`` as a person sees it."""
    picture.load()
    picture = _upright(picture)
    if picture.mode.startswith("I"):  # 16 bit: Pillow would clip at 255 instead of scaling
        levels = np.asarray(picture, dtype=np.int64).clip(0, 65535)
        picture = Image.fromarray((levels >> (8 if levels.max() > 255 else 0)).astype(np.uint8))
    elif picture.mode == "F":
        picture = Image.fromarray(np.nan_to_num(np.asarray(picture)).clip(0, 255).astype(np.uint8))
    if "transparency" in picture.info or picture.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        picture = _on_page(picture.convert("RGBA"))
    return picture.convert(mode)


def _upright(picture: Image.Image) -> Image.Image:
    """Turn and mirror a picture as its EXIF orientation says; damaged EXIF says nothing."""
    try:
        turn = picture.getexif().get(EXIF_TURN, 1)
        return ImageOps.exif_transpose(picture) if turn in range(2, 9) else picture
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, struct.error, OverflowError, ZeroDivisionError):
        return picture


def _on_page(picture: Image.Image) -> Image.Image:
    """Return an RGBA picture on white; where nothing shows on that, light ink on nothing, on black."""
    white, black = (
        Image.alpha_composite(Image.new("RGBA", picture.size, colour), picture) for colour in ("white", "black")
    )
    return black if _contrast(white) < min(FAINT_LEVELS, _contrast(black)) else white


def _contrast(picture: Image.Image) -> int:
    """Return how many levels lie between the darkest and the lightest pixel."""
    return int(np.ptp(np.asarray(picture.convert("L"), dtype=np.int64)))


def size_of(image: bytes) -> tuple[int, int]:
    """Return (height, width) in pixels as the header says, without decoding the picture.

    Raises:
        DataError: If the header cannot be read, or the picture would be dear to decode.
    """
    spread = image.startswith((b"RIFF", b"II*\0", b"MM\0*", b"\0\0\1\0")) or image[4:8] == b"ftyp"
    head = image[: MAX_IMAGE_BYTES if spread else HEAD_BYTES]  # in these the size may be anywhere
    if spread:
        check_structure(head)
    try:
        picture = Image.open(io.BytesIO(head), formats=IMAGE_FORMATS)
        width, height = picture.size
        if picture.format != "TIFF" and picture.getexif().get(EXIF_TURN, 1) in range(5, 9):  # Pillow turns those itself
            width, height = height, width
    except (
        *DAMAGED,
        TypeError,
        KeyError,
        Image.DecompressionBombError,
    ):
        raise DataError(
            f"expected a whole picture with its size in its first {HEAD_BYTES:,} bytes, received a damaged or another "
            "one; get it again, or choose the model."
        ) from None
    return height, width


def encode_png(pixels: np.ndarray, compress_level: int = 1) -> bytes:
    """Encode uint8 (H, W), (H, W, 1) or (H, W, 3) as PNG; equal pixels give equal bytes.

    OpenCV without row filters takes half of Pillow's time and fewer bytes for noisy pictures (see RESULTS.md), and its
    wheels bring their own zlib, so that the bytes do not depend on the machine's.
    """
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    settings = [cv2.IMWRITE_PNG_COMPRESSION, compress_level, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE]
    return bytes(cv2.imencode(".png", pixels, settings)[1])
