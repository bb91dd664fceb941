"""A wrong answer put right: it becomes a label, in the data set that holds the captcha or in one of its own."""

from collections.abc import Sequence
from pathlib import Path

from captcha_core.dataset.corrections import SOURCE, Corrections
from captcha_core.dataset.labels import Label, LabelLog, now
from captcha_core.dataset.store import Dataset
from captcha_core.errors import CaptchaError
from captcha_core.solver import Solver
from captcha_core.spec.sample import Sample
from captcha_core.tracking.provenance import user
from dashboard.solve.solving import Reading
from dashboard.tracking import gallery
from dashboard.widgets.text import count, file_name


def keep(solver: Solver, corrected: Sequence[tuple[Reading, str]], who: str | None = None) -> str:
    """Keep the right texts of captchas as labels, and return where they are, in a sentence.

    Args:
        solver: Who read them.
        corrected: What was read, and what is there.
        who: Whose word it is; by default that of the user of this process.

    Raises:
        SpecError: If a text is outside the alphabet or the lengths; those before it are kept.
        DataError: If the disk does not take it.
    """
    places = [_keep(solver, reading, text, who or user()) for reading, text in corrected]
    where = " and ".join(dict.fromkeys(place.as_posix() for place in places))
    return f"{count(len(places), 'label')} kept in {where}."


def folder_for(solver: Solver) -> Path:
    """Return where corrections go whose captchas are in no data set."""
    return gallery.DATA / f"corrections-{file_name(solver.model.name, 'model')}"


def _keep(solver: Solver, reading: Reading, text: str, who: str) -> Path:
    answer, model = reading.answer, solver.model
    label = Label(
        id=Sample(reading.item.media, None).id,
        text=solver.spec.label(text.strip()),
        by="hand",
        who=who,
        when=now(),
        model=f"{model.name} version {model.version}" if model.version else model.name,
        guess=answer.text if answer else None,
        confidence=answer.confidence if answer else None,
    )
    home = _home(solver, label.id)
    if home is not None:
        LabelLog.of(home.path, home.spec).add([label])
        return home.path
    return Corrections(folder_for(solver), solver.spec).keep(reading.item.media, reading.item.name, label).path


def _home(solver: Solver, identity: str) -> Dataset | None:
    """Return the data set below ``data/`` that holds a captcha, None where none does."""
    for folder in gallery.folders():
        try:
            dataset = Dataset.open(folder)
            if dataset.manifest.source == SOURCE or dataset.spec.difference(solver.spec):
                continue
            if any(identity in gallery.ids(folder, split) for split in gallery.SPLITS):
                return dataset
        except (CaptchaError, OSError):
            continue
    return None
