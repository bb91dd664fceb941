import numpy as np
import pytest

from captcha_core.models.classic import conv32_dense128, conv84_dense564
from captcha_core.models.decode import read
from captcha_core.models.letter_cnn import build
from captcha_core.models.zoo import build_network, get_network
from captcha_core.spec.captcha import CaptchaSpec

DIGITS = CaptchaSpec.build(
    media="image", alphabet="0123456789", min_length=2, max_length=4, height_px=40, width_px=120, channels=3
)


def test_the_first_classic_has_the_size_its_author_gave() -> None:
    model = conv84_dense564((28, 28, 1), 10)
    assert model.count_params() == 18_369_006
    assert [tuple(layer.output.shape[1:]) for layer in model.layers if layer.weights] == [
        (26, 26, 84),
        (24, 24, 224),
        (564,),
        (10,),
    ]
    assert build_network("letters_dense564", DIGITS).count_params() == 18_369_006


def test_the_second_classic_is_built_layer_by_layer() -> None:
    model = conv32_dense128((30, 30, 3), 10)
    shapes = [tuple(layer.output.shape[1:]) for layer in model.layers if layer.weights]
    assert shapes == [(28, 28, 32), (12, 12, 64), (128,), (10,)]
    assert model.count_params() == 896 + 18_496 + 36 * 64 * 128 + 128 + 1_290


@pytest.mark.parametrize("classes", [2, 10, 36])
def test_a_letter_network_has_one_output_for_each_character(classes: int) -> None:
    for model in (build((28, 28, 1), classes), conv32_dense128((30, 30, 3), classes)):
        assert model.output.shape == (None, classes)


def test_empty_squares_are_read_as_nothing() -> None:
    model = build_network("letters", DIGITS)
    squares = np.zeros((3, *get_network("letters").features(DIGITS).shape), np.uint8)
    for row, count in enumerate((2, 3, 4)):
        squares[row, :count, 8:20, 8:20] = 255
    assert [len(text) for text in read("positions", model.predict(squares, verbose=0), DIGITS)] == [2, 3, 4]


def test_what_could_not_be_cut_teaches_nothing() -> None:
    from captcha_core.training.losses import loss_of

    model = build_network("letters", DIGITS, {"dropout": 0.0})
    model.compile(optimizer="sgd", loss=loss_of("positions", 0.0))
    before = [weight.copy() for weight in model.get_weights()]
    model.train_on_batch(np.zeros((2, *model.input.shape[1:]), np.uint8), DIGITS.charset.encode(["12", "1234"], 4))
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
