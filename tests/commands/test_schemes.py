"""A scheme's file where commands take the name of a scheme: print, edit, look, draw."""

import json
from pathlib import Path

import pytest

from captcha_core.dataset.store import Dataset
from tests.commands.walk import run


def test_a_scheme_is_printed_edited_looked_at_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    assert run("schemes", "digits4") == 0
    printed = capsys.readouterr().out
    assert "  dots: 30" in printed and "# Number of dots" in printed
    Path("shop.yaml").write_text(printed.replace("dots: 30", "dots: 0").replace("my-digits4", "shop"))

    assert run("preview", "shop.yaml", "--count", "6", "--format", "json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["scheme"] == "shop" and facts["knobs"]["dots"] == 0 and Path(facts["sheet"]).is_file()
    assert Path(facts["sheet"]).name == "shop.png"

    assert run("generate", "--scheme", "shop.yaml", "--count", "20", "--out", "data/shop", "--workers", "1") == 0
    dataset = Dataset.open("data/shop")
    assert dataset.scheme == "shop" and dataset.manifest.knobs["dots"] == 0 and sum(dataset.counts.values()) == 20


def test_the_schemes_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("schemes") == 0
    assert "digits4" in capsys.readouterr().out
    assert run("schemes", "nosuch") == 1
    assert "or the YAML file of one" in capsys.readouterr().err
