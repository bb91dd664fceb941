"""The documentation site builds without a warning, and shows what it is made from."""

import subprocess
import sys
from pathlib import Path

import pytest

from experiments.tools.import_map import arrows, level, shown, svg

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_it_has_every_page_and_the_reference(site: Path) -> None:
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert pages <= {path.stem for path in site.glob("*.html")}
    reference = (site / "api.html").read_text(encoding="utf-8")
    for name in ("captcha_core.solver.Solver.solve", "captcha_core.workflows.train.train"):
        assert f'id="{name}"' in reference
    assert "<svg" in (site / "architecture.svg").read_text(encoding="utf-8")


def test_every_page_is_in_the_navigation() -> None:
    listed = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert [path.name for path in (ROOT / "docs").glob("*.md") if f": {path.name}\n" not in listed] == []


def test_the_drawing_is_of_the_imports() -> None:
    assert "registry" in arrows()["serving"] and "serving" not in arrows()["registry"]
    assert level("spec") == 0 < level("registry") < level("serving") < level("dashboard")
    assert set(shown()) <= {(name, other) for name, others in arrows().items() for other in others}
    assert ("serving", "spec") not in shown(), "it follows from others"
    assert svg().count("<rect") == len(arrows())
