"""captchalab lab: the notebooks, in a copy to change."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from captcha_core.errors import DataError

NOTEBOOKS = (  # of a checkout, and where the wheel puts them
    Path(__file__).parent.parent.parent / "docs" / "notebooks",
    Path(sys.prefix) / "share" / "captchalab" / "notebooks",
)


def lab(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Where the notebooks are copied to.")] = "notebooks",
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0: any free port.", min=0, max=65535)] = 8888,
) -> None:
    """Open the notebooks in Jupyter until Ctrl-C; what is in DIR already stays as it is."""
    home = next((one for one in NOTEBOOKS if one.is_dir()), None)
    if home is None:
        raise DataError(
            f"expected the notebooks in {NOTEBOOKS[-1]}, received no such folder; install captchalab again."
        )
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    for source in sorted(home.glob("*.py")):
        target = place / f"{source.stem}.ipynb"
        if not target.exists():
            shutil.copy(source, place)
            _pair(place / source.name)
    command = [sys.executable, "-m", "jupyterlab", f"--port={port}", "--ip=127.0.0.1", f"--notebook-dir={place}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # as every other command may be run in a container
    raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603


def _pair(path: Path) -> None:
    """Write the notebook beside its script; Jupytext keeps the two alike from then on."""
    import jupytext

    jupytext.write(jupytext.read(path), path.with_suffix(".ipynb"))
