"""The commands that are killed: their words, when they count as begun, and what must hold after each kill.

``python -m tests.rigs.victims FOLDER`` is one of them: it labels captchas as the Label page does.
"""

import http.client
import json
import shutil
import sqlite3
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.labelling import asking_order, open_ids
from captcha_core.dataset.labels import Label, LabelLog, now
from captcha_core.dataset.shard import read_shard
from captcha_core.dataset.split import SPLITS
from captcha_core.dataset.store import Dataset
from captcha_core.sources.generate import draw_samples
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.sample import Sample
from experiments.tools.processes import (
    Process,
    answers,
    await_server,
    free_port,
    kill,
    start,
    stderr_of,
    works,
    works_json,
)
from tests.rigs import small_trainings
from tests.rigs.kills import Victim, check, leftovers, mlflow
from tests.rigs.small_trainings import DATA, NAME

POOL, OUT = "data/pool", "data/out"


class WrittenSet(Victim):
    """A command that writes a data set: whenever it gets through, with the same digest and nothing left over."""

    digest, rejects = "", b""

    def look(self) -> None:
        """Every shard in its place is whole."""
        for path in sorted((self.folder / OUT).glob("*/part-*.parquet")):
            for _ in read_shard(path, ("id", "text", "media", "origin")):
                pass
            self.figures["whole_shards"] = self.figures.get("whole_shards", 0) + 1

    def finished(self, process: Process) -> None:
        """The data set and the list of rejected files are those of the run that was left alone."""
        super().finished(process)
        dataset = Dataset.open(self.folder / OUT)
        dataset.verify()
        listed = self.folder / OUT / "rejects.csv"
        rejects = listed.read_bytes() if listed.is_file() else b""
        self.digest, self.rejects = self.digest or dataset.digest, self.rejects or rejects
        check((dataset.digest, rejects) == (self.digest, self.rejects), f"the digest {self.digest}, the same rejects")
        check(leftovers(self.folder) == [], f"nothing left over ({leftovers(self.folder)})")
        self.figures["digest"] = self.digest

    def again(self) -> None:
        """Remove the data set."""
        shutil.rmtree(self.folder / OUT)


class Generating(WrittenSet):
    """``captchalab generate`` with two workers."""

    def words(self) -> Sequence[str]:
        """Draw the same captchas every time."""
        counts = ("--count", str(self.size), "--workers", "2")
        return ["generate", "--scheme", "digits4", "--seed", "1", *counts, "--out", OUT]


class Importing(WrittenSet):
    """``captchalab import`` of files, one of them no picture."""

    span = (0.3, 1.05)

    def prepare(self) -> None:
        """Write the files."""
        small_trainings.draw(self.folder, self.size)
        works(self.folder, "export-data", DATA, "--format", "folder", "--out", "files")
        (self.folder / "files" / "train" / "broken.png").write_bytes(b"no picture")

    def words(self) -> Sequence[str]:
        """Import them."""
        return ["import", "files", "--out", OUT]


class LabelledSet(WrittenSet):
    """``captchalab labels --out`` on captchas that are all labelled."""

    span = (0.3, 1.05)

    def prepare(self) -> None:
        """Label all captchas."""
        _pool(self.folder, self.size)
        _label_all(self.folder, pause_s=0.0)

    def words(self) -> Sequence[str]:
        """Write the labelled data set."""
        return ["labels", POOL, "--out", OUT]


class Labelling(Victim):
    """Labelling captchas one after another, as the Label page does.

    A label is given when the call that the page makes has returned: then it must be there for good.
    """

    span = (0.0, 0.5)

    def prepare(self) -> None:
        """Write captchas without labels."""
        self.truth = _pool(self.folder, self.size)
        pool = Dataset.open(self.folder / POOL)
        self.log, self.given = LabelLog.of(pool.path, pool.spec), self.folder / "given.txt"
        self.given.touch()
        self.figures["torn_lines"] = self.before = 0

    def start(self) -> Process:
        """Start or go on labelling."""
        self.before = len(self._given())
        return start(self.folder, command=[sys.executable, "-m", "tests.rigs.victims", str(self.folder)])

    def begun(self) -> bool:
        """Whether another label was given."""
        return len(self._given()) > self.before

    def look(self) -> None:
        """Every label that was given is there, once and as it was given."""
        labels, self.figures["torn_lines"] = self.log.read()
        stored = [label.id for label in labels]
        check(set(self._given()) <= set(stored), "every label that was given")
        check(len(set(stored)) == len(stored), "every label once")
        check(all(label.text == self.truth[label.id] for label in labels), "labels as they were given")

    def finished(self, process: Process) -> None:
        """Every captcha is labelled."""
        super().finished(process)
        self.look()
        check(len(self.log.read()[0]) == self.size, f"{self.size} labels")

    def again(self) -> None:
        """Begin a new log."""
        self.log.path.unlink()
        self.given.write_text("", encoding="utf-8")

    def _given(self) -> list[str]:
        return self.given.read_text(encoding="utf-8").split()


