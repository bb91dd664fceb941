"""A progress bar shows a name whatever brackets it has, and a log keeps its lines whole."""

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


def test_a_line_of_a_log_is_not_cut_into_pieces(capsys: pytest.CaptureFixture[str]) -> None:
    sentence = "reading " * 40 + "the end"
    progress.console.print(sentence)
    assert capsys.readouterr().err == sentence + "\n"
