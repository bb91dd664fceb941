"""Who was champion when, and why: every promotion and rollback leaves an entry that stays.

MLflow keeps no history of its aliases. An entry is a tag of the registered model (who, when, from, to, figures in
short) and a run in the experiment ``captchalab-promotions`` whose artifact holds all of it.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from captcha_core.errors import RegistryError
from captcha_core.registry.lookup import refused
from captcha_core.registry.versions import CHAMPION, version_behind
from captcha_core.tracking.connect import client
from captcha_core.tracking.names import Tag


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
            raise refused(error) from error
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
