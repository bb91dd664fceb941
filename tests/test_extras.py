"""The extras: what pyproject.toml declares is what the code asks for, and a missing one is a sentence."""

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from captcha_core import extras
from captcha_core.extras import EXTRAS, MissingExtra, missing, missing_extra, require
from experiments.cli import COMMANDS, NEEDS, main
from experiments.commands import preview

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
KEPT = {"bench", "cluster", "dev", "google", "polly", "postgres"}  # names of 0.1.0
OF_MODULES = {"material": "mkdocs-material", "google.cloud.texttospeech": "google-cloud-texttospeech"}


def plain(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=; ]", requirement)[0]).lower()


def brought(extra: str) -> set[str]:
    """Return the packages of an extra and of those that it takes in."""
    found: set[str] = set()
    for requirement in PROJECT["optional-dependencies"][extra]:
        if inner := re.fullmatch(r"captchalab\[(.+)\]", requirement):
            found |= {name for one in inner[1].split(",") for name in brought(one)}
        else:
            found.add(plain(requirement))
    return found


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_brings_the_modules_that_are_asked_for(extra: str) -> None:
    of_modules = packages_distributions()
    for module in EXTRAS[extra]:
        packages = {OF_MODULES[module]} if module in OF_MODULES else {*of_modules.get(module, [module])}
        assert {plain(one) for one in packages} & brought(extra), f"{module} is not in the extra {extra}"


def test_the_core_brings_nothing_of_an_extra() -> None:
    core = {plain(one) for one in PROJECT["dependencies"]}
    assert not core & {name for extra in PROJECT["optional-dependencies"] for name in brought(extra)}


def test_names_of_earlier_versions_stay() -> None:
    assert set(PROJECT["optional-dependencies"]) >= KEPT
    assert set(NEEDS) <= set(COMMANDS) and set(NEEDS.values()) <= set(EXTRAS)


def test_a_missing_extra_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "cluster", ("no_such_module", "sys"))
    assert missing("cluster") == ["no_such_module"]
    with pytest.raises(MissingExtra) as caught:
        require("cluster", "--cluster")
    assert str(caught.value) == (
        "expected the extra cluster for --cluster, received an installation without no_such_module; "
        "run pip install 'captchalab[cluster]'."
    )


def test_an_import_that_fails_names_its_extra() -> None:
    assert "captchalab[audio]" in str(missing_extra(ModuleNotFoundError(name="soundfile")))
    assert "captchalab[track]" in str(missing_extra(ModuleNotFoundError(name="mlflow.pyfunc")))
    assert missing_extra(ModuleNotFoundError(name="my_plugin")) is None


@pytest.mark.parametrize("name", NEEDS)
def test_a_command_without_its_extra_says_which(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(extras, "missing", lambda extra: ["something"])
    examples = {
        "assess": ["x"], "knobs": ["--scheme", "digits4"],
        "audit": ["x"], "diff": ["x", "y"], "drift": ["--model", "x"],
        "compare": ["a", "b"], "promote": ["--name", "x"], "rollback": ["--name", "x"], "history": ["--name", "x"],
        "evaluate": ["--model", "x", "--data", "x"], "export": ["--model", "x", "--out", "x"],
        "generate": ["--scheme", "digits4", "--count", "1", "--out", "x"], "import": ["x", "--out", "y"],
        "imitate": ["x", "--out", "y.yaml"],
        "preview": ["x"], "rerun": ["x"], "letters": ["x", "--out", "y"], "labels": ["x", "--out", "y"],
        "export-data": ["x", "--format", "folder", "--out", "y"], "tune": ["--preset", "digits4"],
        "move-runs": ["--from", "sqlite:///a", "--to", "sqlite:///b"],
        "pseudo-label": ["--model", "x", "--data", "y"],
        "learn-from-answers": ["--url", "http://x", "--length", "4", "--out", "x", "--i-own-this-site"],
        "collect": ["--url", "http://x", "--selector", "a", "--count", "1", "--out", "x", "--i-own-this-site"],
    }  # fmt: skip
    with pytest.raises(SystemExit) as stopped:
        main([name, *examples.get(name, [])])
    said = capsys.readouterr().err
    assert stopped.value.code == 1 and len(said.splitlines()) == 1
    assert said.startswith(f"Error: expected the extra {NEEDS[name]} for captchalab {name}, received"), said


def test_a_data_set_is_previewed_without_what_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "captcha_core.sources.schemes", None)
    assert not preview._is_scheme(str(tmp_path)) and preview._is_scheme("mine.yaml")


def test_help_needs_no_extra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(extras, "missing", lambda extra: ["something"])
    monkeypatch.setattr(sys, "argv", ["captchalab"])
    with pytest.raises(SystemExit) as stopped:
        main(["train", "--help"])
    assert stopped.value.code == 0 and "--preset" in capsys.readouterr().out
