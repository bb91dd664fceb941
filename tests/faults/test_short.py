"""No space on the disk, no memory: a sentence, nothing half written, and the next run works."""

from pathlib import Path

import pytest

from experiments.tools.processes import works
from tests.rigs.short import Outcome, can_mount, short_of, without_memory, without_space
from tests.rigs.small_trainings import DATA, NAME, draw, epochs, training

small_disk = pytest.mark.skipif(not can_mount(), reason="small file systems cannot be mounted here")
GENERATE = ("generate", "--scheme", "digits4", "--count", "3000", "--out", "data/short")
IMPORT = ("import", "files", "--out", "data/short")


@small_disk
@pytest.mark.parametrize("free_kib", [20, 2000])
def test_a_full_disk_while_drawing(tmp_path: Path, free_kib: int) -> None:
    outcome = without_space(tmp_path, free_kib, *GENERATE)
    outcome.verify("generate")
    assert outcome.code == 1 and any(
        fault in outcome.sentences[0] for fault in ("No space left on device", "disk is full")
    )


@pytest.mark.parametrize("command", ["generate", "import", "train"])
def test_too_little_memory_is_reported_at_once(tmp_path: Path, command: str) -> None:
    words = {"generate": GENERATE, "import": IMPORT, "train": training(*epochs(1))}
    (tmp_path / "data").mkdir()
    if command == "train":
        draw(tmp_path, 60)
    outcome = without_memory(tmp_path, 1000, *words[command])
    assert outcome.code == 1 and outcome.half_written == []
    assert "MB of address space" in outcome.sentences[0]


@small_disk
@pytest.mark.long
def test_little_space_or_memory_while_drawing_and_importing(tmp_path: Path) -> None:
    draw(tmp_path)
    works(tmp_path, "export-data", DATA, "--format", "folder", "--out", "files")
    assert set(short_of(tmp_path, (40, 1000), (150, 400, 1000), *GENERATE)) == {1}
    assert short_of(tmp_path, (20, 400), (150, 400), *IMPORT) == [1, 1, 1, 1]


@small_disk
@pytest.mark.long
def test_little_space_or_memory_while_training_and_exporting(tmp_path: Path) -> None:
    draw(tmp_path)
    codes = short_of(tmp_path, (100, 900, 1600, 2200), (800, 3500), *training(*epochs(2)))
    works(tmp_path, *training(*epochs(1)))
    export = ("export", "--model", f"models:/{NAME}/1", "--format", "onnx", "--out", "model.onnx")
    codes += short_of(tmp_path, (20, 200), (800,), *export)
    assert sum(codes) >= 6


def test_an_outcome_is_not_taken_for_good() -> None:
    good = Outcome(1, ["Error: expected space, received none."], [], 0)
    good.verify("it")
    for bad in (
        Outcome(134, [], [], 0),
        Outcome(1, ["Error: expected a", "Error: b"], [], 0),
        Outcome(1, ["Error: unexpected KeyError (a fault of ours)"], [], 0),
        Outcome(1, good.sentences, ["half.tmp"], 0),
        Outcome(1, good.sentences, [], 1),
    ):
        with pytest.raises(AssertionError, match="received"):
            bad.verify("it")
