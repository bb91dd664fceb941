"""What library, command line and dashboard share in MLflow is named in one file, and written nowhere else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from captcha_core.tracking.names import Artifact, Metric, Param, Tag

ROOT = Path(__file__).parent.parent.parent
ALONE = ("captcha_core/tracking/names.py",)
COMPUTED = ("captcha_core/training/", "captcha_core/evaluation/")  # they name the columns that they compute
EVERYDAY = {
    Artifact.ASSESSMENT,
    Artifact.AUDIT_SHEET,
    Artifact.REPORT,
    Artifact.SEARCH,
    Artifact.BUNDLE,
    Artifact.MODEL,
    Metric.BEST,
    Metric.FINDINGS,
    Metric.READ_SHARE,
    Metric.TEST,
}
NO_TAGS = {"captchalab.plugins"}  # the entry-point group, too
SHARED = {
    value
    for group in (Tag, Metric, Param, Artifact)
    for name, value in vars(group).items()
    if not name.startswith("_") and isinstance(value, str)
}
PATTERN = re.compile(
    "|".join(rf"(?<!\w){re.escape(name)}(?![\w])" for name in sorted(SHARED - EVERYDAY - NO_TAGS - {Tag.OWN}))
)
FILES = [path for package in ("captcha_core", "experiments", "dashboard") for path in (ROOT / package).rglob("*.py")]


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield every string of a program that is neither a docstring nor the name of a logger."""
    passed = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("getLogger"):
            passed |= set(node.args)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in passed:
            yield node.lineno, node.value


def found_in(text: str) -> set[str]:
    """Return the shared names and tags of ours in a text."""
    return set(PATTERN.findall(text)) | (set(re.findall(r"(?<!\w)captchalab\.[a-z_]+", text)) - NO_TAGS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_second_home(path: Path) -> None:
    if path.relative_to(ROOT).as_posix().startswith(ALONE + COMPUTED):
        return
    found = [(line, name) for line, text in texts(ast.parse(path.read_text())) for name in found_in(text)]
    assert found == [], "these are constants of captcha_core/tracking/names.py"


def test_a_literal_is_found() -> None:
    program = ast.parse('"""captchalab.kind"""\nask(f"tags.`captchalab.odd` and metrics.test_n > {one}")')
    assert [found_in(text) for _, text in texts(program) if found_in(text)] == [{"captchalab.odd", "test_n"}]


def test_no_name_is_there_twice() -> None:
    for group in (Tag, Metric, Param, Artifact):
        values = [value for name, value in vars(group).items() if not name.startswith("_") and isinstance(value, str)]
        assert len(values) == len(set(values))
