"""What happens on the Audit page, without the page: which label is doubted next, and what a keystroke does."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from captcha_core.dataset.labels import Label, LabelLog, latest, now
from captcha_core.dataset.store import Dataset
from captcha_core.errors import SpecError
from captcha_core.tracking.names import Artifact, Kind
from dashboard.tracking import data
from dashboard.tracking.records import RunRecord
from dashboard.widgets.label_box import TypingSession

READER = "audit"  # model that the label log names beside a proposal
DOUBTED = ("label", "contradiction")  # findings that ask for a person's eye


@dataclass
class ReviewSession(TypingSession):
    """Where one person stands who reviews doubted labels: ``trail`` has those that were kept, corrected or skipped.

    Args:
        skipped: Those of them that were left as they are, unread.
        again: The id that was gone back to.
    """

    skipped: set[str] = field(default_factory=set)
    again: str | None = None


@dataclass(frozen=True)
class Doubt:
    """A captcha whose label is doubted: the label, what is proposed in its place, and why."""

    id: str
    text: str
    proposal: str | None
    message: str
    left: int


def newest_audits(runs: Sequence[RunRecord]) -> dict[str, RunRecord]:
    """Return the newest finished audit of each data set, by its digest."""
    found: dict[str, RunRecord] = {}
    for run in sorted(runs, key=lambda one: one.start_ms):
        if run.kind == Kind.AUDIT and run.state == "FINISHED" and run.data_digest:
            found[run.data_digest] = run
    return found


def findings_of(uri: str, run: RunRecord) -> list[dict[str, Any]]:
    """Return what an audit found, worst first.

    Raises:
        Missing: If the run logged none, or something else.
    """
    path: Path = data.artifact(uri, run.id, Artifact.AUDIT)
    try:
        found = json.loads(path.read_bytes())["findings"]
        return [one for one in found if isinstance(one, dict) and {"kind", "message", "captchas"} <= set(one)]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise data.Missing(f"expected findings in {Artifact.AUDIT}, received other data; audit again.") from None


def next_doubt(session: ReviewSession, dataset: Dataset, findings: Sequence[dict[str, Any]]) -> Doubt | None:
    """Return the doubted label to show, the worst first; None when a person has seen all of them."""
    known = latest(LabelLog.of(dataset.path, dataset.spec).read()[0])
    read = {one.id: one.text for one in known.values() if one.by == "hand" and one.text is not None}
    doubts = {
        captcha["id"]: Doubt(captcha["id"], captcha["text"] or "", one.get("proposal"), one["message"], 0)
        for one in reversed(findings)
        if one["kind"] in DOUBTED
        for captcha in reversed(one["captchas"])
    }
    ordered = list(doubts)[::-1]
    open_ids = [one for one in ordered if one not in read and one not in session.skipped]
    place = session.again if session.again in doubts else next(iter(open_ids), None)
    if place is None:
        return None
    one = doubts[place]
    return Doubt(one.id, session.typed or read.get(place) or one.text, one.proposal, one.message, len(open_ids))


def act(session: ReviewSession, dataset: Dataset, doubt: Doubt, action: str, text: str) -> None:
    """Do what a keystroke asks for: keep or correct the label, skip it, or go back.

    A label that cannot be is refused: its reason is in ``session.fault`` and the captcha stays.
    """
    session.take_turn()
    if action == "back":
        place = session.trail.index(doubt.id) if doubt.id in session.trail else len(session.trail)
        if place:
            session.again = session.trail[place - 1]
        return
    if action == "label":
        try:
            wanted = dataset.spec.label(text.strip())
            line = Label(
                id=doubt.id, text=wanted, by="hand", who=session.who, when=now(), model=READER, guess=doubt.proposal
            )
            LabelLog.of(dataset.path, dataset.spec).add([line])
        except SpecError as error:
            session.refuse(error, text)
            return
    else:
        session.skipped.add(doubt.id)
    session.again = None
    if doubt.id not in session.trail:
        session.trail.append(doubt.id)
