"""The benchmark of writing finds what it claims, on fewer samples than it takes by default."""

from pathlib import Path

import pytest

from captcha_core.errors import DataError
from experiments.benchmarks.writing import check_shards, kill_and_continue, run


@pytest.mark.long
def test_kills_of_a_real_run_leave_the_same_data_set(tmp_path: Path) -> None:
    result = kill_and_continue(tmp_path, count=20_000, kills=6, seed=1)
    assert result["kills"] == 6 and result["same_digest"] is True


@pytest.mark.long
def test_workers_write_the_same_in_bounded_memory() -> None:
    result = run(count=6_000, kills=0)
    assert result["equal_digests"] is True
    assert all(0 < written["peak_mib"] < 1024 for written in result["runs"])


def test_a_shard_cut_short_is_found(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "part-00000.parquet").write_bytes(b"PAR1 cut")
    with pytest.raises(DataError, match="expected a whole Parquet shard"):
        check_shards(tmp_path)
