"""Writing: the same digest by any number of workers and after any stop; nothing half-written is ever in place."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from captcha_core.dataset import shard as shards
from captcha_core.dataset import writer
from captcha_core.dataset.split import SplitRule
from captcha_core.dataset.store import Dataset, Plan
from captcha_core.dataset.writer import write_dataset
from captcha_core.errors import DataError, SpecError
from captcha_core.spec.sample import Sample
from tests.dataset.fake_source import die, refuse_to_draw, small_plan, specks

ROOT = Path(__file__).parent.parent.parent


def tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "d", small_plan(), specks)
    read = {split: list(dataset.samples(split)) for split in dataset.counts}
    everything = sorted((s for samples in read.values() for s in samples), key=lambda s: s.origin["index"])
    assert everything == specks(range(100))
    assert dataset.counts == {split: len(samples) for split, samples in read.items()}
    assert min(dataset.counts.values()) > 0
    assert dataset.media("train") == [sample.media for sample in read["train"]]
    assert dataset.texts("train") == [sample.text for sample in read["train"]]
    assert dataset.ids("train") == [sample.id for sample in read["train"]]
    dataset.verify()


def test_the_folder_is_as_documented(tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", small_plan(20), specks)
    assert tree(tmp_path / "d") >= {"dataset.json", "train/part-00000.parquet", "train/part-00001.parquet"}
    assert not (tmp_path / "d" / ".writing").exists()
    described = json.loads((tmp_path / "d" / "dataset.json").read_text(encoding="utf-8"))
    assert {"spec", "scheme", "seed", "counts", "shards", "digest", "generator"} <= described.keys()
    table = pq.read_table(tmp_path / "d" / "train" / "part-00000.parquet")
    assert table.column_names == ["id", "text", "media", "origin"]
    row = table.slice(0, 1).to_pylist()[0]
    assert set(row["media"]) == {"bytes", "path"} and json.loads(row["origin"])["source"] == "fake"


def test_workers_do_not_change_a_byte(tmp_path: Path) -> None:
    one = write_dataset(tmp_path / "one", small_plan(), specks)
    two = write_dataset(tmp_path / "two", small_plan(), specks, workers=2)
    assert one.digest == two.digest
    assert one.manifest.shards == two.manifest.shards


def test_the_digest_depends_on_contents_alone(tmp_path: Path) -> None:
    fine = write_dataset(tmp_path / "fine", small_plan(shard_size=7), specks)
    coarse = write_dataset(tmp_path / "coarse", small_plan(shard_size=60), specks)
    fewer = write_dataset(tmp_path / "fewer", small_plan(99), specks)
    assert fine.digest == coarse.digest != fewer.digest

    def relabelled(indices: range) -> list[Sample]:
        return [Sample(s.media, "0000", s.path, s.origin) for s in specks(indices)]

    assert write_dataset(tmp_path / "other", small_plan(), relabelled).digest != fine.digest


class StopAfter:
    """A source that fails after some calls, as a full disk or a killed process would stop it."""

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def __call__(self, indices: range) -> list[Sample]:
        self.calls -= 1
        if self.calls < 0:
            raise KeyboardInterrupt
        return specks(indices)


def test_a_stopped_run_continues(tmp_path: Path) -> None:
    whole = write_dataset(tmp_path / "whole", small_plan(), specks)
    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path / "d", small_plan(), StopAfter(4))
    with pytest.raises(DataError, match="whose writing was stopped; run the command that wrote it once more"):
        Dataset.open(tmp_path / "d")
    asked: list[range] = []

    def counted(indices: range) -> list[Sample]:
        asked.append(indices)
        return specks(indices)

    steps: list[int] = []
    dataset = write_dataset(tmp_path / "d", small_plan(), counted, progress=steps.append)
    assert dataset.digest == whole.digest and dataset.manifest.shards == whole.manifest.shards
    assert asked == [range(start, start + 10) for start in range(40, 100, 10)], "what was done was drawn again"
    assert sum(steps) == 100


def test_a_missing_or_damaged_piece_of_a_stopped_run_is_written_again(tmp_path: Path) -> None:
    whole = write_dataset(tmp_path / "whole", small_plan(), specks)
    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path / "d", small_plan(), StopAfter(4))
    (tmp_path / "d" / "train" / "part-00000.parquet").unlink()
    (tmp_path / "d" / "train" / "part-00001.parquet").write_bytes(b"cut")
    (tmp_path / "d" / ".writing" / "00002.json").unlink()
    (tmp_path / "d" / ".writing" / "train-part-00009.1.tmp").write_bytes(b"half a shard")
    dataset = write_dataset(tmp_path / "d", small_plan(), specks)
    assert dataset.manifest.shards == whole.manifest.shards
    dataset.verify()
    assert tree(tmp_path / "d") == tree(tmp_path / "whole")


def test_a_finished_data_set_is_left_as_it_is(tmp_path: Path) -> None:
    first = write_dataset(tmp_path / "d", small_plan(), specks)
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "d").rglob("*")}
    assert write_dataset(tmp_path / "d", small_plan(), StopAfter(0)).digest == first.digest
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "d").rglob("*")} == written


def test_what_a_kill_after_the_last_shard_left_goes_with_the_next_run(tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", small_plan(20), specks)
    (tmp_path / "d" / ".writing").mkdir()
    (tmp_path / "d" / ".writing" / "00000.json").write_text("{}", encoding="utf-8")
    assert write_dataset(tmp_path / "d", small_plan(20), specks).counts
    assert not (tmp_path / "d" / ".writing").exists()


@pytest.mark.parametrize("seed", [1, 2])
def test_what_another_process_finishes_in_the_meantime_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    class LateLock(FileLock):
        def acquire(self, *arguments: object, **options: object) -> object:
            monkeypatch.undo()
            write_dataset(tmp_path / "d", small_plan(), specks)
            written.update({path: path.read_bytes() for path in (tmp_path / "d").rglob("*") if path.is_file()})
            return super().acquire(*arguments, **options)  # type: ignore[arg-type]

    written: dict[Path, bytes] = {}
    monkeypatch.setattr(writer, "FileLock", LateLock)
    if seed == 1:
        write_dataset(tmp_path / "d", small_plan(seed=seed), refuse_to_draw).verify()
    else:
        with pytest.raises(DataError, match=r"received another one \(seed 1 instead of 2\)"):
            write_dataset(tmp_path / "d", small_plan(seed=seed), refuse_to_draw)
    assert written and tree(tmp_path / "d") == {path.relative_to(tmp_path / "d").as_posix() for path in written}
    assert all(path.read_bytes() == content for path, content in written.items())


@pytest.mark.parametrize("stopped", [False, True])
def test_another_data_set_is_refused(tmp_path: Path, stopped: bool) -> None:
    if stopped:
        with pytest.raises(KeyboardInterrupt):
            write_dataset(tmp_path / "d", small_plan(), StopAfter(4))
    else:
        write_dataset(tmp_path / "d", small_plan(), specks)
    before = tree(tmp_path / "d")
    with pytest.raises(DataError, match=r"received another one \(seed 1 instead of 2\); choose another --out"):
        write_dataset(tmp_path / "d", small_plan(seed=2), specks)
    assert tree(tmp_path / "d") == before


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(DataError, match=r"received 1 other files \(letter.txt"):
        write_dataset(tmp_path, small_plan(), specks)
    assert tree(tmp_path) == {"letter.txt"}


def test_a_run_that_came_to_nothing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="wider picture"):
        write_dataset(tmp_path / "d", small_plan(), refuse_to_draw)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SpecError, match="wider picture"):
        write_dataset(tmp_path / "d", small_plan(), refuse_to_draw, workers=2)
    assert list(tmp_path.iterdir()) == []


def test_the_death_of_a_worker_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected the worker processes to live.*fewer --workers"):
        write_dataset(tmp_path / "d", small_plan(), die, workers=2)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_no_part_of_a_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def write_some(table: object, file: object, **options: object) -> None:
        nonlocal calls
        calls += 1
        file.write(b"PAR1 and a little more")  # type: ignore[attr-defined]
        if calls > 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        file.seek(0)  # type: ignore[attr-defined]
        file.truncate()  # type: ignore[attr-defined]
        real(table, file, **options)

    real = pq.write_table
    monkeypatch.setattr(pq, "write_table", write_some)
    with pytest.raises(DataError, match="expected room and permission to write .*No space left.*continues where it"):
        write_dataset(tmp_path / "d", small_plan(), specks)
    assert not list((tmp_path / "d").rglob("*.tmp"))
    for path in (tmp_path / "d").rglob("*.parquet"):
        assert pq.read_table(path).num_rows > 0
    monkeypatch.setattr(pq, "write_table", real)
    continued = write_dataset(tmp_path / "d", small_plan(), specks)
    assert continued.digest == write_dataset(tmp_path / "whole", small_plan(), specks).digest


@pytest.mark.parametrize("name", ["dataset.json", "part-00000.parquet"])
def test_damage_is_seen(tmp_path: Path, name: str) -> None:
    dataset = write_dataset(tmp_path / "d", small_plan(), specks)
    path = next((tmp_path / "d").rglob(name))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="expected"):
        Dataset.open(tmp_path / "d")
    path.write_bytes(content.replace(b"0", b"1"))
    with pytest.raises(DataError, match="expected"):
        Dataset.open(tmp_path / "d").verify()
        list(dataset.samples("train"))


def test_a_shard_outside_the_folder_is_refused(tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", small_plan(10), specks)
    path = tmp_path / "d" / "dataset.json"
    path.write_text(
        path.read_text(encoding="utf-8").replace("train/part-00000", "train/../../part-00000"), encoding="utf-8"
    )
    with pytest.raises(DataError, match="no name of a shard"):
        Dataset.open(tmp_path / "d")


def test_what_is_no_data_set_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected a data set \(a folder with dataset.json\)"):
        Dataset.open(tmp_path)
    with pytest.raises(DataError, match=r"expected a data set \(a folder with dataset.json\)"):
        Dataset.open(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(DataError, match="received the file"):
        Dataset.open(tmp_path / "file")


def test_an_unknown_split_is_refused(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "d", small_plan(10), specks)
    with pytest.raises(DataError, match="expected a split of train, validation, test, received 'dev'"):
        list(dataset.samples("dev"))


def test_samples_are_spread_evenly(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "d", small_plan(), specks)
    samples = list(dataset.samples("train"))
    few = dataset.spread("train", 5)
    assert few == [samples[place * len(samples) // 5] for place in range(5)]
    assert dataset.spread("train", 1000) == samples


WRITE = """
import sys
from pathlib import Path
from captcha_core.dataset.writer import write_dataset
from tests.dataset.fake_source import die, refuse_to_draw, small_plan, specks_slowly
if __name__ == "__main__":
    print(write_dataset(Path(sys.argv[1]), small_plan(200), specks_slowly, workers=int(sys.argv[2])).digest)
