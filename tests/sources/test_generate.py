"""Samples are reproducible, labelled and of the scheme's size, whatever the batching."""

import numpy as np
import pytest

from captcha_core.errors import SpecError
from captcha_core.media.image import decode_image
from captcha_core.sources.generate import draw_arrays, draw_samples, texts
from captcha_core.sources.schemes import SCHEMES, get_scheme

IMAGES = [name for name, scheme in SCHEMES.items() if scheme.spec.media == "image"]


@pytest.mark.parametrize("name", IMAGES)
def test_every_image_scheme_draws_labelled_pictures(name: str) -> None:
    scheme = get_scheme(name)
    arrays, labels = draw_arrays(scheme, 7, range(12))
    if name not in ("wild", "site"):  # its pictures have sizes of their own
        assert isinstance(arrays, np.ndarray) and arrays.shape == (12, *scheme.spec.shape)
    assert labels == [scheme.spec.label(text) for text in labels] == texts(scheme, 7, range(12))
    assert min(array.std() for array in arrays) > 3, "a picture without anything on it"


@pytest.mark.parametrize("name", IMAGES)
def test_batching_changes_nothing(name: str) -> None:
    scheme = get_scheme(name)
    whole, labels = draw_arrays(scheme, 3, range(10, 22))
    parts = [draw_arrays(scheme, 3, range(i, i + 3)) for i in range(10, 22, 3)]
    pieces = [array for arrays, _ in parts for array in arrays]
    assert all(np.array_equal(one, other) for one, other in zip(whole, pieces, strict=True))
    assert labels == [text for _, some in parts for text in some]


def test_seeds_and_indices_differ() -> None:
    scheme = get_scheme("digits4")
    first, _ = draw_arrays(scheme, 1, range(4), ["0123"] * 4)
    second, _ = draw_arrays(scheme, 2, range(4), ["0123"] * 4)
    pictures = np.concatenate([first, second]).reshape(8, -1)
    assert len(np.unique(pictures, axis=0)) == 8


def test_texts_use_the_whole_alphabet_and_every_length() -> None:
    scheme = get_scheme("alnum6")
    some = texts(scheme, 5, range(3000))
    assert {len(text) for text in some} == {4, 5, 6}
    counts = np.array([sum(text.count(c) for text in some) for c in scheme.spec.alphabet])
    assert counts.sum() == sum(map(len, some))
    assert counts.min() > 0.6 * counts.mean()


def test_samples_are_png_files_of_the_arrays() -> None:
    scheme = get_scheme("digits4")
    arrays, labels = draw_arrays(scheme, 9, range(5, 8))
    samples = draw_samples(scheme, 9, range(5, 8))
    assert [sample.text for sample in samples] == labels
    assert samples[0].path == f"0000005_{labels[0]}.png"
    assert samples[0].origin == {"source": "generated", "scheme": "digits4", "seed": 9, "index": 5}
    assert all(np.array_equal(decode_image(s.media), a) for s, a in zip(samples, arrays, strict=True))


def test_bad_requests_are_refused() -> None:
    scheme = get_scheme("digits4")
    with pytest.raises(SpecError, match="expected at least one sample"):
        draw_arrays(scheme, 1, range(0))
    with pytest.raises(SpecError, match="expected at least one sample"):
        draw_arrays(scheme, 1, range(-3, 2))
    with pytest.raises(SpecError, match="expected 2 labels"):
        draw_arrays(scheme, 1, range(2), ["1234"])
    with pytest.raises(SpecError, match="received 'x'"):
        draw_arrays(scheme, 1, range(1), ["12x4"])


def test_unknown_scheme_lists_the_known() -> None:
    with pytest.raises(SpecError, match=r"received 'digit4'; name one of digits4, alnum4"):
        get_scheme("digit4")
