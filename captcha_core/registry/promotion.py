"""Change the champion, one at a time, and leave an entry in its history.

MLflow cannot move an alias on the condition that it has not been moved meanwhile, so the runs of the entries are the
lock, over several machines too: whoever wants to change the champion stores its run first, and looks then. Of two that
do so at once at least one sees the other. The later one withdraws; the earlier one waits until it has, or is done, and
goes on only if the champion is still the one that it was decided on.
"""

import json
import os
import platform
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from captcha_core.errors import RegistryError
from captcha_core.evaluation.promotion_rule import PromotionRule, Verdict
from captcha_core.registry.history import Entry, history
from captcha_core.registry.lookup import open_registry
from captcha_core.registry.versions import CHAMPION, PREVIOUS, set_champion, version_behind
from captcha_core.tracking.connect import client, experiment, quoted
from captcha_core.tracking.names import Artifact, Tag
from captcha_core.tracking.provenance import is_gone, is_own, origin, own_tags, user

if TYPE_CHECKING:
    from mlflow.entities import Run

EXPERIMENT = "captchalab-promotions"
MAX_REASON = 1000  # characters; MLflow's tags hold 5,000, and the entry needs some for itself
LEASE_S = 30.0  # that a promotion whose process cannot be seen may take; half of it before the move
POLL_S = 0.1
RECENT = 100  # runs that are looked through for unfinished ones
_alone = threading.Lock()  # one change at a time in this process
_under_way: set[str] = set()  # models whose alias this process moves just now


def promote(
    name: str,
    version: str,
    rule: PromotionRule | None = None,
    verdict: Verdict | None = None,
    figures: Mapping[str, Any] | None = None,
    data_digest: str | None = None,
    forced: bool = False,
    reason: str = "",
    by: str | None = None,
    against: str | None = None,
) -> Entry:
    """Make a version champion and write that into the history.

    Args:
        name: Registered model.
        version: The new champion.
        rule: What it was judged by.
        verdict: How.
        figures: Of the comparison, as :meth:`captcha_core.evaluation.side_by_side.Comparison.figures` gives them.
        data_digest: Of the data of the comparison.
        forced: Promote although the verdict is no or there is none; needs a reason.
        reason: Why it is forced.
        by: Who does it; by default the user of this process.
        against: The champion that the verdict is about; it takes time, and another may be champion by now.

    Returns:
        The entry; where a kill has cut the same promotion after the alias was moved, the entry of that.

    Raises:
        RegistryError: If the version is champion already, does not exist, or must not be, or somebody else has changed
            the champion meanwhile.
    """
    sides = figures or {}

    def decide(former: str | None) -> Entry:
        _check(name, version, former, verdict, forced, reason, against)
        return _entry(
            "promote",
            name,
            former,
            version,
            reason,
            by,
            forced=forced,
            verdict=tuple(f"{'yes' if r.holds else 'no'}: {r.sentence}" for r in verdict.reasons) if verdict else (),
            data_digest=data_digest,
            exact_match=(sides["challenger"]["exact_match"], sides["champion"]["exact_match"]) if sides else None,
        )

    details = {"rule": rule.model_dump() if rule else None, "figures": sides or None}
    return _change(name, lambda cut: cut.to_version == version, decide, details)


def _check(
    name: str,
    version: str,
    former: str | None,
    verdict: Verdict | None,
    forced: bool,
    reason: str,
    against: str | None,
) -> None:
    """Refuse a promotion that must not be."""
    if former == version:
        raise RegistryError(f"expected a version that is not champion yet, received {version}; nothing is to be done.")
    if forced and not reason.strip():
        raise RegistryError("expected a reason for a forced promotion, received none; give --reason TEXT.")
    if former is not None and not forced and (verdict is None or not verdict.promote):
        raise RegistryError(
            f"expected a verdict in favour of version {version} of {name}, received "
            f"{'none' if verdict is None else 'one against it'}; compare them on a data set, or force it with a reason."
        )
    if former is not None and not forced and against not in (None, former):
        raise RegistryError(
            f"expected version {against} as champion, with which version {version} of {name} was compared, received "
            f"version {former}, promoted meanwhile; compare again."
        )


