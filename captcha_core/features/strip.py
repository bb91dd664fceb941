"""What a network for captchas of any site sees: light text on black, at a fixed height, with its aspect ratio."""

from collections.abc import Iterator
from functools import partial
from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from captcha_core.features.augment import Augment, augment_images
from captcha_core.features.contract import FeaturesModel
from captcha_core.media.image import decode_image
from captcha_core.spec.answer import Box
from captcha_core.spec.captcha import CaptchaSpec

BITS = 3  # of each primary: colours that agree in them count as one page
RING_PX, RING_WEIGHT = 4, 8  # pixels near the border are the page's more often; the outermost may be a frame's
FRAME_PX = 3  # at the border, where a frame would count as what is furthest from the page
FULL_SHARE = 0.03  # of all pixels may be further from the page than what becomes full white
FAINTEST = 24.0  # distance that becomes full white at least: an empty page stays black
LUMA = np.array([0.9, 1.5, 0.6], np.float32)  # weights of the primaries in a distance of two colours
LOOKS = (  # further zooms and stretches, the most telling first: text is often a small part of a picture
    (0.8, 1.0), (1.0, 0.8), (0.65, 1.0), (0.8, 0.8), (0.5, 1.0), (0.65, 0.8), (1.0, 0.64),
)  # fmt: skip


class StripFeatures(FeaturesModel):
    """The distance of each pixel from the colour of the page, scaled to one height; black behind the picture's end.

    Yellow on white, dark blue on black and dark on light all come out as light on black. A picture that would be
    wider than the strip is squeezed into it.

    Args:
        height_px: Height of the strip.
        width_px: Its width.
        zoom: The share of a picture's height, about its middle, that fills the strip.
        stretch: How much wider it is drawn than it would fit.
        any_site: Whether the captchas are of any kind: one that is not surely read is looked at anew, nearer and
            stretched, and digits alone are believed where a text with letters is hardly likelier.
    """

    media: ClassVar[Literal["image"]] = "image"

    kind: Literal["strip"] = "strip"
    height_px: int = Field(48, ge=16, le=128)
    width_px: int = Field(192, ge=32, le=1024)
    zoom: float = Field(1.0, ge=0.2, le=1.0)
    stretch: float = Field(1.0, ge=0.25, le=4.0)
    any_site: bool = False

    @property
    def of_any_site(self) -> bool:  # type: ignore[override]
        """Whether the captchas may be of any kind."""
        return self.any_site

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, 1) of one sample."""
        return self.height_px, self.width_px, 1

    def from_array(self, pixels: np.ndarray, /) -> np.ndarray:
        """Return uint8 (H, W, 1) of pixels uint8 (h, w, 1 or 3) of any size."""
        return self._strip(pixels, self.zoom, self.stretch)

    def _strip(self, pixels: np.ndarray, zoom: float, stretch: float) -> np.ndarray:
        image = _middle(pixels if pixels.shape[2] == 3 else cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), zoom)
        height, width = image.shape[:2]
        fitting = min(self.width_px, width * self.height_px / height)
        wide = min(self.width_px, max(8, round(stretch * fitting)))
        way = cv2.INTER_AREA if self.height_px < height else cv2.INTER_LINEAR
        strip = np.zeros(self.shape, np.uint8)
        strip[:, :wide, 0] = _ink(cv2.resize(image, (wide, self.height_px), interpolation=way), page_colour(image))
        return strip

    def look(self, media: bytes, spec: CaptchaSpec) -> tuple[np.ndarray, tuple[Box, ...]]:
        """Return uint8 (H, W, 1) of an image file, whatever size the specification names; no box is known.

        Raises:
            DataError: If the bytes are no readable image.
        """
        return self.from_array(decode_image(media, 3, frame=spec.frame)), ()

    def more_looks(self, media: bytes, spec: CaptchaSpec) -> Iterator[np.ndarray]:
        """Yield uint8 (H, W, 1), the same picture nearer and stretched, if the captchas are of any site.

        Raises:
            DataError: If the bytes are no readable image.
        """
        if self.any_site:
            pixels = decode_image(media, 3, frame=spec.frame)
            yield from (self._strip(pixels, self.zoom * zoom, self.stretch * stretch) for zoom, stretch in LOOKS)

    def augmentation(self, strength: float) -> Augment | None:
        """Return what distorts whole pictures."""
        return partial(augment_images, strength=strength) if strength else None

    @classmethod
    def of(
        cls, spec: CaptchaSpec, zoom: float = 1.0, stretch: float = 1.0, aspect: float | None = None
    ) -> "StripFeatures":
        """Return strips long enough for a specification's texts and pictures, and no longer: training is the faster.

        Args:
            spec: Names the longest text, and the commonest size.
            zoom: As the features' own.
            stretch: As the features' own.
            aspect: Width of the widest picture over its height; by default that of the commonest size.
        """
        height, width = spec.size_px
        least = max(64, 16 * spec.max_length, min(384, round(48 * stretch / zoom * (aspect or width / height))))
        return cls(width_px=-(-least // 16) * 16, zoom=zoom, stretch=stretch)


def _middle(image: np.ndarray, zoom: float) -> np.ndarray:
    """Return the rows about the middle that are so great a share of the height, at least 8 of them."""
    height = len(image)
    rows = min(height, max(8, round(height * zoom)))
    top = (height - rows) // 2
    return np.ascontiguousarray(image[top : top + rows])


def page_colour(image: np.ndarray) -> np.ndarray:
    """Return float32 (3,), the mean of the most common colour of uint8 (H, W, 3); pixels at the border count more."""
    inner = image[1:-1, 1:-1] if min(image.shape[:2]) > 2 else image
    coarse = (inner >> (8 - BITS)).astype(np.int32)
    colours = (coarse[..., 0] << 2 * BITS) | (coarse[..., 1] << BITS) | coarse[..., 2]
    weights = np.full(colours.shape, RING_WEIGHT, np.float32)
    weights[RING_PX - 1 : 1 - RING_PX, RING_PX - 1 : 1 - RING_PX] = 1
    counts = np.bincount(colours.ravel(), weights.ravel(), 1 << 3 * BITS)
    page = colours == counts.argmax()
    return np.asarray(np.average(inner[page], axis=0, weights=weights[page]), np.float32)


def _ink(image: np.ndarray, page: np.ndarray) -> np.ndarray:
    """Return uint8 (H, W): distances from the page, stretched so that all but a few pixels fit."""
    apart = image.astype(np.float32) - page
    far = np.sqrt(np.square(apart) @ LUMA)
    inside = far[FRAME_PX:-FRAME_PX, FRAME_PX:-FRAME_PX]
    measured = (inside if inside.size else far).ravel()
    place = int((1 - FULL_SHARE) * (len(measured) - 1))
    full = max(FAINTEST, float(np.partition(measured, place)[place]))
    return np.asarray(np.minimum(far * (255 / full), 255), np.uint8)
