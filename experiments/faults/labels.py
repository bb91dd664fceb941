"""Labelling, killed: the Label page's log, written as the page writes it, and ``captchalab labels --out``."""

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.labelling import asking_order, open_ids
from captcha_core.dataset.labels import Label, LabelLog, now
from captcha_core.dataset.split import SPLITS
from captcha_core.dataset.store import Dataset
from captcha_core.sources.generate import draw_samples
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.sample import Sample
from experiments.faults.commands import environment, start, works_json
from experiments.faults.kills import Victim, check, check_clean, kill_again

POOL, OUT = "data/pool", "data/read"
PAUSE_S = 0.01  # between two labels; whoever is quicker is no person


def killed_labels(folder: Path, kills: int, seed: int = 0, count: int = 0) -> dict[str, Any]:
    """Label captchas one after another and kill that; then write the labelled data set and kill that.

    A label is given when the call that the page makes has returned: then it must be there for good.

    Raises:
        Broken: If a label that was given is lost, wrong or there twice, or the data set differs in the end.
    """
    count = count or 20 * kills + 40
    truth = _pool(folder, count)
    pool = Dataset.open(folder / POOL)
    log = LabelLog.of(pool.path, pool.spec)
    given = folder / "given.txt"
    given.touch()

    def look() -> None:
        held = [label.id for label in log.read()[0]]
        said = given.read_text(encoding="utf-8").split()
        check(set(said) <= set(held), "every label that was given")
        check(len(set(held)) == len(held), "every label once")
        check(all(label.text == truth[label.id] for label in log.read()[0]), "labels as they were given")

    def labeller() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603  our own module
            [sys.executable, "-m", "experiments.faults.labels", str(folder)], env=environment(folder), cwd=folder,
            start_new_session=True,
        )  # fmt: skip

    def longer() -> bool:
        return len(given.read_text(encoding="utf-8").split()) > before[0]

    def begin() -> "subprocess.Popen[bytes]":
        before[0] = len(given.read_text(encoding="utf-8").split())
        return labeller()

    def finished(process: "subprocess.Popen[bytes]") -> None:
        check(process.returncode == 0, "a labeller that works")
        look()
        log.path.unlink()
        given.write_text("", encoding="utf-8")

    before, rng = [0], random.Random(seed)
    by_hand = kill_again(Victim(begin, (0.0, 0.3), longer, look, finished), kills, rng)
    labeller().wait()
    look()
    labels, damaged = log.read()
    check(len(labels) == count, f"{count} labels (received {len(labels)})")

    began = time.perf_counter()
    whole = works_json(folder, "labels", POOL, "--out", "data/whole")
    seconds = time.perf_counter() - began
    victim = Victim(lambda: start(folder, "labels", POOL, "--out", OUT), (0.3 * seconds, 1.05 * seconds))
    rebuilt = kill_again(victim, kills, rng)
    digest = works_json(folder, "labels", POOL, "--out", OUT)["digest"]
    check(digest == whole["digest"], f"the digest {whole['digest']}")
    Dataset.open(folder / OUT).verify()
    check_clean(folder)
    return {
        "kills": by_hand.kills,
        "labels": count,
        "lost_or_doubled": 0,
        "torn_lines": damaged,
        "kills_of_the_data_set": rebuilt.kills,
        "same_digest": True,
    }


def _pool(folder: Path, count: int) -> dict[str, str]:
    """Write captchas without labels, and return what they say by their id."""
    scheme = get_scheme("digits4")
    drawn = draw_samples(scheme, 5, range(count))
    bare = [Sample(sample.media, None, sample.path) for sample in drawn]
    write_samples(folder / POOL, scheme.spec, bare, "browser", "0.5/0.25/0.25")
    (folder / "truth.txt").write_text("".join(f"{sample.id} {sample.text}\n" for sample in drawn), encoding="utf-8")
    return _truth(folder)


def _truth(folder: Path) -> dict[str, str]:
    return {
        identity: text
        for identity, text in map(str.split, (folder / "truth.txt").read_text(encoding="utf-8").splitlines())
    }


def _label_all(folder: Path) -> None:
    """Label what is open, one captcha after another, as the page does; say of each that it was given."""
    pool, truth = Dataset.open(folder / POOL), _truth(folder)
    log = LabelLog.of(pool.path, pool.spec)
    ids, texts = asking_order(pool)
    assert set(ids) == {identity for split in SPLITS for identity in pool.ids(split)}
    with (folder / "given.txt").open("a", encoding="utf-8") as given:
        for identity in open_ids(ids, texts, log.read()[0]):
            log.add([Label(id=identity, text=truth[identity], by="hand", who="ana", when=now())])
            given.write(f"{identity}\n")
            given.flush()
            time.sleep(PAUSE_S)


if __name__ == "__main__":
    _label_all(Path(sys.argv[1]))
