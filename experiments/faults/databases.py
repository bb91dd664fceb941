"""MLflow on a database with many writers at once, and the way from SQLite to PostgreSQL."""

import multiprocessing
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from captcha_core.errors import DataError
from captcha_core.tracking.names import Kind, Metric, Tag
from experiments.faults.commands import works
from experiments.faults.kills import check
from experiments.faults.servers import free_port

UP_S = 60.0
NOBODY = "nobody"  # PostgreSQL does not run as root


def many_writers(uri: str, folder: Path, writers: int, metrics: int) -> dict[str, Any]:
    """Let processes log into one database at once, each into a run of its own, and count what arrived.

    Raises:
        Broken: If a metric is missing or out of order, a run is not finished, or a writer met an error.
    """
    os.environ["MLFLOW_TRACKING_URI"] = uri
    _prepare()
    began = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(writers) as pool:
        run_ids = pool.starmap(_write, [(uri, str(folder), number, metrics) for number in range(writers)])
    seconds = time.perf_counter() - began
    from mlflow import MlflowClient

    mine = MlflowClient(uri)
    for run_id in run_ids:
        history = mine.get_metric_history(run_id, "loss")
        check([one.step for one in history] == list(range(metrics)), f"{metrics} metrics of {run_id}, in order")
        run = mine.get_run(run_id)
        check(run.info.status == "FINISHED" and run.data.params["width"] == "8", "a finished run with its parameters")
    return {
        "writers": writers,
        "metrics_each": 2 * metrics,
        "lost": 0,
        "errors": 0,
        "seconds": seconds,
        "metrics_a_second": 2 * metrics * writers / seconds,
    }


def _prepare() -> None:
    from captcha_core.tracking.runs import experiment

    experiment()


def _write(uri: str, folder: str, number: int, metrics: int) -> str:
    """Log as a training does: some at once, the metrics by way of the disk."""
    os.environ["MLFLOW_TRACKING_URI"] = uri
    os.chdir(folder)
    from captcha_core.tracking.runs import start_run

    with start_run(f"writer {number}", {Tag.KIND: Kind.TRAIN}, keep=Path("runs")) as run:
        run.params({"width": 8, "number": number})
        for step in range(metrics):
            run.metrics({"loss": 1.0 / (step + 1), Metric.VAL_LOSS: 2.0 / (step + 1)}, step=step)
        if run.later is not None:
            check(run.later.outbox.flush(), "a database that takes what is logged")
            check(not run.later.outbox.refused, f"no metric that is refused ({run.later.outbox.refused[:1]})")
        return run.id


@contextmanager
def postgresql() -> Iterator[str]:
    """Run PostgreSQL on loopback with an empty database, and yield its address.

    Raises:
        DataError: If it is not installed.
    """
    place_of = programs()
    with tempfile.TemporaryDirectory(prefix="captchalab-pg-") as place:
        folder, port = Path(place), free_port()
        if os.geteuid() == 0:
            shutil.chown(folder, NOBODY)
            folder.parent.chmod(folder.parent.stat().st_mode | 0o011)  # a command's own folder of temporary files
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        _as_user([str(place_of / "initdb"), "-D", f"{folder}/db", "-U", "mlflow", "-A", "trust"], folder)
        control = [str(place_of / "pg_ctl"), "-D", f"{folder}/db", "-l", f"{folder}/log", "-w"]
        _as_user([*control, "-o", options, "start"], folder)
        try:
            _as_user([str(place_of / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "mlflow", "mlflow"], folder)
            yield f"postgresql+psycopg://mlflow@127.0.0.1:{port}/mlflow"
        finally:
            _as_user([*control, "-m", "fast", "stop"], folder)


def programs() -> Path:
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"))[::-1], *map(Path, os.get_exec_path())]
    for place in places:
        if all((place / name).is_file() for name in ("initdb", "pg_ctl", "createdb")):
            return place
    raise DataError("expected PostgreSQL, received no initdb; install it, for one with apt-get install postgresql.")


def _as_user(command: list[str], folder: Path) -> None:
    user = NOBODY if os.geteuid() == 0 else None
    done = subprocess.run(  # noqa: S603  PostgreSQL's own programs
        command, user=user, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, check=False, env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    if done.returncode:
        raise DataError(f"expected {command[0]} to work, received: {done.stderr[-500:]}; see to PostgreSQL.")


def moved(folder: Path, runs: int = 20, metrics: int = 50) -> dict[str, Any]:
    """Fill a SQLite database, move it to PostgreSQL with ``captchalab move-runs``, and compare the two.

    Raises:
        Broken: If anything differs.
    """
    source = f"sqlite:///{folder}/mlflow.db"
    many_writers(source, folder, 2, metrics)
    from mlflow import MlflowClient

    mine: Any = MlflowClient(source)
    mine.create_registered_model("captcha-moved")
    place = mine.get_experiment_by_name("captchalab").experiment_id
    for number in range(runs):
        run = mine.create_run(place, tags={Tag.KIND: Kind.TRAIN, "number": str(number)})
        mine.log_metric(run.info.run_id, "loss", 1.0 / (number + 1), step=number)
        mine.set_terminated(run.info.run_id)
    mine.create_model_version("captcha-moved", str(folder / "model"))
    mine.set_registered_model_alias("captcha-moved", "champion", "1")
    with postgresql() as target:
        printed = works(folder, "move-runs", "--from", source, "--to", target)
        there = MlflowClient(target)
        for one in mine.search_runs([place]):
            other = there.get_run(one.info.run_id)
            check(other.to_dictionary() == one.to_dictionary(), f"the same run {one.info.run_id}")
            for key in one.data.metrics:
                ours, theirs = (c.get_metric_history(one.info.run_id, key) for c in (mine, there))
                check([m.to_dictionary() for m in ours] == [m.to_dictionary() for m in theirs], f"the same {key}")
        check(str(there.get_model_version_by_alias("captcha-moved", "champion").version) == "1", "the same champion")
        again = there.create_run(place)  # what is numbered goes on behind the highest number
        there.log_metric(again.info.run_id, "loss", 1.0)
        fresh = there.create_experiment("another")
        check(int(fresh) not in {int(one.experiment_id) for one in mine.search_experiments()}, "a number of its own")
    return {"runs": runs + 2, "rows": int(printed.split()[0].replace(",", "")), "equal": True}
