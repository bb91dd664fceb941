"""The training stream: ordered, resumable, threaded."""

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


def test_numbers_must_be_positive() -> None:
    with pytest.raises(SpecError, match="expected a batch size and threads of at least 1"):
        Stream(get_scheme("digits4"), seed=1, batch_size=0)
