"""The note and the tags that people give a run: part of its page."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from captcha_core.errors import CaptchaError
from captcha_core.tracking.connect import client
from dashboard import access
from dashboard.tracking import data
from dashboard.tracking.records import NOTE, OURS, RunRecord
from dashboard.widgets.text import count


def show(run: RunRecord) -> None:
    """Show the form with a run's note and tags."""
    with st.form(f"note-{run.id}", border=False):
        note = st.text_area("Note", run.note, max_chars=5000, placeholder="What was tried, what came of it")
        tags = st.data_editor(
            pd.DataFrame(sorted(run.own_tags.items()), columns=["tag", "value"], dtype="str"),
            num_rows="dynamic",
            hide_index=True,
            key=f"tags-{run.id}",
            column_config={"tag": "Tag", "value": "Value"},
        )
        if st.form_submit_button("Save", icon=":material/save:", **access.for_changes()):
            wanted = tags_of(zip(tags["tag"], tags["value"], strict=True))
            changed = save_edits(run, note, wanted)
            st.toast(f"Saved {count(changed, 'change')}.", icon=":material/check:")
            if changed:
                st.rerun()


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
            raise CaptchaError(f"{key!r} is no tag of your own: names that begin so are the programs'.")
        if key in tags:
            raise CaptchaError(f"The tag {key!r} stands there twice; remove one of them.")
        tags[key[:250]] = str("" if pd.isna(value) else value)[:5000]
    return tags


def save_edits(run: RunRecord, note: str, tags: Mapping[str, str]) -> int:
    """Write what differs from the run, and return how many things did.

    Raises:
        CaptchaError: If the run is gone or MLflow does not answer.
    """
    changes = {key: value for key, value in tags.items() if run.own_tags.get(key) != value}
    if note != run.note:
        changes[NOTE] = note
    gone = [key for key in run.own_tags if key not in tags]
    try:
        api = client()
        for key, value in changes.items():
            api.set_tag(run.id, key, value)
        for key in gone:
            api.delete_tag(run.id, key)
    except CaptchaError:
        raise
    except Exception as error:
        raise data.MlflowUnavailable(f"expected to change the run {run.id[:8]}, received: {str(error)[:300]}") from None
    finally:
        data.forget()
    return len(changes) + len(gone)