def _pool(folder: Path, count: int) -> dict[str, str]:
    """Write captchas without labels, and return what they say by their id."""
    scheme = get_scheme("digits4")
    drawn = draw_samples(scheme, 5, range(count))
    bare = [Sample(sample.media, None, sample.path) for sample in drawn]
    write_samples(folder / POOL, scheme.spec, bare, "browser", "0.5/0.25/0.25")
    truth = {sample.id: sample.text or "" for sample in drawn}
    (folder / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    return truth


def _label_all(folder: Path, pause_s: float = 0.01) -> None:
    """Label what is open, one captcha after another, and write down each that was given."""
    pool, truth = Dataset.open(folder / POOL), json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    log = LabelLog.of(pool.path, pool.spec)
    ids, texts = asking_order(pool)
    assert set(ids) == {identity for split in SPLITS for identity in pool.ids(split)}
    with (folder / "given.txt").open("a", encoding="utf-8") as given:
        for identity in open_ids(ids, texts, log.read()[0]):
            log.add([Label(id=identity, text=truth[identity], by="hand", who="ana", when=now())])
            given.write(f"{identity}\n")
            given.flush()
            time.sleep(pause_s)  # whoever is quicker is no person


class Training(Victim):
    """``captchalab train``, resumed after each kill; ``size`` epochs each."""

    span = (0.0, 1.1)

    def prepare(self) -> None:
        """Draw what it learns from."""
        small_trainings.draw(self.folder)
        self.done: set[str] = set()
        self.started, self.epochs_kept = 0.0, 0

    def words(self) -> Sequence[str]:
        """Go on with the training that is not finished, or begin one."""
        self.started, left = time.time(), self._open()
        check(len(left) <= 1, "one training at a time")
        return ["train", "--resume", left[0]] if left else small_trainings.training(*small_trainings.epochs(self.size))

    def begun(self) -> bool:
        """Whether the training has its run by now."""
        return any(path.stat().st_mtime >= self.started for path in self.folder.glob("runs/*/plan.json"))

    def look(self) -> None:
        """What has been done stays done, whenever the kill came."""
        for run_id in self._open():
            if (progress := _epoch(self.folder / "runs" / run_id)) is not None:
                check(progress >= self.epochs_kept, f"at least {self.epochs_kept} epochs in the checkpoint")
                self.epochs_kept = progress
                if mlflow(self.folder).get_run(run_id).info.status == "FINISHED":
                    self._through(run_id)  # the kill came when only the process was left to end

    def finished(self, process: Process) -> None:
        """Every epoch once, and one version."""
        super().finished(process)
        (run_id,) = self._open()
        self._through(run_id)

    def _through(self, run_id: str) -> None:
        self.done.add(run_id)
        self.epochs_kept, client = 0, mlflow(self.folder)
        steps = [one.step for one in client.get_metric_history(run_id, "loss")]
        check(steps == list(range(self.size)), f"epochs 0 to {self.size - 1} once each (received {steps})")
        check(client.get_run(run_id).info.status == "FINISHED", "a run that is finished")
        versions = [one for one in client.search_model_versions(f"name='{NAME}'") if one.run_id == run_id]
        check(len(versions) == 1, f"one registered version of the run (received {len(versions)})")
        self.figures["trainings"] = len(self.done)

    def _open(self) -> list[str]:
        names = {path.parent.name for path in self.folder.glob("runs/*/plan.json")}
        return sorted(names - self.done)


def _epoch(run: Path) -> int | None:
    for state in ("last", "last.old"):
        if (run / state / "progress.json").is_file():
            return int(json.loads((run / state / "progress.json").read_text(encoding="utf-8"))["epoch"])
    return None


class Searching(Victim):
    """``captchalab tune`` of ``size`` trials, resumed after each kill; compared with the first, which is left alone."""

    tuner = "random"
    span = (0.0, 0.5)

    def prepare(self) -> None:
        """Draw what it learns from."""
        small_trainings.draw(self.folder)
        self.whole: dict[str, Any] = {}
        self.through = 0

    def words(self) -> Sequence[str]:
        """Begin the search, or go on with it."""
        if (self.folder / "runs" / "search-cut" / "search.json").is_file():
            return RESUME
        space = ("--tuner", self.tuner, "--space", "kernel=3", "--space", "depth=[3,4]", "--seed", "1")
        return small_trainings.search("cut", self.size, 3, *space)

    def begun(self) -> bool:
        """Whether the command's first line is there."""
        return "trials of" in stderr_of(self.folder)

    def finished(self, process: Process) -> None:
        """Every trial once in Keras Tuner and in MLflow, with the settings of the search that was left alone."""
        super().finished(process)
        found = works_json(self.folder, *RESUME)
        self.whole = self.whole or found
        check([row["values"] for row in found["table"]] == [row["values"] for row in self.whole["table"]], "settings")
        check(found["best"] == self.whole["best"], "the same best setting")
        state = json.loads((self.folder / "runs/search-cut/oracle.json").read_text(encoding="utf-8"))["trials"]
        check([one["status"] for one in state.values()] == ["COMPLETED"] * self.size, f"{self.size} finished trials")
        self._check_runs(found["run_id"])

    def _check_runs(self, parent: str) -> None:
        client = mlflow(self.folder)
        experiment = client.get_experiment_by_name("captchalab").experiment_id
        children = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{parent}'")
        trials = [run for run in children if run.data.tags.get("captchalab.kind") == "trial"]
        check(len({run.data.tags["captchalab.trial"] for run in trials}) == len(trials) == self.size, "a run a trial")
        check({run.info.status for run in trials} == {"FINISHED"}, "runs that are finished")
        for run in trials:
            steps = [one.step for one in client.get_metric_history(run.info.run_id, "loss")]
            check(not steps or sorted(steps) == list(range(min(steps), max(steps) + 1)), "every epoch once")

    def again(self) -> None:
        """Put the search aside."""
        self.through += 1
        self.figures["searches"] = self.through
        (self.folder / "runs" / "search-cut").rename(self.folder / "runs" / f"search-cut-{self.through}")


RESUME = ("tune", "--resume", "cut", "--repeats", "0", "--bundles", "0")


class GridSearching(Searching):
    """The same by grid."""

    tuner = "grid"


class BayesianSearching(Searching):
    """The same by Bayesian optimisation."""

    tuner = "bayesian"


class HyperbandSearching(Searching):
    """The same by Hyperband."""

    tuner = "hyperband"


CHAMPIONS = "SELECT version FROM registered_model_aliases WHERE name = ? AND alias = 'champion'"
ENTRIES = """SELECT count(*) FROM runs JOIN experiments USING (experiment_id)
             WHERE experiments.name = 'captchalab-promotions'"""


class Promoting(Victim):
    """``captchalab promote`` of two versions in turn, while somebody looks at the champion; killed at any moment."""

    span = (0.3, 1.0)

    def prepare(self) -> None:
        """Promote one version, so that there is a champion from then on, and look at it as often as possible."""
        self.done: list[tuple[str, str]] = []
        self.entries = self.looks = self.wrong = 0
        self.to_the_end()
        self.stopped = threading.Event()
        self.watch = threading.Thread(target=self._look_at_the_champion, daemon=True)
        self.watch.start()

    def words(self) -> Sequence[str]:
        """Promote the next version; the reason names the promotion in the history."""
        self.entries = self._count()
        version, reason = self._wanted()
        return ["promote", "--name", NAME, "--version", version, "--force", "--reason", reason]

    def finished(self, process: Process) -> None:
        """It works, or is told that it was done: a kill may come after the last thing that it does."""
        already = "not champion yet" in stderr_of(self.folder)
        check(process.returncode == (1 if already else 0), f"a promotion that works ({stderr_of(self.folder)[-500:]})")
        self.done.append(self._wanted())

    def end(self) -> None:
        """Every promotion is in the history once and in order, and there was one champion at every moment."""
        self.stopped.set()
        self.watch.join()
        history = works_json(self.folder, "history", "--name", NAME)
        found = [(entry["to_version"], entry["reason"]) for entry in history["entries"]]
        check(history["moved_outside"] is None, "a champion that the history knows")
        check(found == self.done, f"every promotion once and in order (received {found} for {self.done})")
        check(self.wrong == 0 < self.looks, f"one champion at every moment ({self.wrong} of {self.looks} wrong)")
        self.figures |= {"promotions": len(self.done), "looks_at_the_champion": self.looks}

    def _wanted(self) -> tuple[str, str]:
        return str(len(self.done) % 2 + 1), f"promotion {len(self.done)}"

    def _count(self) -> int:
        with closing(sqlite3.connect(self.folder / "mlflow.db", timeout=30)) as connection:
            return int(connection.execute(ENTRIES).fetchone()[0])

    def _look_at_the_champion(self) -> None:
        with closing(sqlite3.connect(f"file:{self.folder}/mlflow.db?mode=ro", uri=True, timeout=30)) as connection:
            while not self.stopped.is_set():
                self.looks += 1
                self.wrong += len(connection.execute(CHAMPIONS, (NAME,)).fetchall()) != 1
                time.sleep(0.002)


class PromotingFromTheFirstWrite(Promoting):
    """The same, killed after it began to write."""

    span = (0.0, 1.0)

    def begun(self) -> bool:
        """Whether its entry is in the history."""
        return self._count() > self.entries


class Serving(Victim):
    """``captchalab serve``, asked for the same captcha without end, killed, and started again on the same port."""

    span = (0.0, 1.0)

    def prepare(self) -> None:
        """Ask from now on."""
        self.url = f"http://127.0.0.1:{free_port()}"
        self.media = (self.folder / "one.png").read_bytes()
        self.text = (self.folder / "one.txt").read_text(encoding="utf-8")
        self.seen: dict[str, int] = {}
        self.stopped = threading.Event()
        self.client = threading.Thread(target=self._ask_without_end, daemon=True)
        self.client.start()

    def words(self) -> Sequence[str]:
        """Serve."""
        return ["serve", "--model", f"models:/{NAME}@challenger", "--port", self.url.rpartition(":")[2]]

    def begun(self) -> bool:
        """Whether it is ready."""
        return answers(f"{self.url}/health/ready")

    def finished(self, process: Process) -> None:
        """A server does not end by itself."""
        check(False, f"a server that comes up (exit code {process.returncode})")

    def to_the_end(self) -> float:
        """Start it, ask it once, and stop it; kills come within a second of its being ready."""
        process = self.start()
        await_server(process, f"{self.url}/health/ready")
        check(self._ask() == self.text, f"the answer {self.text}")
        process.terminate()
        process.wait(30)
        kill(process)
        return 1.0

    def end(self) -> None:
        """No answer was wrong."""
        self.stopped.set()
        self.client.join()
        check(set(self.seen) == {self.text}, f"no answer but {self.text} (received {set(self.seen)})")
        self.figures["answers"] = self.seen[self.text]

    def _ask(self) -> str:
        request = urllib.request.Request(f"{self.url}/solve", self.media)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(json.loads(answer.read())["text"])

    def _ask_without_end(self) -> None:
        while not self.stopped.is_set():
            try:
                text = self._ask()
                self.seen[text] = self.seen.get(text, 0) + 1
            except (OSError, http.client.HTTPException, ValueError):  # nobody there, or gone in the middle
                time.sleep(0.02)


VICTIMS: dict[str, Callable[[Path, int], Victim]] = {
    "generate": Generating,
    "import": Importing,
    "labels": LabelledSet,
    "label log": Labelling,
    "promote": Promoting,
    "promote, writing": PromotingFromTheFirstWrite,
    "serve": Serving,
    "train": Training,
    "tune, random": Searching,
    "tune, grid": GridSearching,
    "tune, bayesian": BayesianSearching,
    "tune, hyperband": HyperbandSearching,
}

if __name__ == "__main__":
    _label_all(Path(sys.argv[1]))
