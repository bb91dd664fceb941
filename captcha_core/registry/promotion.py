"""Who was champion when, and why: every promotion and rollback leaves an entry that stays.

MLflow keeps no history of its aliases. An entry is a tag of the registered model (who, when, from, to, figures in
short) and a run in the experiment ``captchalab-promotions`` whose artifact holds all of it.
"""

import json
import os
import platform
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from captcha_core.errors import RegistryError
from captcha_core.evaluation.promotion_rule import PromotionRule, Verdict
from captcha_core.registry.lookup import RegistryUnreachable, open_registry
from captcha_core.registry.versions import CHAMPION, PREVIOUS, set_champion, version_behind
from captcha_core.tracking.connect import client, experiment
from captcha_core.tracking.names import Artifact, Tag
from captcha_core.tracking.owner import is_gone, is_own, own_tags
from captcha_core.tracking.provenance import user

if TYPE_CHECKING:
    from mlflow.entities import Run

EXPERIMENT = "captchalab-promotions"
MAX_REASON = 1000  # characters; MLflow's tags hold 5,000, and the entry needs some for itself
_under_way: set[str] = set()  # models whose alias this process moves just now


class Entry(BaseModel):
    """One change of champion.

    Args:
        action: What was done.
        name: Registered model.
        at: When, ISO 8601 in UTC.
        by: Who.
        from_version: The champion before, None where there was none.
        to_version: The champion after.
        forced: Against the rule's verdict, or without one.
        reason: Why it was forced or rolled back, in the words of whoever did it.
        verdict: The rule's sentences, each with yes or no.
        data_digest: Of the data both were compared on.
        exact_match: Of the new champion and of the old one on that data.
        bundle_sha256: Of the new champion.
        run_id: The run whose artifact holds everything.
    """

    model_config = ConfigDict(frozen=True)

    action: Literal["promote", "rollback"]
    name: str
    at: str
    by: str
    from_version: str | None
    to_version: str
    forced: bool = False
    reason: str = ""
    verdict: tuple[str, ...] = ()
    data_digest: str | None = None
    exact_match: tuple[float, float] | None = None
    bundle_sha256: str = ""
    run_id: str = ""


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
        RegistryError: If the version is champion already, does not exist, or must not be.
    """
    cut = finish_cut(name)
    if cut is not None and cut.to_version == version:
        return cut
    former = version_behind(name, CHAMPION)
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
    sides = figures or {}
    entry = Entry(
        action="promote",
        name=name,
        at=_now(),
        by=by or _user(),
        from_version=former,
        to_version=version,
        forced=forced,
        reason=reason.strip()[:MAX_REASON],
        verdict=tuple(f"{'yes' if r.holds else 'no'}: {r.sentence}" for r in verdict.reasons) if verdict else (),
        data_digest=data_digest,
        exact_match=(sides["challenger"]["exact_match"], sides["champion"]["exact_match"]) if sides else None,
        bundle_sha256=open_registry().by_version(name, version).tags.get(Tag.BUNDLE_SHA256, ""),
    )
    return _carry_out(entry, {"rule": rule.model_dump() if rule else None, "figures": sides or None})


def rollback(name: str, reason: str = "", by: str | None = None) -> Entry:
    """Make the previous champion champion again, and keep the one that goes as previous.

    Raises:
        RegistryError: If there is no previous champion.
    """
    cut = finish_cut(name)
    if cut is not None and cut.action == "rollback":
        return cut
    former, previous = version_behind(name, CHAMPION), version_behind(name, PREVIOUS)
    if previous is None or previous == former:
        raise RegistryError(f"expected a previous champion of {name}, received none; promote a version instead.")
    entry = Entry(
        action="rollback",
        name=name,
        at=_now(),
        by=by or _user(),
        from_version=former,
        to_version=previous,
        reason=reason.strip()[:MAX_REASON],
        bundle_sha256=open_registry().by_version(name, previous).tags.get(Tag.BUNDLE_SHA256, ""),
    )
    return _carry_out(entry, {})


def _carry_out(entry: Entry, details: Mapping[str, Any]) -> Entry:
    """Store the details, move the alias, and then write the entry, so that no entry tells of what did not happen."""
    _under_way.add(entry.name)
    try:
        entry = entry.model_copy(update={"run_id": _store(entry, details)})
        set_champion(entry.name, entry.to_version)
        _write(entry)
    finally:
        _under_way.discard(entry.name)
    return entry


def _write(entry: Entry) -> None:
    key = Tag.PROMOTION + "".join(character for character in entry.at if character.isalnum())
    client().set_registered_model_tag(entry.name, key, entry.model_dump_json(exclude_defaults=True))


def _store(entry: Entry, details: Mapping[str, Any]) -> str:
    mine = client()
    described = {Tag.KIND: entry.action, Tag.MODEL: entry.name}
    decided = {Tag.ENTRY: entry.model_dump_json(exclude_defaults=True)}
    run = mine.create_run(
        experiment(EXPERIMENT),
        tags={**described, **decided, **own_tags()},
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
    """Bring the newest promotion or rollback of a model to its end if it was cut in the middle, by a kill or a fault.

    Where the alias was moved, the entry is written and returned. Where it was not, the change never happened: its run
    is marked as failed, and the alias of the previous champion is what the history says.
    """
    run = cut_run(name)
    if run is None:
        return None
    mine = client()
    decided = Entry.model_validate_json(run.data.tags[Tag.ENTRY])
    if run.info.status == "FINISHED" and version_behind(name, CHAMPION) == decided.to_version:
        entry = decided.model_copy(update={"run_id": run.info.run_id})
        _write(entry)
        return entry
    mine.set_tag(run.info.run_id, Tag.REASON, "it was cut before the alias was moved")
    mine.set_terminated(run.info.run_id, "FAILED")
    entries = history(name)
    before = entries[-1].from_version if entries else None
    if before is not None and version_behind(name, PREVIOUS) != before:
        mine.set_registered_model_alias(name, PREVIOUS, before)
    return None


def cut_run(name: str) -> "Run | None":
    """Return the run of a model's newest promotion or rollback if that was cut and nobody goes on with it."""
    mine = client()
    place = mine.get_experiment_by_name(EXPERIMENT)
    if place is None:
        return None
    quote = '"' if "'" in name else "'"
    wanted = f"tags.`{Tag.MODEL}` = {quote}{name}{quote}"
    newest = mine.search_runs([place.experiment_id], wanted, max_results=1, order_by=["attributes.start_time DESC"])
    run = newest[0] if newest else None
    if run is None or Tag.ENTRY not in run.data.tags or run.info.status == "FAILED":
        return None
    if not is_gone(run.data.tags) and (not is_own(run.data.tags) or name in _under_way):
        return None  # it goes on
    known = any(entry.run_id == run.info.run_id for entry in history(name))
    return None if known else run


