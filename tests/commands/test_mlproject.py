"""MLproject says what the command line does, no more and no less."""

import re
from pathlib import Path

import pytest
import typer
import yaml

from experiments.cli import app

PROJECT = yaml.safe_load((Path(__file__).parent.parent.parent / "MLproject").read_text(encoding="utf-8"))
ENTRY_POINTS = PROJECT["entry_points"]


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_every_parameter_is_used_and_known_to_the_command(name: str) -> None:
    entry = ENTRY_POINTS[name]
    words = entry["command"].split()
    assert words[:2] == ["sh", "experiments/entry.sh"]
    command = typer.main.get_group(app).commands[words[2]]
    options = {option for parameter in command.params for option in parameter.opts}
    flags = {word for word in words if word.startswith("--")}
    assert flags <= options
    used = re.findall(r"\{(\w+)\}", entry["command"])
    assert sorted(used) == sorted(entry["parameters"])


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_defaults_are_what_the_command_takes(name: str) -> None:
    entry = ENTRY_POINTS[name]
    values = {key: str(parameter.get("default", "x")) for key, parameter in entry["parameters"].items()}
    # MLflow quotes what it fills in; an empty value arrives as an empty word
    words = [values[word[1:-1]] if re.fullmatch(r"\{\w+\}", word) else word for word in entry["command"].split()[2:]]
    typer.main.get_group(app).commands[words[0]].make_context(words[0], words[1:])


def test_the_main_entry_point_is_the_pipeline() -> None:
    assert ENTRY_POINTS["main"]["command"].split()[2] == "pipeline"
