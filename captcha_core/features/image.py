"""What an image network sees: uint8 pixels at the network's own size. One road for training and solving."""

from functools import partial
from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from captcha_core.features.augment import Augment, augment_images
from captcha_core.features.contract import FeaturesModel
from captcha_core.media.image import decode_image
from captcha_core.spec.answer import Box
from captcha_core.spec.captcha import MAX_SIDE_PX, CaptchaSpec


class ImageFeatures(FeaturesModel):
    """Pixels of a fixed size; the networks scale them to their own range."""

    media: ClassVar[Literal["image"]] = "image"
    example: ClassVar[str] = """\
from PIL import Image, ImageOps
height, width, channels = about["input"]["shape"]
picture = ImageOps.exif_transpose(Image.open(sys.argv[1]))  # turned as a camera says
if picture.mode.startswith("I"):  # 16 bits a pixel
    levels = np.asarray(picture).clip(0, 65535)
    picture = Image.fromarray((levels // (256 if levels.max() > 255 else 1)).astype("uint8"))
if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:  # on white; light ink on black
    picture = picture.convert("RGBA")
    pages = [Image.alpha_composite(Image.new("RGBA", picture.size, page), picture) for page in ("white", "black")]
    white, black = (np.ptp(np.asarray(page.convert("L"), "int16")) for page in pages)
    picture = pages[int(white < min(64, black))]
picture = picture.convert("L" if channels == 1 else "RGB").resize((width, height))
x = np.asarray(picture, "uint8").reshape(1, height, width, channels)
"""

    kind: Literal["image"] = "image"
    height_px: int = Field(ge=1, le=MAX_SIDE_PX)
    width_px: int = Field(ge=1, le=MAX_SIDE_PX)
    channels: Literal[1, 3] = 1

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C) of one sample."""
        return self.height_px, self.width_px, self.channels

    def from_array(self, pixels: np.ndarray, /) -> np.ndarray:
        """Return uint8 (H, W, C) of pixels uint8 (h, w, c) of any size, resized by area or bilinear."""
        if pixels.shape[2] != self.channels:
            code = cv2.COLOR_GRAY2RGB if self.channels == 3 else cv2.COLOR_RGB2GRAY
            pixels = cv2.cvtColor(pixels, code)
        height, width = pixels.shape[:2]
        if (height, width) != (self.height_px, self.width_px):
            shrinking = height > self.height_px and width > self.width_px
            how = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
            pixels = cv2.resize(pixels, (self.width_px, self.height_px), interpolation=how)
        return np.ascontiguousarray(pixels).reshape(self.shape)

    def look(self, media: bytes, spec: CaptchaSpec) -> tuple[np.ndarray, tuple[Box, ...]]:
        """Return uint8 (H, W, C) of an image file; no box is known.

        Raises:
            DataError: If the bytes are no readable image.
        """
        return self.from_array(decode_image(media, spec.channels or 1, spec.size_px, spec.frame)), ()

    def augmentation(self, strength: float) -> Augment | None:
        """Return what distorts whole pictures."""
        return partial(augment_images, strength=strength) if strength else None

    @classmethod
    def of(cls, spec: CaptchaSpec) -> "ImageFeatures":
        """Return the features of a network that takes images as they are."""
        height, width = spec.size_px
        return cls(height_px=height, width_px=width, channels=spec.channels or 1)
