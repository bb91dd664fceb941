"""captchalab doctor: is everything here that is needed?"""

import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from captcha_core.extras import EXTRAS, missing
from captcha_core.native import quiet
from experiments.terminal.options import Experiment

NEEDED = ("ai-edge-litert", "fastapi", "numpy", "opencv-python-headless", "pillow", "pydantic")
SEND_S = 60.0  # how long repair waits for the tracking server to take what was left
NVIDIA = ("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")


def doctor(
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Close the runs of this machine whose process is gone, send what they left in runs/, restore a "
            "deleted experiment, and follow a project folder that was moved.",
        ),
    ] = False,
    experiment: Experiment = "",
) -> None:
    """Check the installation: Python, packages, tracking store, devices, disk, registered models, runs left open."""
    checks = [_python(), *(_package(name) for name in NEEDED), _disk(), _tracking(), _litert()]
    if checks[-2][0] and not missing("track"):
        checks += [_experiments(repair), _artifacts(repair), _runs(repair)]
    for good, line in checks:
        print(f"{'ok  ' if good else 'FAIL'}  {line}")
    for device in _devices():
        print(f"ok    {device}")
    for extra in EXTRAS:
        absent = missing(extra)
        print(f"-     extra {extra}: {', '.join(absent)} not installed" if absent else f"ok    extra {extra}")
    raise typer.Exit(0 if all(good for good, _ in checks) else 1)


def _python() -> tuple[bool, str]:
    return (3, 11) <= sys.version_info[:2] <= (3, 13), f"Python {platform.python_version()} (3.11 to 3.13)"


def _package(name: str) -> tuple[bool, str]:
    try:
        return True, f"{name} {version(name)}"
    except PackageNotFoundError:
        return False, f"{name} is not installed: pip install captchalab"


def _devices() -> list[str]:
    """Return what trainings can run on, in words; TensorFlow is asked only where there is more than processors."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found = [f"device: {processors} processors"]
    try:
        asked = subprocess.run(NVIDIA, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return found
    cards = asked.stdout.strip().splitlines() if asked.returncode == 0 else []
    return found + [f"device: {card} (memory, driver){_use(place)}" for place, card in enumerate(cards)]


def _use(place: int) -> str:
    """Say whether TensorFlow computes on a card."""
    if missing("train"):
        return ""
    with quiet():
        import tensorflow as tf

        seen = len(tf.config.list_physical_devices("GPU"))
    return ", used by trainings" if place < seen else ", not seen by TensorFlow: pip install 'captchalab[gpu]'"


def _disk() -> tuple[bool, str]:
    free = shutil.disk_usage(".").free / 2**30
    return free > 1, f"{free:.1f} GiB free here (at least 1)"


def _tracking() -> tuple[bool, str]:
    from captcha_core.errors import CaptchaError
    from captcha_core.registry.repair import model_names
    from captcha_core.tracking.address import is_missing, tracking_uri
    from captcha_core.tracking.connect import connect
    from captcha_core.tracking.redact import masked
    from experiments.terminal.foreign_errors import foreign_error

    try:
        if is_missing(tracking_uri()):
            return True, f"tracking at {tracking_uri()}, which the first run makes"
        if missing("track"):
            return True, f"tracking at {masked(tracking_uri())}, not asked: the extra track is not installed"
        uri = connect()
        models = len(list(model_names()))
        count = "1 registered model" if models == 1 else f"{models} registered models"
        return True, f"tracking at {masked(uri)}, {count}"
    except CaptchaError as error:
        return False, str(error)
    except Exception as error:
        return False, masked(foreign_error(error) or f"tracking store: {type(error).__name__}: {error}")


def _experiments(repair: bool) -> tuple[bool, str]:
    from captcha_core.registry.repair import deleted_experiments, restore
    from captcha_core.tracking.address import is_missing, tracking_uri
    from captcha_core.tracking.connect import deleted_fault, experiment_name

    name = f"experiment {experiment_name()}"
    if is_missing(tracking_uri()) or not (deleted := deleted_experiments()):
        return True, name
    if not repair:
        return False, deleted_fault(deleted[0])
    for place in deleted:
        restore(place)
    return True, f"restored the experiment {', '.join(place.name for place in deleted)}, which was deleted"


def _artifacts(repair: bool) -> tuple[bool, str]:
    from captcha_core.errors import RegistryError
    from captcha_core.registry.moved import moved, relocate

    try:
        found = moved()
        if not found:
            return True, "the files of runs and models are where MLflow looks for them"
        unknown = [one for one in found if one.now is None]
        if unknown or not repair:
            return False, str((unknown or found)[0])
        changed = sum(relocate(one) for one in found)
    except RegistryError as error:
        return False, str(error)
    return True, f"wrote the new place of the artifacts, {found[0].now}, into the database ({changed:,} entries)"


def _runs(repair: bool) -> tuple[bool, str]:
    from captcha_core.registry.repair import close, cut_promotions, half_promoted, left_behind, orphans
    from captcha_core.tracking.address import is_missing, tracking_uri
    from captcha_core.tracking.runs import RUNS

    spools = left_behind(RUNS)
    if is_missing(tracking_uri()) and not spools:
        return True, "no run is open: there is none yet"
    if spools and not repair:
        count = "1 file holds" if len(spools) == 1 else f"{len(spools)} files hold"
        return False, f"{count} what was not sent to MLflow: {spools[0]}; captchalab doctor --repair"
    if spools and (fault := _sent(spools)):  # before runs are closed: it may hold their end
        return False, fault
    if repair:
        finished = half_promoted()
        for entry in finished:
            print(f"ok    finished the {entry.action} of {entry.name} version {entry.to_version}, which a kill had cut")
    elif halves := cut_promotions():
        return False, f"a promotion of {halves[0]} was cut by a kill; captchalab doctor --repair brings it to its end"
    left = list(orphans())
    if not left:
        return True, "no run is open without its process"
    names = ", ".join(f"{one.name} ({one.run_id})" for one in left[:3]) + (", ..." if len(left) > 3 else "")
    count = "1 run" if len(left) == 1 else f"{len(left)} runs"
    if not repair:
        return False, f"left open by a process that is gone: {count}, {names}; captchalab doctor --repair closes them"
    for orphan in left:
        close(orphan)
    return True, f"closed {count} without their process: {names}"


def _sent(spools: list[Path]) -> str:
    """Send what was left, and return what is wrong with that; empty if nothing is."""
    from captcha_core.registry.repair import elsewhere
    from captcha_core.tracking.address import tracking_uri
    from captcha_core.tracking.redact import masked
    from captcha_core.tracking.runs import send_left_behind

    if stranger := elsewhere(spools):
        return (
            f"expected the tracking store with the run of {stranger}, received {masked(tracking_uri())} without it; "
            "set MLFLOW_TRACKING_URI, or remove the file if the run was deleted"
        )
    unsent, refused = send_left_behind(spools, SEND_S)
    if unsent:
        return f"the tracking server did not take what {unsent[0]} holds; nothing is lost, repair again"
    for line in refused:
        print(f"-     MLflow refused {masked(line)}")
    return ""


def _litert() -> tuple[bool, str]:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except (ImportError, OSError) as error:
        return False, f"LiteRT cannot be loaded: {error}"
    return True, f"{Interpreter.__name__} of LiteRT loads"
