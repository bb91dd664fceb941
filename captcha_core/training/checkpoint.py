"""What a training needs to go on after it was killed: one folder, replaced as a whole.

The numbers alone are kept; whoever resumes builds the network anew. Keras's own files, which hold the network as well,
take five times as long to write, and that after every epoch.
"""

import contextlib
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.npyio import NpzFile

from captcha_core.errors import ModelError
from captcha_core.files import new_file, replace_folder, write_json
from captcha_core.sources.archive import DAMAGED

if TYPE_CHECKING:
    import keras

STATE, FRESH_BEST, START = "state.npz", "best.new.npz", "start.npz"


@dataclass
class Progress:
    """How far a training is.

    Args:
        elapsed_s: Seconds spent in training so far, over all its runs.
        budget_start_s: ``elapsed_s`` when the present budget began; an extension starts a new one.
        best_epoch: Epoch whose weights are kept, -1 before the first.
        recipe: What was trained (spec, network, options, recipe); a resume must agree.
    """

    epoch: int = 0
    elapsed_s: float = 0.0
    budget_start_s: float = 0.0
    budget_start_epoch: int = 0
    best_epoch: int = -1
    best: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    finished: bool = False
    recipe: dict[str, Any] = field(default_factory=dict)


class DamagedCheckpoint(ModelError):
    """What a training left cannot be read; begun anew it can go on."""


class Checkpoint:
    """A folder with the last state (weights, optimiser, progress) and the best weights."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write_s = 0.0  # that all writing has taken

    @property
    def exists(self) -> bool:
        """Whether there is a state to go on from."""
        return any((self.folder / state / "progress.json").is_file() for state in ("last", "last.old"))

    def save(self, model: "keras.Model", progress: Progress) -> None:
        """Write the state beside its place and swap it in, so that a kill leaves the old one or the new one."""
        began = time.perf_counter()
        fresh, last, old = (self.folder / name for name in ("last.new", "last", "last.old"))
        self._recover()
        try:
            fresh.mkdir(parents=True)
            _write(fresh / STATE, [*model.variables, *_optimizer_variables(model)])
            write_json(fresh / "progress.json", asdict(progress))
        except OSError:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        replace_folder(fresh, last, old)
        for other in set(self.folder.glob("best-*.npz")) - {self._best(progress.best_epoch)}:
            other.unlink()
        self.write_s += time.perf_counter() - began

    def save_best(self, model: "keras.Model", epoch: int) -> None:
        """Keep a model's weights as the best so far; those of an earlier epoch stay until the state names this one."""
        began = time.perf_counter()
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self._best(epoch), model.variables, self.folder / FRESH_BEST)
        self.write_s += time.perf_counter() - began

    def save_start(self, model: "keras.Model") -> None:
        """Keep the weights that a training begins with, where it does not begin with random ones."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self.folder / START, model.variables)

    @property
    def has_start(self) -> bool:
        """Whether the weights that the training began with are kept."""
        return (self.folder / START).is_file()

    def load_progress(self) -> Progress:
        """Return how far it is. Nothing is changed: another process may be training into it.

        Raises:
            DamagedCheckpoint: If there is no checkpoint or it cannot be read.
        """
        try:
            with contextlib.suppress(FileNotFoundError):
                return self._progress("last")
            with contextlib.suppress(FileNotFoundError):  # a kill, or a save just now, is between its two renames
                return self._progress("last.old")
            return self._progress("last")
        except (OSError, ValueError, TypeError) as error:
            raise DamagedCheckpoint(
                f"expected a checkpoint in {self.folder}, received {error}; resume a run that began on this machine."
            ) from None

    def _progress(self, state: str) -> Progress:
        return Progress(**json.loads((self.folder / state / "progress.json").read_text(encoding="utf-8")))

    def restore(self, model: "keras.Model") -> None:
        """Give a compiled model, built as the saved one was, the weights and the optimiser's state of the last epoch.

        Raises:
            DamagedCheckpoint: If they cannot be read.
            ModelError: If they are another model's.
        """
        self._recover()
        if model.optimizer is not None:
            model.optimizer.build(model.trainable_variables)
        _read(self.folder / "last" / STATE, [*model.variables, *_optimizer_variables(model)])

    def restore_best(self, model: "keras.Model", epoch: int) -> None:
        """Give a model, built as the saved one was, the best weights, which are those of this epoch.

        Raises:
            DamagedCheckpoint: If they cannot be read.
            ModelError: If they are another model's.
        """
        _read(self._best(epoch), model.variables)

    def restore_start(self, model: "keras.Model") -> None:
        """Give a model, built as the saved one was, the weights that the training began with.

        Raises:
            DamagedCheckpoint: If they cannot be read.
            ModelError: If they are another model's.
        """
        _read(self.folder / START, model.variables)

    def _best(self, epoch: int) -> Path:
        return self.folder / f"best-{epoch}.npz"

    def _recover(self) -> None:
        """Take back the previous state if a kill came between the two renames, and remove what else it left."""
        last, old = self.folder / "last", self.folder / "last.old"
        if old.exists() and not last.exists():
            old.replace(last)
        for rest in (old, self.folder / "last.new"):
            shutil.rmtree(rest, ignore_errors=True)
        (self.folder / FRESH_BEST).unlink(missing_ok=True)


def _optimizer_variables(model: "keras.Model") -> Sequence["keras.Variable"]:
    return [] if model.optimizer is None else model.optimizer.variables


def _write(path: Path, variables: Sequence["keras.Variable"], draft: Path | None = None) -> None:
    import keras

    with new_file(path, draft) as file:
        np.savez(file, *(keras.ops.convert_to_numpy(variable) for variable in variables))


def _read(path: Path, variables: Sequence["keras.Variable"]) -> None:
    try:
        with path.open("rb") as file, NpzFile(file, allow_pickle=False) as numbers:
            arrays = [numbers[name] for name in numbers.files]
    except DAMAGED as error:
        raise DamagedCheckpoint(
            f"expected a whole checkpoint in {path.parent}, received {error}; train anew."
        ) from None
    if [tuple(variable.shape) for variable in variables] != [array.shape for array in arrays]:
        raise ModelError(
            f"expected the {len(variables)} variables of the network in {path}, received {len(arrays)} or of other "
            "shapes; resume with the settings that it was begun with."
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