"""


def start_writing(folder: Path, workers: int) -> subprocess.Popen[bytes]:
    script = folder.parent / "write.py"
    script.write_text(WRITE, encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, str(script), str(folder), str(workers)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_runs_continue_to_the_same_data_set(tmp_path: Path, workers: int) -> None:
    whole = write_dataset(tmp_path / "whole", small_plan(200), specks)
    rng = random.Random(workers)
    folder = tmp_path / "d"
    kills = 0
    while kills < 3:
        process = start_writing(folder, workers)
        deadline = time.monotonic() + 60
        done = len(list((folder / ".writing").glob("[0-9]*.json")))
        while len(list((folder / ".writing").glob("[0-9]*.json"))) <= done and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(rng.random() * 0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
        assert not (folder / "dataset.json").exists(), "the run was over before it could be killed"
        for path in folder.glob("*/*.parquet"):
            assert pq.read_table(path).num_rows > 0
    output, _ = start_writing(folder, workers).communicate(timeout=60)
    assert output.decode().strip() == whole.digest
    assert tree(folder) == tree(tmp_path / "whole")
    Dataset.open(folder).verify()


def test_a_folder_is_written_by_one_process_at_a_time(tmp_path: Path) -> None:
    process = start_writing(tmp_path / "d", 1)
    try:
        while not (tmp_path / "d" / ".writing" / "00000.json").exists():
            time.sleep(0.005)
        with pytest.raises(DataError, match="received a data set that another process is writing"):
            write_dataset(tmp_path / "d", small_plan(200), specks)
    finally:
        output, _ = process.communicate(timeout=60)
    assert Dataset.open(tmp_path / "d").digest == output.decode().strip()


def test_plans_say_where_they_differ() -> None:
    plan = small_plan()
    assert plan.difference(Plan.model_validate_json(plan.model_dump_json())) == ""
    assert plan.difference(small_plan(50, seed=3)) == "seed 3 instead of 1, count 50 instead of 100"


def test_plans_say_in_words_what_a_reader_can_use() -> None:
    plan = small_plan()
    wider = plan.model_copy(update={"spec": plan.spec.model_copy(update={"width_px": 99}), "found": "0" * 64})
    assert plan.difference(wider) == f"width_px 99 instead of {plan.spec.width_px}, other files"
    halves = plan.model_copy(update={"split": SplitRule.of_shares((0.5, 0.3, 0.2))})
    assert plan.difference(halves) == "other shares of the splits"
    assert plan.difference(wider.model_copy(update={"source": "import"})) == "source import instead of fast"


def test_shards_have_the_same_bytes_each_time(tmp_path: Path) -> None:
    samples = specks(range(20))
    first, second = (
        shards.write_shard_file(samples, "train", tmp_path / name / "part-00000.parquet", tmp_path)
        for name in ("a", "b")
    )
    assert first == second
    assert (tmp_path / "a" / "part-00000.parquet").read_bytes() == (tmp_path / "b" / "part-00000.parquet").read_bytes()
