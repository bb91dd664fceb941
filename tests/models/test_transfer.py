"""What a network takes over: layers of one shape, and the rows of the characters that it shares with the donor."""

import keras
import numpy as np
import pytest

from captcha_core.errors import ModelError
from captcha_core.models.transfer import Donor, take_over
from captcha_core.models.zoo import build_network
from captcha_core.spec.captcha import CaptchaSpec

SMALL = {"filters": [8, 8, 8], "dense": 16, "blocks": 1}


def spec_of(alphabet: str, case_sensitive: bool = True) -> CaptchaSpec:
    return CaptchaSpec.build(
        media="image", alphabet=alphabet, min_length=2, max_length=4, case_sensitive=case_sensitive, height_px=48,
        width_px=96, channels=1,
    )  # fmt: skip


def network(spec: CaptchaSpec, seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return build_network("strip_ctc", spec, SMALL)


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 48, 96, 1)).astype(np.uint8)


def test_characters_keep_their_logits_whatever_their_place(pixels: np.ndarray) -> None:
    wide, narrow = spec_of("0123456789abAB"), spec_of("a95")
    donor, model = network(wide, 1), network(narrow, 2)
    take_over(model, narrow, Donor(donor, wide))
    before, after = donor.predict(pixels, verbose=0), model.predict(pixels, verbose=0)
    nine, five = (wide.alphabet.index(c) + 1 for c in "95")
    np.testing.assert_allclose(after[..., [0, 2, 3]], before[..., [0, nine, five]], rtol=1e-4, atol=1e-4)


def test_a_letter_of_one_case_is_read_in_both_shapes(pixels: np.ndarray) -> None:
    wide, folded = spec_of("abAB"), spec_of("ab", case_sensitive=False)
    donor, model = network(wide, 1), network(folded, 2)
    take_over(model, folded, Donor(donor, wide))
    before, after = donor.predict(pixels, verbose=0), model.predict(pixels, verbose=0)
    np.testing.assert_allclose(after[..., 1], before[..., [1, 3]].max(axis=-1), rtol=1e-4, atol=1e-4)
    assert after.shape[-1] == folded.charset.classes


def test_a_character_of_another_script_begins_as_the_one_it_looks_like(pixels: np.ndarray) -> None:
    latin, cyrillic = spec_of("HhPpXx37"), spec_of("нр7")
    donor, model = network(latin, 1), network(cyrillic, 2)
    take_over(model, cyrillic, Donor(donor, latin))
    before, after = donor.predict(pixels, verbose=0), model.predict(pixels, verbose=0)
    np.testing.assert_allclose(after[..., 3], before[..., 8], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(after[..., 1], before[..., 1], rtol=1e-4, atol=1e-4)  # н and Н as H


def test_layers_of_other_shapes_start_afresh() -> None:
    spec = spec_of("0123")
    keras.utils.set_random_seed(1)
    donor = build_network("strip_ctc", spec, {**SMALL, "reach": 5})
    model = network(spec, 2)
    (own,) = (layer for layer in model.layers if isinstance(layer, keras.layers.DepthwiseConv1D))
    before = [weight.copy() for weight in own.get_weights()]
    take_over(model, spec, Donor(donor, spec))
    for mine, kept in zip(own.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, kept)
    assert np.array_equal(model.get_layer("logits").get_weights()[0], donor.get_layer("logits").get_weights()[0])


def test_a_donor_of_which_little_fits_is_refused() -> None:
    spec = spec_of("0123")
    donor = build_network("strip_ctc", spec, {**SMALL, "dense": 24})
    with pytest.raises(ModelError, match=r"of which \d of \d+ layers fit; name its --network and its options"):
        take_over(network(spec, 2), spec, Donor(donor, spec))


def test_a_donor_of_which_nothing_fits_is_refused() -> None:
    spec = spec_of("0123")
    donor = build_network("image_ctc", spec)
    with pytest.raises(ModelError, match="whose network is like strip_ctc"):
        take_over(network(spec, 2), spec, Donor(donor, spec))
