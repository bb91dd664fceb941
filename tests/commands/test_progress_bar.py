"""A progress bar says what it was given, whatever brackets the name of a folder has."""

import io

import pytest
from rich.console import Console

from captcha_core import progress
from captcha_core.progress import progress_bar


def test_brackets_in_a_name_are_shown_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(progress, "console", Console(file=shown, force_terminal=True, width=120))
    with progress_bar("reading data[/old] [red]", 2) as advance:
        advance(1)
    assert "reading data[/old] [red]" in shown.getvalue()