def history(name: str) -> list[Entry]:
    """Return every promotion and rollback of a model, oldest first.

    Raises:
        RegistryError: If there is no such model.
    """
    from mlflow.exceptions import MlflowException

    try:
        tags = client().get_registered_model(name).tags
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise RegistryUnreachable(
                f"expected an answer from the MLflow registry, received {error.error_code}; see to it."
            ) from error
        raise RegistryError(
            f"expected a registered model, received {name!r}, which is none; see the registry in the dashboard or "
            "register one with captchalab train."
        ) from None
    try:
        entries = [Entry.model_validate_json(value) for key, value in tags.items() if key.startswith(Tag.PROMOTION)]
    except ValidationError:
        raise RegistryError(
            f"expected entries of a history in the tags of {name}, received another text; do not edit {Tag.PROMOTION}*."
        ) from None
    return sorted(entries, key=lambda entry: entry.at)


def moved_outside(name: str, entries: list[Entry]) -> str | None:
    """Return the champion's version where it is not the one of the last entry: somebody moved the alias by hand."""
    champion = version_behind(name, CHAMPION)
    last = entries[-1].to_version if entries else None
    return champion if champion is not None and champion != last else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _user() -> str:
    return f"{os.environ.get('MLFLOW_TRACKING_USERNAME') or user()}@{platform.node()}"
