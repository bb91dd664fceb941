"""Strips: light text on black whatever the colours, the aspect ratio kept."""

import numpy as np

from captcha_core.features.kinds import FEATURES
from captcha_core.features.strip import StripFeatures, page_colour
from captcha_core.media.image import encode_png
from captcha_core.spec.captcha import CaptchaSpec

SPEC = CaptchaSpec.build(
    media="image", alphabet="abc", min_length=1, max_length=3, height_px=30, width_px=90, channels=1
)


def page(ground: tuple[int, int, int], ink: tuple[int, int, int], width: int = 90) -> np.ndarray:
    """A page uint8 (30, width, 3) with one upright stroke."""
    image = np.full((30, width, 3), ground, dtype=np.uint8)
    image[10:20, 40:44] = ink
    return image


def test_text_is_light_on_black_whatever_the_colours() -> None:
    pairs = [((20, 20, 20), (60, 90, 200)), ((255, 255, 255), (255, 255, 0)), ((250, 250, 250), (0, 0, 0))]
    for ground, ink in pairs:
        seen = StripFeatures().from_array(page(ground, ink))
        assert seen.shape == (48, 192, 1) and seen[5, 5, 0] == 0 and seen[24, 67, 0] > 200
        assert not seen[:, 144:].any(), "behind the end of the picture it is black"


def test_a_wide_picture_is_squeezed_and_an_empty_one_stays_black() -> None:
    assert StripFeatures().from_array(page((255,) * 3, (0,) * 3, width=400))[:, :30].max() > 200
    assert not StripFeatures().from_array(np.full((30, 90, 1), 200, np.uint8)).any()


def test_the_page_is_the_colour_at_the_border_where_two_are_as_frequent() -> None:
    image = np.full((30, 60, 3), 255, np.uint8)
    image[6:24, 6:54] = (10, 60, 10)
    assert page_colour(image).tolist() == [255, 255, 255]


def test_a_file_is_seen_as_its_pixels_are_whatever_size_the_specification_names() -> None:
    features = StripFeatures.of(SPEC)
    image = page((255, 255, 255), (200, 0, 0), width=60)
    assert np.array_equal(features.from_media(encode_png(image), SPEC), features.from_array(image))
    assert FEATURES.validate_json(features.model_dump_json()) == features


def test_a_zoom_shows_the_middle_larger_and_a_stretch_draws_it_wider() -> None:
    image = page((255,) * 3, (0,) * 3, width=60)
    height_of = lambda strip: int((strip[..., 0] > 100).any(axis=1).sum())  # noqa: E731
    whole, near = StripFeatures().from_array(image), StripFeatures(zoom=0.5).from_array(image)
    assert height_of(near) >= 1.8 * height_of(whole)
    wide = StripFeatures(stretch=0.64).from_array(image)
    assert int(np.flatnonzero(wide.any(axis=(0, 2))).max()) < int(np.flatnonzero(whole.any(axis=(0, 2))).max())


def test_only_captchas_of_any_site_are_looked_at_again() -> None:
    media = encode_png(page((255,) * 3, (0,) * 3))
    assert not list(StripFeatures().more_looks(media, SPEC))
    looks = list(StripFeatures(any_site=True).more_looks(media, SPEC))
    assert len(looks) >= 5 and all(look.shape == (48, 192, 1) for look in looks)
    assert len({look.tobytes() for look in looks}) == len(looks), "no look twice"


def test_strips_are_as_long_as_the_pictures_want() -> None:
    def of(width_px: int, longest: int = 4, **settings: float) -> int:
        spec = CaptchaSpec.build(
            media="image", alphabet="0123456789", min_length=1, max_length=longest, height_px=30, width_px=width_px,
            channels=1,
        )  # fmt: skip
        return StripFeatures.of(spec, **settings).width_px

    assert of(70) == 112
    assert of(70, zoom=0.5) == 224 and of(70, stretch=0.64) == 80
    assert of(30, longest=10) == 160, "room for the longest text"
    assert of(900) == 384
