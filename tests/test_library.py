"""The library for Python users: imported lazily, the same as the commands, and a loop over presets in ten lines."""

import ast
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import captcha_core
from captcha_core.dataset.in_memory import write_samples
from captcha_core.errors import DataError, SpecError
from captcha_core.spec.captcha import CaptchaSpec
from tests.conftest import tiny_samples

ROOT = Path(__file__).parent.parent
PRESET = """
description: Tiny captchas
data: data/tiny
network: image_cnn
options: {filters: [8, 16, 16]}
training: {epochs: 4, steps_per_epoch: 25, batch_size: 16, learning_rate: 0.01, ema: 0.9}
"""


def python(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def example() -> str:
    """The program in the package's docstring."""
    blocks = re.findall(r"(?:^    .*\n|^\n)+", captcha_core.__doc__ or "", re.M)
    return textwrap.dedent(max(blocks, key=len)).strip()


@pytest.fixture
def tiny_data(empty_folder: Path, tiny_spec: CaptchaSpec) -> Path:
    return write_samples(Path("data/tiny"), tiny_spec, tiny_samples(120, seed=6), "browser", "0.6/0.2/0.2").path


def test_the_package_imports_nothing_heavy_until_a_name_is_used() -> None:
    before = "import sys; import typing; before = set(sys.modules); import captcha_core; "
    assert python(f"{before}print(sorted(set(sys.modules) - before))") == "['captcha_core']"


def test_every_name_is_there() -> None:
    assert set(captcha_core.__all__) <= set(dir(captcha_core))
    assert all(getattr(captcha_core, name) is not None for name in captcha_core.__all__)
    assert re.match(r"\d+\.\d+", captcha_core.__version__)
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        captcha_core.trian  # noqa: B018


def test_a_training_is_resolved_without_keras() -> None:
    program = "import sys; import captcha_core; captcha_core.train, captcha_core.search; "
    resolve = "from captcha_core.workflows.plan import plan_training; plan_training('digits4', settings={'ema': 0.5}); "
    heavy = "print([name for name in ('keras', 'tensorflow', 'mlflow') if name in sys.modules])"
    assert python(program + resolve + heavy) == "[]"


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({}, "received neither"),
        ({"preset": "digits5"}, "received 'digits5'"),
        ({"preset": "digits4", "settings": {"learning_rat": 1}}, "received 'learning_rat'"),
        ({"preset": "digits4", "minutes": 1, "epochs": 1}, "received both"),
        ({"resume": "0" * 32, "epochs": 1}, "no --epochs beside --resume"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_keras_starts(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch, given: dict, part: str
) -> None:
    monkeypatch.setattr("captcha_core.native.start_keras", lambda: pytest.fail("Keras was started"))
    with pytest.raises(SpecError, match=part):
        captcha_core.train(**given)


def test_a_preset_is_read_once(tiny_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from captcha_core.workflows import plan, train

    read: list[str] = []
    load = plan.load_preset

    def counted(name: str) -> object:
        read.append(name)
        return load(name)

    monkeypatch.setattr(plan, "load_preset", counted)
    monkeypatch.setattr(train, "train_plan", lambda plan, *_, **__: plan)
    Path("tiny.yaml").write_text(PRESET, encoding="utf-8")
    captcha_core.train("tiny.yaml")
    assert read == ["tiny.yaml"]


def test_a_named_network_of_the_preset_keeps_its_options(empty_folder: Path) -> None:
    from captcha_core.workflows.plan import plan_training

    by_name = plan_training("digits4", network=plan_training("digits4").task.network).task
    assert by_name == plan_training("digits4").task
    assert plan_training("digits4", network="image_cnn").task.options == {}


def test_the_loop_over_presets_and_seeds_is_ten_lines_and_works(
    tiny_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = example()
    assert len([line for line in program.splitlines() if line.strip()]) <= 10
    Path("tiny.yaml").write_text(PRESET, encoding="utf-8")
    small = program.replace('("digits4", "alnum4")', '("tiny.yaml",)').replace("range(3)", "range(2)")
    names: dict = {}
    exec(small.replace("minutes=3", "epochs=1"), names)
    whole, outcome = names["results"][1]
    assert len(names["results"]) == 2 and outcome.name == "captcha-tiny" and outcome.version == "2"
    assert whole.interval[0] <= whole.value <= whole.interval[1]
    assert names["best"].run_id in capsys.readouterr().out
    report = captcha_core.evaluate("models:/captcha-tiny@champion", tiny_data)
    assert report.exact_match == names["best"].report.exact_match
    with pytest.raises(DataError):
        captcha_core.evaluate("models:/captcha-tiny@champion", "data")


def test_one_file_imports_keras_tuner() -> None:
    home = ROOT / "captcha_core" / "training" / "search" / "keras_tuner.py"
    assert "keras_tuner" in _imports(home)
    others = [
        path for package in ("captcha_core", "experiments", "dashboard") for path in (ROOT / package).rglob("*.py")
    ]
    assert [path for path in others if path != home and "keras_tuner" in _imports(path)] == []


def _imports(path: Path) -> set[str]:
    """The packages that a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in names}
