"""Which runs used a data set, by its digest."""

from dataclasses import dataclass
from typing import Any

from captcha_core.tracking.address import is_missing, tracking_uri
from captcha_core.tracking.connect import client
from captcha_core.tracking.names import Tag

CONTEXTS = ("training", "evaluation", "audit", "generated")  # what runs use data for


@dataclass(frozen=True, slots=True)
class Use:
    """A run and what it used a data set for."""

    run_id: str
    name: str
    context: str
    registered: str = ""


def uses_of(digest: str) -> list[Use]:
    """Return the runs that used the data set with a digest, the newest first; none where there is no database yet."""
    if is_missing(tracking_uri()):
        return []
    mine = client()
    places = [place.experiment_id for place in mine.search_experiments()]
    return [use for context in CONTEXTS for use in _uses(mine, places, digest, context)]


def _uses(mine: Any, places: list[str], digest: str, context: str) -> list[Use]:
    found: list[Use] = []
    page: str | None = None
    while places:
        runs = mine.search_runs(places, f"tags.`{Tag.digest(context)}` = '{digest}'", page_token=page)
        found += [
            Use(run.info.run_id, run.info.run_name or "", context, run.data.tags.get(Tag.REGISTERED, ""))
            for run in runs
        ]
        page = runs.token
        if not page:
            break
    return found
