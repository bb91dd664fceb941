"""SIGKILL at random moments: what was done stays done, once.

The long form kills each command KILLS=4 times and prints what it counted.
"""

import os
from pathlib import Path

import pytest

from captcha_core.bundle.bundle import Bundle
from captcha_core.errors import DataError
from captcha_core.registry.versions import register
from captcha_core.solver import Solver
from captcha_core.tracking.runs import start_run
from tests.commands.walk import enter
from tests.conftest import tiny_samples
from tests.rigs.kills import Victim, kill_again
from tests.rigs.small_trainings import NAME
from tests.rigs.victims import OUT, VICTIMS, WrittenSet

KILLS = int(os.environ.get("KILLS", "4"))
SHORT = {  # kills and size
    "label log": (2, 40),
    "labels": (2, 40),
    "import": (2, 300),
    "promote": (1, 0),
    "promote, writing": (1, 0),
}
SIZES = {"generate": 20_000, "import": 3_000, "labels": 200, "label log": 20 * KILLS + 40, "train": 8}
TRIALS = int(os.environ.get("TRIALS", "10"))


def victim(name: str, size: int, folder: Path, bundle: Path, patch: pytest.MonkeyPatch) -> Victim:
    """Return a row of the table in a folder that has two versions of a model and a captcha for it."""
    enter(folder, patch)
    if name.startswith(("promote", "serve")):
        (sample,) = tiny_samples(1, seed=5)
        (folder / "one.png").write_bytes(sample.media)
        (folder / "one.txt").write_text(Solver.load(str(bundle)).solve(sample.media).text, encoding="utf-8")
        for _ in range(2):
            with start_run("made") as run:
                register(run, Bundle.open(bundle), NAME)
    return VICTIMS[name](folder, size)


@pytest.mark.parametrize("name", SHORT)
def test_some_kills(name: str, tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kills, size = SHORT[name]
    assert kill_again(victim(name, size, tmp_path, tiny_bundle, monkeypatch), kills, seed=1)["kills"] == kills


@pytest.mark.long
@pytest.mark.parametrize("name", VICTIMS)
def test_kills(name: str, tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = SIZES.get(name, TRIALS if name.startswith("tune") else 0)
    found = kill_again(victim(name, size, tmp_path, tiny_bundle, monkeypatch), KILLS, seed=1)
    print(f"\n{name}: {found}")
    assert found["kills"] == KILLS


def test_a_shard_cut_short_is_found(tmp_path: Path) -> None:
    (tmp_path / OUT / "train").mkdir(parents=True)
    (tmp_path / OUT / "train" / "part-00000.parquet").write_bytes(b"PAR1 cut")
    with pytest.raises(DataError, match="expected a whole Parquet shard"):
        WrittenSet(tmp_path, 1).look()
