"""The training stream: ordered, resumable, threaded."""

from collections import Counter

import numpy as np
import pytest

from captcha_core.errors import SpecError
from captcha_core.sources.generate import draw_arrays
from captcha_core.sources.schemes import get_scheme
from captcha_core.sources.stream import Stream


def test_batches_come_in_order_from_several_threads() -> None:
    scheme = get_scheme("digits4")
    with Stream(scheme, seed=4, batch_size=5, threads=3) as stream:
        batches = [next(stream) for _ in range(6)]
        assert stream.position == 30
    whole, labels = draw_arrays(scheme, 4, range(30))
    assert np.array_equal(np.concatenate([arrays for arrays, _ in batches]), whole)
    assert [text for _, some in batches for text in some] == labels


def test_a_stream_continues_where_another_stopped() -> None:
    scheme = get_scheme("digits4")
    with Stream(scheme, seed=4, batch_size=5) as first:
        next(first)
        position = first.position
    with Stream(scheme, seed=4, batch_size=7, start=position) as second:
        arrays, _ = next(second)
    assert np.array_equal(arrays, draw_arrays(scheme, 4, range(5, 12))[0])


def test_a_fault_reaches_the_reader() -> None:
    scheme = get_scheme("digits4").turned(fonts=("no-such-font",))
    with Stream(scheme, seed=4, batch_size=5) as stream, pytest.raises(SpecError, match="no-such-font"):
        next(stream)


def test_oversampled_characters_come_as_often_as_they_are_named() -> None:
    scheme = get_scheme("alnum4")
    with Stream(scheme, seed=4, batch_size=4_000, oversample="00O") as often:
        _, drawn = next(often)
    counts = Counter("".join(drawn))
    each = 16_000 / 39
    assert counts["0"] == pytest.approx(3 * each, rel=0.1)
    assert counts["O"] == pytest.approx(2 * each, rel=0.1)
    assert counts["7"] == pytest.approx(each, rel=0.15)


def test_a_character_that_is_not_there_cannot_be_oversampled() -> None:
    with (
        Stream(get_scheme("digits4"), seed=4, batch_size=5, oversample="1x") as stream,
        pytest.raises(SpecError, match="to oversample, received 'x'"),
    ):
        next(stream)


def test_numbers_must_be_positive() -> None:
    with pytest.raises(SpecError, match="expected a batch size and threads of at least 1"):
        Stream(get_scheme("digits4"), seed=1, batch_size=0)
