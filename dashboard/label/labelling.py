"""What happens on the Label page, without the page: which captcha is next, and what a keystroke does."""

from dataclasses import dataclass, field

import streamlit as st

from captcha_core.dataset.labelling import Guess, asking_order, labelled_by_model, queue, to_ask
from captcha_core.dataset.labels import Label, LabelLog, Tally, latest, now, tally
from captcha_core.dataset.split import SPLITS
from captcha_core.dataset.store import Dataset
from captcha_core.errors import SpecError
from captcha_core.solver import Solver
from dashboard import solvers

AT_ONCE = 1000  # captchas that are in memory and guessed together
SPARE = 8  # characters a field takes beyond the longest text, so that a slip is seen and not cut off


@dataclass
class Desk:
    """One person's place at one data set; lives in the session, while labels live in the log alone.

    Args:
        folder: The data set.
        model: Address of the model that guesses, empty for none.
        who: Name that the labels carry.
        batch: Ids that are asked for now; ``earlier`` those before, to go back to.
        trail: Ids shown so far, in order; ``place`` is the one shown now, None for the next of the queue.
        turn: Counts what was shown, so that a late keystroke never lands on the next captcha.
        fault: Why the last label was refused, and what was typed.
    """

    folder: str
    model: str
    who: str
    batch: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    trail: list[str] = field(default_factory=list)
    place: str | None = None
    turn: int = 0
    fault: str = ""
    typed: str = ""


@dataclass(frozen=True)
class Task:
    """A captcha to be read, what the field is filled with, and how the work stands.

    With ``check`` it has a label that a model gave: all others have one by hand, or came with one.
    """

    id: str
    media: bytes
    text: str
    guess: Guess | None
    model: str
    left: int
    done: Tally
    damaged: int
    check: bool


def next_task(desk: Desk, dataset: Dataset) -> tuple[Task | None, Tally, int]:
    """Return the captcha to show (None when all are labelled), the tally, and the damaged lines of the log."""
    labels, damaged = LabelLog.of(dataset.path, dataset.spec).read()
    done = tally(labels)
    unread = to_ask(*_columns(str(dataset.path), dataset.digest), labels)
    given = labelled_by_model(labels)
    if not set(desk.batch) & set(unread):
        desk.earlier, desk.batch = desk.batch, tuple(unread[:AT_ONCE])
    media = {**_media(desk.folder, dataset.digest, desk.earlier), **_media(desk.folder, dataset.digest, desk.batch)}
    name, guesses = _guesses(desk, dataset)
    waiting = queue([one for one in unread if one in media], {**given, **guesses}, labels)
    if desk.place is None:
        fresh = [one for one in waiting if one not in desk.trail]
        if not (fresh or waiting):
            return None, done, damaged
        desk.place = (fresh or waiting)[0]
        desk.trail.append(desk.place)
    guess = guesses.get(desk.place)
    known = latest(labels).get(desk.place)
    text = known.text if known is not None and known.text is not None else guess.text if guess is not None else None
    task = Task(
        desk.place,
        media[desk.place],
        desk.typed or text or "",
        guess,
        name,
        len(unread),
        done,
        damaged,
        desk.place in given,
    )
    return task, done, damaged


def act(desk: Desk, dataset: Dataset, task: Task, action: str, text: str) -> None:
    """Do what a keystroke asks for: write a label or a skip, or go back.

    A label that cannot be is refused: its reason is in ``desk.fault`` and the captcha stays.
    """
    desk.turn += 1
    desk.fault = desk.typed = ""
    if action == "back":
        before = desk.trail.index(task.id) - 1
        if before >= 0 and desk.trail[before] in {*desk.batch, *desk.earlier}:
            desk.place = desk.trail[before]
        return
    guess = task.guess or Guess(None, 0.0)
    try:
        label = Label(
            id=task.id,
            text=dataset.spec.label(text.strip()) if action == "label" else None,
            by="hand",
            who=desk.who,
            when=now(),
            model=task.model or None,
            guess=guess.text,
            confidence=guess.confidence if task.guess else None,
        )
        LabelLog.of(dataset.path, dataset.spec).add([label])
    except SpecError as error:
        desk.fault, desk.typed = str(error), text
        return
    after = desk.trail.index(task.id) + 1
    desk.place = desk.trail[after] if after < len(desk.trail) else None


def longest(dataset: Dataset) -> int:
    return dataset.spec.max_length + SPARE


@st.cache_data(max_entries=4, show_spinner=False)
def _columns(folder: str, digest: str) -> tuple[list[str], list[str | None]]:
    return asking_order(Dataset.open(folder))


@st.cache_resource(max_entries=4, show_spinner=False)
def _media(folder: str, digest: str, ids: tuple[str, ...]) -> dict[str, bytes]:
    wanted, dataset = set(ids), Dataset.open(folder)
    return {sample.id: sample.media for split in SPLITS for sample in dataset.samples(split) if sample.id in wanted}


def _guesses(desk: Desk, dataset: Dataset) -> tuple[str, dict[str, Guess]]:
    """Return the guessing model's name and version, and its guesses; both empty without a model."""
    if not desk.model:
        return "", {}
    solver = solvers.solver(desk.model)
    name = f"{solver.model.name} version {solver.model.version}" if solver.model.version else solver.model.name
    media = _media(desk.folder, dataset.digest, desk.batch)
    return name, _guessed(name, desk.folder, dataset.digest, desk.batch, solver, media)


@st.cache_data(max_entries=8, show_spinner="The model reads what is to be labelled …")
def _guessed(
    name: str, folder: str, digest: str, ids: tuple[str, ...], _solver: Solver, _media: dict[str, bytes]
) -> dict[str, Guess]:
    return {identity: Guess.of(_solver.attempt(_media[identity])) for identity in ids if identity in _media}
