"""``captchalab import``, killed and started again."""

import random
import shutil
import time
from pathlib import Path
from typing import Any

from captcha_core.dataset.store import Dataset
from experiments.faults.commands import start, works, works_json
from experiments.faults.kills import Victim, check, check_clean, kill_again, leftovers
from experiments.faults.material import DATA, drawn

WORDS = ("import", "files", "--out")
OUT = "data/imported"


def killed_import(folder: Path, kills: int, seed: int = 0, count: int = 3000) -> dict[str, Any]:
    """Import files, kill that again and again, and compare the result with an import that was left alone.

    Raises:
        Broken: If the data set or the list of rejected files differs, or anything is left over.
    """
    drawn(folder, count)
    works(folder, "export-data", DATA, "--format", "folder", "--out", "files")
    (folder / "files" / "train" / "broken.png").write_bytes(b"no picture")
    began = time.perf_counter()
    whole = works_json(folder, *WORDS, "data/whole")
    seconds = time.perf_counter() - began
    rejects = (folder / "data/whole" / "rejects.csv").read_bytes()

    def right() -> None:
        dataset = Dataset.open(folder / OUT)
        dataset.verify()
        check(dataset.digest == whole["digest"], f"the digest {whole['digest']} of {OUT}")
        check((folder / OUT / "rejects.csv").read_bytes() == rejects, "the same list of rejected files")
        check(leftovers(folder) == [], f"nothing left over ({leftovers(folder)})")

    def finished(process: Any) -> None:
        check(process.returncode == 0, "an import that works")
        right()
        shutil.rmtree(folder / OUT)

    victim = Victim(lambda: start(folder, *WORDS, OUT), (0.3 * seconds, 1.05 * seconds), finished=finished)
    count_ = kill_again(victim, kills, random.Random(seed))
    works(folder, *WORDS, OUT)
    right()
    check_clean(folder)
    return {
        "files": count + 1,
        "kills": count_.kills,
        "finished_before_a_kill": count_.finished_before_a_kill,
        "same_digest": True,
        "digest": whole["digest"],
    }
