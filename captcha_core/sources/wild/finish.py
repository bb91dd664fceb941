"""What happens to a picture after it is drawn: scaling, compression, few colours, blur."""

import cv2
import numpy as np

from captcha_core.sources.wild.picture import Picture
from captcha_core.sources.wild.specks import grain

BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], dtype=np.float32) / 16 - 0.5
SHARPEN = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], dtype=np.float32)
LEAST_HEIGHT, LEAST_WIDTH, MOST_WIDTH = 20, 40, 350


def one_bit(picture: Picture, threshold: int = 128) -> None:
    """Leave black and white alone; the threshold moves so far that thin dark letters do not vanish."""
    grey = cv2.cvtColor(picture.image, cv2.COLOR_RGB2GRAY)
    letters = grey[picture.ink > 96]
    if max(picture.pen) < 128:
        threshold = max(threshold, min(235, int(letters.mean())) if letters.size else 200)
    picture.image = cv2.cvtColor(cv2.threshold(grey, threshold, 255, cv2.THRESH_BINARY)[1], cv2.COLOR_GRAY2RGB)


def few_colours(picture: Picture, step: int, dithered: bool = False) -> None:
    """Round all levels to multiples of a step, as a palette does, with a pattern of dots in between or without."""
    if dithered:
        pattern = np.tile(BAYER * step, (picture.height // 4 + 1, picture.width // 4 + 1))
        offsets = pattern[: picture.height, : picture.width].astype(np.int16)
        picture.image = np.asarray(cv2.add(picture.image, cv2.merge([offsets] * 3), dtype=cv2.CV_8U))
    table = np.minimum(np.round(np.arange(256) / step) * step, 255).astype(np.uint8)
    picture.image = cv2.LUT(picture.image, table)


def jpeg(picture: Picture, quality: int) -> None:
    """Compress and decode."""
    data = cv2.imencode(".jpg", picture.image, (cv2.IMWRITE_JPEG_QUALITY, quality))[1]
    picture.image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))


def scaled(picture: Picture, factor: float, sharp: bool = False) -> None:
    """Change the size of the picture."""
    factor = min(factor, MOST_WIDTH / picture.width, 120 / picture.height)
    height = max(LEAST_HEIGHT, round(picture.height * factor))
    width = max(LEAST_WIDTH, round(picture.width * factor))
    way = cv2.INTER_NEAREST if sharp else cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    picture.image = cv2.resize(picture.image, (width, height), interpolation=way)
    picture.ink = cv2.resize(picture.ink, (width, height), interpolation=way)


def stretched(picture: Picture, factor: float) -> None:
    """Make the picture so much wider, as a page does that shows all pictures at one size."""
    width = int(min(MOST_WIDTH, max(LEAST_WIDTH, picture.width * factor)))
    picture.image, picture.ink = (
        cv2.resize(one, (width, one.shape[0]), interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
        for one in (picture.image, picture.ink)
    )


def resampled(picture: Picture) -> None:
    """Make the picture smaller or larger, and then as large as before."""
    coarsened(picture, picture.dice.between(0.55, 0.9) if picture.image.shape[0] > 36 else 1.5)


def coarsened(picture: Picture, factor: float) -> None:
    """Scale the picture by a factor, and then back."""
    height, width = picture.image.shape[:2]
    way = picture.dice.pick((cv2.INTER_LINEAR, cv2.INTER_AREA, cv2.INTER_CUBIC))
    small = cv2.resize(picture.image, (int(width * factor), int(height * factor)), interpolation=way)
    picture.image = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def blurred(picture: Picture, sigma: float) -> None:
    """Blur the picture."""
    picture.image = cv2.GaussianBlur(picture.image, (0, 0), sigma)


def sharpened(picture: Picture) -> None:
    """Sharpen the picture."""
    picture.image = cv2.filter2D(picture.image, -1, SHARPEN)


def inverted(picture: Picture) -> None:
    """Exchange light and dark."""
    picture.image = cv2.bitwise_not(picture.image)


def finish(picture: Picture) -> None:
    """Let happen what happens on the way to a reader: most pictures stay as they are."""
    dice, height = picture.dice, picture.height
    if dice.chance(0.07):
        blurred(picture, dice.between(0.4, 0.4 + height / 80))
    if dice.chance(0.05):
        sharpened(picture)
    if dice.chance(0.08):
        resampled(picture)
    if dice.chance(0.1):
        scaled(picture, dice.between(0.65, 1.6) if height < 60 else dice.between(0.5, 1.1), dice.chance(0.15))
    if dice.chance(0.06):
        stretched(picture, dice.between(0.6, 1.5))
    if dice.chance(0.05):
        grain(picture, dice.between(2, 14), dice.chance(0.5))
    if dice.chance(0.06):
        few_colours(picture, dice.pick((17, 36, 51, 85)), dice.chance(0.4))
    if dice.chance(0.05):
        picture.image = cv2.cvtColor(cv2.cvtColor(picture.image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if dice.chance(0.04):
        inverted(picture)
    if dice.chance(0.3):
        jpeg(picture, dice.whole(35, 95))
