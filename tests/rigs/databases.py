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

from experiments.tools.processes import free_port, works
from tests.rigs.kills import check, mlflow

NOBODY = "nobody"  # PostgreSQL does not run as root


def many_writers(uri: str, folder: Path, writers: int, metrics: int) -> dict[str, Any]:
    """Let processes log into one database at once, each into a run of its own; everything arrives, in order."""
    from mlflow import MlflowClient

    from captcha_core.tracking.connect import experiment

    os.environ["MLFLOW_TRACKING_URI"] = uri
    experiment()
    began = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(writers) as pool:
        run_ids = pool.starmap(_write, [(uri, str(folder), number, metrics) for number in range(writers)])
    seconds, client = time.perf_counter() - began, MlflowClient(uri)
    for run_id in run_ids:
        history, run = client.get_metric_history(run_id, "loss"), client.get_run(run_id)
        check([one.step for one in history] == list(range(metrics)), f"{metrics} metrics of {run_id}, in order")
        check(run.info.status == "FINISHED" and run.data.params["width"] == "8", "a finished run with its parameters")
    return {"writers": writers, "metrics": 2 * metrics * writers, "seconds": seconds}


def _write(uri: str, folder: str, number: int, metrics: int) -> str:
    """Log as a training does: some at once, the metrics by way of the disk."""
    os.environ["MLFLOW_TRACKING_URI"] = uri
    os.chdir(folder)
    from captcha_core.tracking.runs import start_run

    with start_run(f"writer {number}", {"captchalab.kind": "train"}, keep=Path("runs")) as run:
        run.params({"width": 8, "number": number})
        for step in range(metrics):
            run.metrics({"loss": 1.0 / (step + 1), "val_loss": 2.0 / (step + 1)}, step=step)
        if run.later is not None:
            check(run.later.outbox.flush(), "a database that takes what is logged")
            check(not run.later.outbox.refused, f"no metric that is refused ({run.later.outbox.refused[:1]})")
        return run.id


def postgresql_programs() -> Path | None:
    """Return where PostgreSQL's programs are, None where it is not installed."""
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"))[::-1], *map(Path, os.get_exec_path())]
    wanted = ("initdb", "pg_ctl", "createdb")
    return next((place for place in places if all((place / name).is_file() for name in wanted)), None)


@contextmanager
def postgresql() -> Iterator[str]:
    """Run PostgreSQL on loopback with an empty database, and yield its address."""
    programs = postgresql_programs()
    assert programs is not None, "PostgreSQL is not installed"
    with tempfile.TemporaryDirectory(prefix="captchalab-pg-") as place:
        folder, port = Path(place), free_port()
        if os.geteuid() == 0:
            shutil.chown(folder, NOBODY)
            folder.parent.chmod(folder.parent.stat().st_mode | 0o011)  # a command's own folder of temporary files
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        _as_user([str(programs / "initdb"), "-D", f"{folder}/db", "-U", "mlflow", "-A", "trust"], folder)
        control = [str(programs / "pg_ctl"), "-D", f"{folder}/db", "-l", f"{folder}/log", "-w"]
        _as_user([*control, "-o", options, "start"], folder)
        try:
            _as_user([str(programs / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "mlflow", "mlflow"], folder)
            yield f"postgresql+psycopg://mlflow@127.0.0.1:{port}/mlflow"
        finally:
            _as_user([*control, "-m", "fast", "stop"], folder)


def _as_user(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, user=NOBODY if os.geteuid() == 0 else None, cwd=folder, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    check(done.returncode == 0, f"{command[0]} to work ({done.stderr[-500:]})")


def moved(folder: Path, runs: int = 20, metrics: int = 50) -> dict[str, Any]:
    """Fill a SQLite database, move it to PostgreSQL with ``captchalab move-runs``, and compare the two."""
    from mlflow import MlflowClient

    source = f"sqlite:///{folder}/mlflow.db"
    many_writers(source, folder, 2, metrics)
    client = mlflow(folder)
    experiment = _fill(client, folder, runs)
    with postgresql() as target:
        printed = works(folder, "move-runs", "--from", source, "--to", target)
        there: Any = MlflowClient(target)
        for one in client.search_runs([experiment]):
            check(there.get_run(one.info.run_id).to_dictionary() == one.to_dictionary(), f"the run {one.info.run_id}")
            for key in one.data.metrics:
                ours, theirs = (where.get_metric_history(one.info.run_id, key) for where in (client, there))
                check([m.to_dictionary() for m in ours] == [m.to_dictionary() for m in theirs], f"the same {key}")
        check(str(there.get_model_version_by_alias("captcha-moved", "champion").version) == "1", "the same champion")
        there.log_metric(there.create_run(experiment).info.run_id, "loss", 1.0)  # numbers go on behind the highest
        known = {int(one.experiment_id) for one in client.search_experiments()}
        check(int(there.create_experiment("another")) not in known, "a number of its own")
    return {"runs": runs + 2, "rows": int(printed.split()[0].replace(",", ""))}


def _fill(client: Any, folder: Path, runs: int) -> str:
    """Add runs, and a model with a champion; return the experiment's id."""
    experiment = str(client.get_experiment_by_name("captchalab").experiment_id)
    for number in range(runs):
        run = client.create_run(experiment, tags={"captchalab.kind": "train", "number": str(number)})
        client.log_metric(run.info.run_id, "loss", 1.0 / (number + 1), step=number)
        client.set_terminated(run.info.run_id)
    client.create_registered_model("captcha-moved")
    client.create_model_version("captcha-moved", str(folder / "model"))
    client.set_registered_model_alias("captcha-moved", "champion", "1")
    return experiment
