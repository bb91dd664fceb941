"""No room on the disk, no memory: a sentence, nothing half written, and the next run works."""

from pathlib import Path

import pytest

from experiments.faults.commands import works
from experiments.faults.material import DATA, NAME, drawn, epochs, training
from experiments.faults.short import Outcome, can_mount, short_of, without_memory, without_room

small_disk = pytest.mark.skipif(not can_mount(), reason="small file systems cannot be mounted here")
GENERATE = ("generate", "--scheme", "digits4", "--count", "3000", "--out", "data/short")


@small_disk
@pytest.mark.parametrize("free_kib", [20, 2000])
def test_a_full_disk_while_drawing(tmp_path: Path, free_kib: int) -> None:
    outcome = without_room(tmp_path, free_kib, *GENERATE)
    outcome.verify("generate")
    assert outcome.code == 1 and "No space left on device" in outcome.said[0]


@pytest.mark.parametrize("command", ["generate", "import", "train"])
def test_too_little_memory_is_said_at_once(tmp_path: Path, command: str) -> None:
    words = {"generate": GENERATE, "import": ("import", "files", "--out", "data/x"), "train": training(*epochs(1))}
    (tmp_path / "data").mkdir()
    if command == "train":
        drawn(tmp_path, 60)
    outcome = without_memory(tmp_path, 1000, *words[command])
    assert outcome.code == 1 and outcome.half_written == []
    assert "MB of address space" in outcome.said[0]


@small_disk
@pytest.mark.long
def test_a_full_disk_while_training_and_exporting(tmp_path: Path) -> None:
    drawn(tmp_path)
    rows = short_of(tmp_path, (100, 900, 1600, 2200), (), *training(*epochs(2)))
    works(tmp_path, *training(*epochs(1)))
    export = ("export", "--model", f"models:/{NAME}/1", "--format", "onnx", "--out", "model.onnx")
    rows += short_of(tmp_path, (20, 200), (), *export)
    assert sum(row["exit_code"] for row in rows) >= 4


@small_disk
@pytest.mark.long
def test_a_full_disk_while_importing(tmp_path: Path) -> None:
    drawn(tmp_path)
    works(tmp_path, "export-data", DATA, "--format", "folder", "--out", "files")
    rows = short_of(tmp_path, (20, 400), (), "import", "files", "--out", "data/short")
    assert [row["exit_code"] for row in rows] == [1, 1]


def test_an_outcome_is_not_taken_for_good() -> None:
    good = Outcome(1, ["Error: expected room, received none."], [], 0)
    good.verify("it")
    for bad in (
        Outcome(134, [], [], 0),
        Outcome(1, ["Error: expected a", "Error: b"], [], 0),
        Outcome(1, ["Error: unexpected KeyError (a fault of ours)"], [], 0),
        Outcome(1, good.said, ["half.tmp"], 0),
        Outcome(1, good.said, [], 1),
    ):
        with pytest.raises(Exception, match="received"):
            bad.verify("it")
