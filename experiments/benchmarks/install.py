"""From an empty environment to a first captcha read: how long it takes, and how much disk."""

import os
import resource
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from captcha_core.errors import DataError

ROOT = Path(__file__).parent.parent.parent
MIB = 2**20


def run(wheel: str = "", extra: str = "", picture: str = "") -> dict[str, Any]:
    """Install a wheel into an empty environment and let it read a captcha.

    Args:
        wheel: The wheel; by default it is built from this checkout, which is not part of the time.
        extra: An extra to install with it.
        picture: A captcha to read; by default one is drawn.

    Returns:
        Seconds on the clock and of processors, MiB that the environment grew by, the number of packages, and the text.
    """
    with tempfile.TemporaryDirectory(prefix="captchalab-install-") as folder:
        place = Path(folder)
        package = Path(wheel) if wheel else built(place)
        image = Path(picture) if picture else drawn(place / "captcha.png")
        venv.create(place / "env", with_pip=True)
        programs = place / "env" / ("Scripts" if os.name == "nt" else "bin")
        before = size_mib(place / "env")
        what = f"{package}[{extra}]" if extra else str(package)
        install = timed([programs / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", what], place)
        solve = timed([programs / "captchalab", "solve", image], place)
        return {
            "install_s": install["clock_s"],
            "install_processor_s": install["processor_s"],
            "solve_s": solve["clock_s"],
            "solve_processor_s": solve["processor_s"],
            "total_s": round(install["clock_s"] + solve["clock_s"], 1),
            "size_mib": round(size_mib(place / "env") - before),
            "packages": len(list((place / "env").rglob("*.dist-info"))) - 2,  # without pip and setuptools
            "read": solve["printed"].split("\t")[1],
        }


def built(folder: Path) -> Path:
    """Build the wheel of this checkout and return it."""
    timed([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--disable-pip-version-check", "-w", folder, ROOT])
    return next(folder.glob("*.whl"))


def timed(words: Sequence[str | Path], folder: Path | None = None) -> dict[str, Any]:
    """Run a command that knows nothing of this checkout, and return how long it took and what it printed.

    Raises:
        DataError: If it fails.
    """
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MLFLOW_TRACKING_URI")}
    began, used = time.perf_counter(), _processor_s()
    command = [str(one) for one in words]
    done = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise DataError(f"expected {Path(words[0]).name} to work, received: {' '.join(last)}; see to that.")
    clock_s = round(time.perf_counter() - began, 1)
    return {"clock_s": clock_s, "processor_s": round(_processor_s() - used, 1), "printed": done.stdout}


def size_mib(folder: Path) -> float:
    """Return how much the files of a folder hold."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir()) / MIB


def drawn(path: Path, text: str = "4821") -> Path:
    """Write a captcha as plain as they go, and return its path."""
    import cv2
    import numpy as np

    page = np.full((60, 160), 255, np.uint8)
    cv2.putText(page, text, (14, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.5, 0, 3)
    cv2.imwrite(str(path), page)
    return path


def table(result: dict[str, Any]) -> str:
    """Return the figures as lines."""
    return "\n".join(f"{name.replace('_', ' '):<22}{value}" for name, value in result.items())


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
