import numpy as np
import pytest

from captcha_core.errors import DataError
from captcha_core.features.kinds import FEATURES
from captcha_core.features.letters import LetterFeatures, NoLetters
from captcha_core.features.segmentation.segment import Segmentation
from captcha_core.media.image import encode_png
from captcha_core.spec.captcha import CaptchaSpec
from tests.features.drawn import draw, overlap

SPEC = CaptchaSpec.build(
    media="image", alphabet="0123456789", min_length=4, max_length=4, height_px=50, width_px=200, channels=3
)


def test_squares_of_a_file_and_of_its_pixels_are_the_same() -> None:
    features = LetterFeatures.of(SPEC)
    pixels = draw("4173").pixels
    squares = features.from_media(encode_png(pixels), SPEC)
    assert squares.shape == features.shape == (4, 28, 28, 1) and squares.dtype == np.uint8
    assert np.array_equal(squares, features.from_array(pixels))


def test_boxes_are_in_the_files_own_pixels() -> None:
    drawn = draw("4173")
    twice = np.kron(drawn.pixels, np.ones((2, 2, 1), dtype=np.uint8))
    _, boxes = LetterFeatures.of(SPEC).look(encode_png(twice), SPEC)
    for box, (left, top, right, bottom) in zip(boxes, drawn.boxes_px, strict=True):
        assert overlap(box, (2 * left, 2 * top, 2 * right, 2 * bottom)) > 0.7


def test_short_texts_are_followed_by_empty_squares() -> None:
    features = LetterFeatures(min_length=2, max_length=6)
    squares = features.from_array(draw("417", gap_px=6).pixels)
    assert squares.shape[0] == 6
    assert [bool(square.any()) for square in squares] == [True] * 3 + [False] * 3


def test_a_count_outside_the_specification_is_refused() -> None:
    features = LetterFeatures(min_length=4, max_length=6)
    with pytest.raises(NoLetters, match="expected 4 to 6 letters, found 3"):
        features.from_media(encode_png(draw("417", gap_px=6).pixels), SPEC)


def test_a_picture_without_letters_is_an_error_for_who_solves_and_empty_for_who_learns() -> None:
    features = LetterFeatures.of(SPEC)
    blank = np.full((50, 200, 3), 255, np.uint8)
    with pytest.raises(DataError, match="nothing stands out"):
        features.from_media(encode_png(blank), SPEC)
    assert not features.from_array(blank).any()


def test_they_travel_in_a_bundles_configuration() -> None:
    features = LetterFeatures(min_length=4, max_length=4, segmentation=Segmentation(side_px=30), channels=3)
    assert FEATURES.validate_json(FEATURES.dump_json(features)) == features
