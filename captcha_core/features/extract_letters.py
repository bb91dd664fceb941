"""Labelled captchas into labelled letters."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from captcha_core.errors import DataError
from captcha_core.features.segmentation.segment import Segmentation, segment
from captcha_core.media.image import decode_image, encode_png
from captcha_core.spec.answer import Box
from captcha_core.spec.captcha import CaptchaSpec, drawn_order
from captcha_core.spec.sample import Sample

FRAME = (220, 40, 40)
ENLARGED = 3


@dataclass(frozen=True)
class Letter:
    """One letter as a picture of its own: its character and its place in the captcha, from 0."""

    sample: Sample
    place: int


@dataclass(frozen=True)
class Failure:
    """A captcha that could not be cut, why, and what was found in it."""

    sample: Sample
    reason: str
    boxes_px: tuple[Box, ...]


def extract_letters(
    samples: Iterable[Sample], spec: CaptchaSpec, settings: Segmentation | None = None
) -> Iterator[list[Letter] | Failure]:
    """Cut each labelled captcha into as many letters as its text has.

    Args:
        samples: Labelled images; those without a text are passed over.
        spec: Of the captchas.
        settings: Of the segmentation.

    Yields:
        The letters of a captcha, or its failure.

    Raises:
        DataError: If the captchas are no images.
    """
    if spec.media != "image":
        raise DataError("expected image captchas to cut into letters, received audio; letters are for images.")
    for sample in samples:
        if sample.text is None:
            continue
        try:
            pixels = decode_image(sample.media, spec.channels or 1, spec.size_px, spec.frame)
        except DataError as error:
            yield Failure(sample, str(error), ())
            continue
        found = segment(pixels, len(sample.text), settings)
        if not found.ok:
            yield Failure(sample, found.sentence(), found.boxes_px)
            continue
        yield [
            Letter(
                Sample(
                    encode_png(crop),
                    character,
                    f"{sample.id}_{place}.png",
                    {"source": "letters", "captcha": sample.id, "place": place},
                ),
                place,
            )
            for place, (crop, character) in enumerate(zip(found.crops, drawn_order(sample.text), strict=True))
        ]


def draw_failure(failure: Failure, spec: CaptchaSpec) -> bytes:
    """Return a PNG of the captcha, enlarged, with a frame around each component that was found."""
    try:
        pixels = decode_image(failure.sample.media, 3, spec.size_px, spec.frame)
    except DataError:
        height, width = spec.size_px
        pixels = np.zeros((height, width, 3), dtype=np.uint8)
    large = cv2.resize(pixels, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_NEAREST)
    for box in failure.boxes_px:
        left, top, right, bottom = (ENLARGED * edge for edge in box)
        cv2.rectangle(large, (left, top), (right - 1, bottom - 1), FRAME, 1)
    return encode_png(large)
