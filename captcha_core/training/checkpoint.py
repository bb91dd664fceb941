"""What a training needs to go on after it was killed: one folder, replaced as a whole."""

import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras

from captcha_core.errors import ModelError


@dataclass
class Progress:
    """How far a training is.

    Args:
        epoch: Finished epochs.
        elapsed_s: Seconds spent in training so far, over all its runs.
        budget_start_s: ``elapsed_s`` when the present budget began; an extension starts a new one.
        best_epoch: Epoch whose weights are kept, -1 before the first.
        best: Its metrics.
        history: Metrics of each epoch.
        finished: Whether the budget was used up.
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


class Checkpoint:
    """A folder with the last state (weights, optimiser, progress) and the best weights."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def exists(self) -> bool:
        return any((self.folder / state / "progress.json").is_file() for state in ("last", "last.old"))

    def save(self, model: keras.Model, progress: Progress) -> None:
        """Write the state beside its place and swap it in, so that a kill leaves the old one or the new one."""
        fresh, last, old = (self.folder / name for name in ("last.new", "last", "last.old"))
        self._recover()
        try:
            fresh.mkdir(parents=True)
            model.save(fresh / "model.keras")
            (fresh / "progress.json").write_text(json.dumps(asdict(progress)), encoding="utf-8")
        except OSError:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        if last.exists():
            last.replace(old)
        fresh.replace(last)
        shutil.rmtree(old, ignore_errors=True)

    def save_best(self, model: keras.Model) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / "best.new.keras"
        try:
            model.save(fresh)
            fresh.replace(self.best_path)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise

    @property
    def best_path(self) -> Path:
        return self.folder / "best.keras"

    def load_progress(self) -> Progress:
        """Return how far it is, after what a kill left half written is removed.

        Raises:
            ModelError: If there is no checkpoint or it cannot be read.
        """
        self._recover()
        try:
            return Progress(**json.loads((self.folder / "last" / "progress.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise ModelError(
                f"expected a checkpoint in {self.folder}, received {error}; resume a run that began on this machine."
            ) from None

    def load_model(self) -> keras.Model:
        """Return the model with its optimiser's state."""
        try:
            return keras.saving.load_model(self.folder / "last" / "model.keras", safe_mode=True)
        except (OSError, ValueError) as error:
            raise ModelError(f"expected a whole checkpoint in {self.folder}, received {error}; train anew.") from None

    def load_best(self) -> keras.Model:
        return keras.saving.load_model(self.best_path, compile=False, safe_mode=True)

    def _recover(self) -> None:
        """Take back the previous state if a kill came between the two renames, and remove what else it left."""
        last, old = self.folder / "last", self.folder / "last.old"
        if old.exists() and not last.exists():
            old.replace(last)
        for rest in (old, self.folder / "last.new"):
            shutil.rmtree(rest, ignore_errors=True)
        (self.folder / "best.new.keras").unlink(missing_ok=True)
