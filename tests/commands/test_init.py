"""captchalab init, --version, presets that extend others: what a newcomer types first."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from captcha_core import __version__
from captcha_core.errors import SpecError
from captcha_core.presets.preset import load_preset
from experiments.cli import main


def call(*words: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main([*words])
    return int(stopped.value.code or 0)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--version") == 0
    assert capsys.readouterr().out == f"captchalab {__version__}\n"


def test_the_shell_completes_commands() -> None:
    environment = {"_CAPTCHALAB_COMPLETE": "complete_bash", "COMP_WORDS": "captchalab pre", "COMP_CWORD": "1"}
    words = [sys.executable, "-c", "import sys; sys.argv[0] = 'captchalab'; from experiments.cli import main; main([])"]
    done = subprocess.run(words, env={"PATH": "", "PYTHONPATH": ":".join(sys.path), **environment}, capture_output=True)
    assert done.stdout.decode().split() == ["presets", "preview"]


def typed_by(makefile: str) -> list[list[str]]:
    """The words of every command that the targets type, without the variables of make."""
    text = Path(makefile).read_text(encoding="utf-8")
    variables = dict(re.findall(r"^(\w+) \?= ?(.*)$", text, re.M))
    lines = re.findall(r"^\tcaptchalab (.+)$", text, re.M)
    return [shlex.split(re.sub(r"\$\((\w+)\)", lambda hit: variables[hit[1]], line)) for line in lines]


def test_init_makes_a_folder_whose_training_starts_from_the_builtin_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("init", "my-captcha") == 0
    made = {one.name for one in Path("my-captcha").iterdir()}
    assert made == {"Makefile", "README.md", ".gitignore", "captchas"}
    makefile = Path("my-captcha/Makefile").read_text(encoding="utf-8")
    assert re.findall(r"^(\w+):", makefile, re.M) == ["data", "train", "promote", "serve", "dashboard"]
    assert ["train", "--data", "data/my-captcha", "--minutes", "5"] in typed_by("my-captcha/Makefile")


def test_init_extends_a_preset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("init", "my-captcha", "--extends", "nthu6") == 0
    preset = load_preset("my-captcha/my-captcha.yaml")
    assert (preset.name, preset.data, preset.training["minutes"]) == ("my-captcha", "data/my-captcha", 5)
    assert preset.training["augment"] == load_preset("nthu6").training["augment"], "what it does not say is extended"
    assert ["train", "--preset", "my-captcha.yaml"] in typed_by("my-captcha/Makefile")


@pytest.mark.parametrize("options", [(), ("--extends", "nthu6")])
def test_what_the_targets_type_is_there(
    options: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import typer

    from experiments.cli import app

    monkeypatch.chdir(tmp_path)
    call("init", "mine", *options)
    for name, *words in typed_by("mine/Makefile"):
        typer.main.get_group(app).commands[name].make_context(name, words)


def test_the_data_target_passes_the_option_that_import_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    call("init", "mine")
    wanted = ["make", "-n", "-C", "mine", "data", "IMPORT=--label-from name"]
    shown = subprocess.run(wanted, capture_output=True, text=True, check=True).stdout
    assert "captchalab import captchas --out data/mine --label-from name\n" in shown


@pytest.mark.parametrize("name", ["My Captcha", "."])
def test_init_refuses_names_that_no_model_can_have(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Some Place").mkdir()
    monkeypatch.chdir(tmp_path / "Some Place")
    assert call("init", name) == 1
    assert "expected a name of small letters, digits and '-'" in capsys.readouterr().err
    assert not [*Path().iterdir()]


def preset(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def test_a_preset_extends_another(tmp_path: Path) -> None:
    preset(tmp_path, "base.yaml", "extends: digits4\ntraining: {minutes: 1}\n")
    mine = load_preset(preset(tmp_path, "mine.yaml", "extends: base.yaml\ndescription: mine\ndata: data/x\n"))
    digits = load_preset("digits4")
    assert (mine.name, mine.data, mine.scheme, mine.options) == ("mine", "data/x", None, digits.options)
    assert mine.training == {**digits.training, "minutes": 1}


def test_another_network_has_no_options_of_the_first(tmp_path: Path) -> None:
    assert load_preset(preset(tmp_path, "a.yaml", "extends: digits4\nnetwork: image_cnn\n")).options == {}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("extends: mine.yaml", "expected presets that end somewhere, received mine.yaml -> mine.yaml"),
        ("extends: [digits4]", "expected a preset's name after extends: in mine.yaml"),
        ("extends: no-such", "expected a preset of .* or a YAML file, received 'no-such'"),
        ("extends: digits4\nminuts: 3", "expected a valid preset mine.yaml"),
    ],
)
def test_an_extends_that_cannot_be_is_refused(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=sentence):
        load_preset(preset(tmp_path, "mine.yaml", text))
