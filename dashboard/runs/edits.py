"""What people change on a run from the pages: its note and their own tags."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from captcha_core.errors import CaptchaError
from captcha_core.tracking.connect import client
from dashboard.tracking import data
from dashboard.tracking.records import NOTE, OURS, RunRecord


def tags_of(rows: Iterable[tuple[Any, Any]]) -> dict[str, str]:
    """Return the tags that an edited table holds.

    Raises:
        CaptchaError: If a name is one that programs write, or stands there twice.
    """
    tags: dict[str, str] = {}
    for name, value in rows:
        key = "" if pd.isna(name) else str(name).strip()
        if not key:
            continue
        if key.startswith(OURS):
            raise CaptchaError(f"expected a tag of your own, received {key!r}; names that begin so are the programs'.")
        if key in tags:
            raise CaptchaError(f"expected each tag once, received {key!r} twice; remove one of them.")
        tags[key[:250]] = str("" if pd.isna(value) else value)[:5000]
    return tags


def keep(run: RunRecord, note: str, tags: Mapping[str, str]) -> int:
    """Write what differs from the run, and return how many things did.

    Raises:
        CaptchaError: If the run is gone or MLflow does not answer.
    """
    changes = {key: value for key, value in tags.items() if run.own_tags.get(key) != value}
    if note != run.note:
        changes[NOTE] = note
    gone = [key for key in run.own_tags if key not in tags]
    try:
        mine = client()
        for key, value in changes.items():
            mine.set_tag(run.id, key, value)
        for key in gone:
            mine.delete_tag(run.id, key)
    except CaptchaError:
        raise
    except Exception as error:
        raise data.DataAway(f"expected to change the run {run.id[:8]}, received: {str(error)[:300]}") from None
    finally:
        data.forget()
    return len(changes) + len(gone)