def rollback(name: str, reason: str = "", by: str | None = None) -> Entry:
    """Make the previous champion champion again, and keep the one that goes as previous.

    Raises:
        RegistryError: If there is no previous champion, or somebody else has changed the champion meanwhile.
    """

    def decide(former: str | None) -> Entry:
        previous = version_behind(name, PREVIOUS)
        if previous is None or previous == former:
            raise RegistryError(f"expected a previous champion of {name}, received none; promote a version instead.")
        return _entry("rollback", name, former, previous, reason, by)

    return _change(name, lambda cut: cut.action == "rollback", decide, {})


def _change(
    name: str,
    is_same: Callable[[Entry], bool],
    decide: Callable[[str | None], Entry],
    details: Mapping[str, Any],
) -> Entry:
    """Finish what was cut, which may be the same change, and carry out what is decided about the champion."""
    before = version_behind(name, CHAMPION)
    with _alone:
        cut = finish_cut(name)
        if cut is not None and is_same(cut):
            return cut
        return _carry_out(decide(_unchanged(name, before if cut is None else cut.to_version)), details)


def _entry(
    action: Literal["promote", "rollback"],
    name: str,
    former: str | None,
    version: str,
    reason: str,
    by: str | None,
    **judged: Any,
) -> Entry:
    return Entry(
        action=action,
        name=name,
        at=_now(),
        by=by or _user(),
        from_version=former,
        to_version=version,
        reason=reason.strip()[:MAX_REASON],
        bundle_sha256=open_registry().by_version(name, version).tags.get(Tag.BUNDLE_SHA256, ""),
        **judged,
    )


def overtaken(name: str, version: str | None) -> RegistryError:
    """Return the error for whoever wants to change a champion that somebody else has changed meanwhile."""
    return RegistryError(f"Somebody else has just promoted version {version} of {name}; look again.")


def _unchanged(name: str, before: str | None) -> str | None:
    """Return the champion if it still is the one that there was before."""
    now = version_behind(name, CHAMPION)
    if now != before:
        raise overtaken(name, now)
    return now


def _carry_out(entry: Entry, details: Mapping[str, Any]) -> Entry:
    """Store the details, move the alias, and then write the entry, so that no entry tells of what did not happen."""
    _under_way.add(entry.name)
    try:
        _wait_for_others(entry.name)
        began_s = time.monotonic()
        entry = entry.model_copy(update={"run_id": _store(entry, details)})
        try:
            _take_turn(entry, began_s)
            open_registry().by_version(entry.name, entry.to_version)  # it may have been deleted meanwhile
        except RegistryError as error:
            _fail(entry.run_id, str(error))
            raise
        set_champion(entry.name, entry.to_version)
        _write(entry)
    finally:
        _under_way.discard(entry.name)
    return entry


def _take_turn(entry: Entry, began_s: float) -> None:
    """Return when nobody else is about to change the champion, which is then the one that the entry was decided on.

    Raises:
        RegistryError: If somebody else comes first. The entry's run is then not in the way any more.
    """
    mine = _order(client().get_run(entry.run_id))
    while others := [run for run in open_runs(entry.name) if run.info.run_id != entry.run_id]:
        if min(map(_order, others)) < mine or time.monotonic() - began_s > LEASE_S / 2:
            _fail(entry.run_id, "somebody else was changing the champion")
            _wait_for_others(entry.name)
            _unchanged(entry.name, entry.from_version)
            raise RegistryError(
                f"expected to be alone in changing the champion of {entry.name}, received another change, which came "
                "to nothing; look at its history and try again."
            )
        time.sleep(POLL_S)
    _unchanged(entry.name, entry.from_version)
    if time.monotonic() - began_s > LEASE_S / 2:
        raise RegistryError(
            f"expected MLflow to store a promotion in {LEASE_S / 2:g} seconds, received its answer later; try again."
        )


