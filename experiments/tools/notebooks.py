"""Run the notebooks of docs/notebooks, and write each script's pair with its output."""

import os
import sys
import tempfile
import time
from pathlib import Path

FOLDER = Path(__file__).parent.parent.parent / "docs" / "notebooks"
MOST_S = 3600  # of a cell, on a machine that is busy


def run(script: Path) -> float:
    """Run a notebook in an empty folder, write it with its output beside its script, and return the seconds it took.

    Raises:
        nbclient.exceptions.CellExecutionError: If a cell fails.
    """
    import jupytext
    import nbformat
    from nbclient import NotebookClient

    notebook, began = jupytext.read(script), time.monotonic()
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # chance would change the file each time
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "MLFLOW_TRACKING_URI": "sqlite:///mlflow.db"}
        client = NotebookClient(
            notebook, timeout=MOST_S, kernel_name="python3", resources={"metadata": {"path": folder}}
        )
        client.execute(env=environment)
    for cell in notebook.cells:
        cell["metadata"].pop("execution", None)  # times of day
        cell["outputs"] = [one for one in cell.get("outputs", []) if one.get("name") != "stderr"]
        if cell["cell_type"] != "code":
            del cell["outputs"]
    nbformat.write(notebook, script.with_suffix(".ipynb"))
    return time.monotonic() - began


def main(names: list[str]) -> None:
    """Run all notebooks, or those whose names begin with one of some."""
    for script in sorted(FOLDER.glob("*.py")):
        if not names or script.name.startswith(tuple(names)):
            print(f"{script.stem}: {run(script):.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
