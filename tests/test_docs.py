"""Every command that the documents name can be typed as it stands: its options, targets, presets and files exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import yaml

from captcha_core.presets.preset import preset_names
from experiments.cli import app
from experiments.commands.benchmark import SUITES

ROOT = Path(__file__).parent.parent
PAGES = sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "experiments/benchmarks/RESULTS.md", *PAGES)


def lines(document: str) -> Iterator[str]:
    """Yield the lines of indented blocks, joined where a backslash or a quotation goes on, and the code in the text."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = "\n".join(line[4:] for line in text.splitlines() if line.startswith("    "))
    yield from re.sub(r"\\\n\s*", "", blocks).splitlines()
    for quoted in re.findall(r"`([^`]+)`", re.sub(r"^    .*$", "", text, flags=re.M)):
        yield " ".join(quoted.split())


def commands(program: str) -> list[str]:
    """Return what the documents say behind a program's name."""
    pattern = re.compile(rf"(?:^|[ /]){program} (.+)$")
    found = (pattern.search(line) for document in DOCUMENTS for line in lines(document))
    typed = {re.split(r"(?:^|\s+)#\s", match[1])[0].partition(" | ")[0].strip() for match in found if match}
    return sorted(typed - {""})


@pytest.mark.parametrize("typed", commands("captchalab"))
def test_captchalab(typed: str) -> None:
    name, *words = shlex.split(typed)
    if name == "--plugin":  # before the command's name
        _, name, *words = words
    if name in ("--help", "--version", "--install-completion"):
        return
    command = typer.main.get_group(app).commands[name]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--") and word != "--help"} <= options
    if not words or "..." in typed or "--help" in words:
        return  # only named
    if name == "benchmark":
        assert words[0] in SUITES
    command.make_context(name, [*words])  # it takes the words out of the list
    if "--preset" in words:
        assert words[words.index("--preset") + 1] in (*preset_names(), "shop.yaml")  # that one `imitate` writes


@pytest.mark.parametrize("typed", commands("make"))
def test_make(typed: str) -> None:
    target, *variables = typed.split()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{re.escape(target)}:", makefile, re.M)
    assert all(re.search(rf"^{variable.partition('=')[0]} \?=", makefile, re.M) for variable in variables)


@pytest.mark.parametrize("typed", commands("python -m pytest"))
def test_pytest(typed: str) -> None:
    words = [word for word in shlex.split(typed) if "/" in word]
    assert [word for word in words if not (ROOT / word.partition("::")[0]).exists()] == []


@pytest.mark.parametrize("typed", commands("mlflow run"))
def test_mlflow_run(typed: str) -> None:
    words = shlex.split(typed.replace("...", ""))
    entry_points = yaml.safe_load((ROOT / "MLproject").read_text(encoding="utf-8"))["entry_points"]
    entry = words[words.index("-e") + 1] if "-e" in words else "main"
    given = [words[place + 1].partition("=")[0] for place, word in enumerate(words) if word == "-P"]
    assert set(given) <= set(entry_points[entry]["parameters"])


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if (ROOT / name).exists()])
def test_links_and_paths(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    paths = re.findall(r"`((?:captcha_core|experiments|dashboard|tests)/[\w./]+)`", text)
    missing = [place for place in links if not (ROOT / document).parent.joinpath(place).exists()]
    assert not missing + [place for place in paths if not (ROOT / place).exists()]