def _wait_for_others(name: str) -> None:
    """Wait until nobody else is changing the champion; what takes longer than it may is brought to its end."""
    until_s = time.monotonic() + LEASE_S
    while others := open_runs(name):
        if time.monotonic() > until_s:
            for run in others:
                _settle(name, run)
            return
        time.sleep(POLL_S)


def _order(run: "Run") -> tuple[int, str]:
    return run.info.start_time, run.info.run_id


def _fail(run_id: str, reason: str) -> None:
    client().set_tag(run_id, Tag.REASON, reason)
    client().set_terminated(run_id, "FAILED")


def _write(entry: Entry) -> None:
    key = Tag.PROMOTION + "".join(character for character in entry.at if character.isalnum())
    client().set_registered_model_tag(entry.name, key, entry.model_dump_json(exclude_defaults=True))


def _store(entry: Entry, details: Mapping[str, Any]) -> str:
    mine = client()
    described = {Tag.KIND: entry.action, Tag.MODEL: entry.name}
    decided = {Tag.ENTRY: entry.model_dump_json(exclude_defaults=True)}
    run = mine.create_run(
        experiment(EXPERIMENT),
        tags={**origin(), **described, **decided, **own_tags()},
        run_name=f"{entry.action} {entry.name} {entry.to_version}",
    )
    run_id = str(run.info.run_id)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Artifact.PROMOTION
        path.write_text(json.dumps({**entry.model_dump(), **details, "run_id": run_id}, indent=1), encoding="utf-8")
        mine.log_artifact(run_id, str(path))
    mine.set_terminated(run_id)
    return run_id


def finish_cut(name: str) -> Entry | None:
    """Bring what was cut of a model's promotions and rollbacks to its end, by a kill or a fault.

    Where the alias was moved, the entry is written and returned. Where it was not, the change never happened: its run
    is marked as failed, and the alias of the previous champion is what the history says.
    """
    run = cut_run(name)
    return None if run is None else _settle(name, run)


def _settle(name: str, run: "Run") -> Entry | None:
    decided = Entry.model_validate_json(run.data.tags[Tag.ENTRY])
    entries = history(name)
    is_newest = not entries or decided.at > entries[-1].at
    if is_newest and run.info.status == "FINISHED" and version_behind(name, CHAMPION) == decided.to_version:
        entry = decided.model_copy(update={"run_id": run.info.run_id})
        _write(entry)
        return entry
    _fail(run.info.run_id, "it was cut before the alias was moved")
    before = entries[-1].from_version if entries else None
    if is_newest and before is not None and version_behind(name, PREVIOUS) != before:
        client().set_registered_model_alias(name, PREVIOUS, before)
    return None


def cut_run(name: str) -> "Run | None":
    """Return the run of a model's newest promotion or rollback that was cut and that nobody goes on with."""
    return next((run for run in open_runs(name) if _is_abandoned(name, run)), None)


def _is_abandoned(name: str, run: "Run") -> bool:
    return is_gone(run.data.tags) or (is_own(run.data.tags) and name not in _under_way)


def open_runs(name: str) -> "list[Run]":
    """Return the runs of a model's changes that have neither come into the history nor failed, newest first."""
    place = client().get_experiment_by_name(EXPERIMENT)
    if place is None:
        return []
    wanted = f"tags.`{Tag.MODEL}` = {quoted(name)} and attributes.status != 'FAILED'"
    newest = ["attributes.start_time DESC"]
    runs = client().search_runs([place.experiment_id], wanted, max_results=RECENT, order_by=newest)
    decided = [run for run in runs if Tag.ENTRY in run.data.tags]
    known = {entry.run_id for entry in history(name)} if decided else set()  # read after the runs
    return [run for run in decided if run.info.run_id not in known]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _user() -> str:
    return f"{os.environ.get('MLFLOW_TRACKING_USERNAME') or user()}@{platform.node()}"
