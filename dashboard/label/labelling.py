"""What happens on the Label page, without the page: which captcha is next, and what a keystroke does."""

import secrets
from dataclasses import dataclass

import streamlit as st

from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.labelling import Guess, asking_order, held_out_ids, labelled_by_model, queue, to_ask
from captcha_core.dataset.labels import Label, LabelLog, Tally, latest, now, tally
from captcha_core.dataset.split import SPLITS
from captcha_core.dataset.store import Dataset
from captcha_core.errors import CaptchaError, SpecError
from captcha_core.registry.versions import BUILTIN
from captcha_core.solver import Solver
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from dashboard import solvers
from dashboard.tracking import data, gallery
from dashboard.widgets.label_box import TypingSession

AT_ONCE = 1000  # captchas that are in memory and guessed together


@dataclass
class LabelSession(TypingSession):
    """What one person labels now.

    Args:
        model: Address of the model that guesses, empty for none.
        batch: Ids that are asked for now; ``earlier`` those before, to go back to.
        place: The id of the trail that is shown now, None for the next of the queue.
    """

    model: str = ""
    batch: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    place: str | None = None


@dataclass(frozen=True)
class LabelTask:
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


def next_task(session: LabelSession, dataset: Dataset) -> tuple[LabelTask | None, Tally, int]:
    """Return the captcha to show (None when all are labelled), the tally, and the damaged lines of the log."""
    labels, damaged = LabelLog.of(dataset.path, dataset.spec).read()
    done = tally(labels)
    unread = to_ask(*_columns(str(dataset.path), dataset.digest), labels)
    given = labelled_by_model(labels)
    if not set(session.batch) & set(unread):
        session.earlier, session.batch = session.batch, tuple(unread[:AT_ONCE])
    media = {
        **_media(session.folder, dataset.digest, session.earlier),
        **_media(session.folder, dataset.digest, session.batch),
    }
    name, guesses = _guesses(session, dataset)
    held_out = _held_out(str(dataset.path), dataset.digest)
    waiting = queue([one for one in unread if one in media], {**given, **guesses}, labels, held_out)
    if session.place is None:
        fresh = [one for one in waiting if one not in session.trail]
        if not (fresh or waiting):
            return None, done, damaged
        session.place = (fresh or waiting)[0]
        session.trail.append(session.place)
    guess = guesses.get(session.place)
    known = latest(labels).get(session.place)
    text = known.text if known is not None and known.text is not None else guess.text if guess is not None else None
    task = LabelTask(
        session.place,
        media[session.place],
        session.typed or text or "",
        guess,
        name,
        len(unread),
        done,
        damaged,
        session.place in given,
    )
    return task, done, damaged


def act(session: LabelSession, dataset: Dataset, task: LabelTask, action: str, text: str) -> None:
    """Do what a keystroke asks for: write a label or a skip, or go back.

    A label that cannot be is refused: its reason is in ``session.fault`` and the captcha stays.
    """
    session.take_turn()
    if action == "back":
        before = session.trail.index(task.id) - 1
        if before >= 0 and session.trail[before] in {*session.batch, *session.earlier}:
            session.place = session.trail[before]
        return
    guess = task.guess or Guess(None, 0.0)
    try:
        label = Label(
            id=task.id,
            text=dataset.spec.label(text.strip()) if action == "label" else None,
            by="hand",
            who=session.who,
            when=now(),
            model=task.model or None,
            guess=guess.text,
            confidence=guess.confidence if task.guess else None,
        )
        LabelLog.of(dataset.path, dataset.spec).add([label])
    except SpecError as error:
        session.refuse(error, text)
        return
    after = session.trail.index(task.id) + 1
    session.place = session.trail[after] if after < len(session.trail) else None


def draw_pool(number: int) -> Dataset:
    """Draw captchas that nobody has read into ``data/NAME-to-read``, to try labelling on."""
    from captcha_core.sources.generate import draw_samples  # with Numba: only who draws pays for it
    from captcha_core.sources.schemes import SCHEMES

    name = "digits4"
    drawn = draw_samples(SCHEMES[name], secrets.randbelow(2**31), range(number))
    bare = [Sample(one.media, None, f"{index + 1:03d}.png") for index, one in enumerate(drawn)]
    gallery.DATA.mkdir(exist_ok=True)
    return write_samples(gallery.DATA / f"{name}-to-read", SCHEMES[name].spec, bare, "drawn", "1/0/0")


@st.cache_data(max_entries=4, show_spinner=False)
def _columns(folder: str, digest: str) -> tuple[list[str], list[str | None]]:
    return asking_order(Dataset.open(folder))


@st.cache_resource(max_entries=4, show_spinner=False)
def _held_out(folder: str, digest: str) -> frozenset[str]:
    return held_out_ids(Dataset.open(folder))


@st.cache_resource(max_entries=4, show_spinner=False)
def _media(folder: str, digest: str, ids: tuple[str, ...]) -> dict[str, bytes]:
    wanted, dataset = set(ids), Dataset.open(folder)
    return {sample.id: sample.media for split in SPLITS for sample in dataset.samples(split) if sample.id in wanted}


def _guesses(session: LabelSession, dataset: Dataset) -> tuple[str, dict[str, Guess]]:
    """Return the guessing model's name and version, and its guesses; both empty without a model."""
    if not session.model:
        return "", {}
    solver = solvers.solver(session.model)
    name = f"{solver.model.name} version {solver.model.version}" if solver.model.version else solver.model.name
    media = _media(session.folder, dataset.digest, session.batch)
    return name, _guessed(name, session.folder, dataset.digest, session.batch, solver, media, dataset.spec)


@st.cache_data(max_entries=8, show_spinner="The model reads what is to be labelled …")
def _guessed(
    name: str,
    folder: str,
    digest: str,
    ids: tuple[str, ...],
    _solver: Solver,
    _media: dict[str, bytes],
    _spec: CaptchaSpec,
) -> dict[str, Guess]:
    return {identity: guess_of(_solver, _media[identity], _spec) for identity in ids if identity in _media}


def guess_of(solver: Solver, media: bytes, spec: CaptchaSpec) -> Guess:
    """Return what a model reads, within a specification and in the case that its alphabet has."""
    answer = solver.told(spec).attempt(media)
    if answer is None or not set(answer.text) <= set(spec.alphabet):
        return Guess(None, 0.0)
    return Guess(answer.text, answer.confidence)


def readers(dataset: Dataset) -> list[str]:
    """Return the champions that read captchas of this kind, then the challengers, then the builtin reader."""
    found = []
    for alias in ("champion", "challenger"):
        for model in data.models(data.tracking()):
            uri = f"models:/{model.name}@{alias}"
            if model.behind(alias) and _fits(uri, dataset):
                found.append(uri)
    return [*found, BUILTIN] if builtin_helps(dataset) else found


def _fits(uri: str, dataset: Dataset) -> bool:
    try:
        return not dataset.spec.difference(solvers.solver(uri).spec)
    except CaptchaError:
        return False


def builtin_helps(dataset: Dataset) -> bool:
    """Return whether the builtin reader knows the characters of a data set of images."""
    spec, reader = dataset.spec, solvers.solver(BUILTIN).spec
    return spec.media == "image" and spec.min_length <= reader.max_length and spec.share_known(reader) > 0.5
