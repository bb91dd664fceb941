import numpy as np

from captcha_core.features.augment import augment_letters
from captcha_core.features.letters import LetterFeatures


def letters() -> np.ndarray:
    squares = np.zeros((2, 3, 28, 28, 1), np.uint8)
    squares[:, :2, 6:22, 12:16] = 255
    return squares


def test_letters_are_turned_and_empty_squares_stay_empty() -> None:
    before = letters()
    after = augment_letters(before, np.random.default_rng(0), 1.0)
    assert after.shape == before.shape and after.dtype == np.uint8
    assert not after[:, 2].any()
    assert all(not np.array_equal(after[row, place], before[row, place]) for row in range(2) for place in range(2))
    assert 0.5 < after[:, :2].sum() / before[:, :2].sum() < 1.6


def test_strength_nothing_changes_nothing_and_a_seed_decides() -> None:
    before = letters()
    assert np.array_equal(augment_letters(before, np.random.default_rng(0), 0.0), before)
    twice = [augment_letters(before, np.random.default_rng(7), 0.5) for _ in range(2)]
    assert np.array_equal(*twice)


def test_letter_features_choose_the_letters_distortion() -> None:
    chosen = LetterFeatures(min_length=3, max_length=3).augmentation(0.5)
    assert chosen is not None
    assert chosen(letters(), np.random.default_rng(0)).shape == (2, 3, 28, 28, 1)
    assert LetterFeatures(min_length=3, max_length=3).augmentation(0.0) is None
