"""The benchmark of writing finds what it claims, on fewer samples than it takes by default."""

import pytest

from experiments.benchmarks.writing import run


@pytest.mark.long
def test_workers_write_the_same_in_bounded_memory() -> None:
    result = run(count=6_000)
    assert result["equal_digests"] is True
    assert all(0 < written["peak_mib"] < 1024 for written in result["runs"])
