"""What must not be in the repository, and what must be in the wheel."""

import ast
import re
import subprocess
import tomllib
from fnmatch import fnmatch
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from experiments.tools.licences import pins

ROOT = Path(__file__).parent.parent
SECRETS = {
    "a key of AWS": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "a token of a code host": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22,}|glpat-[\w-]{20,})",
    "a key of a cloud": r"\bAIza[\w-]{35}|\bhf_[A-Za-z]{34}|\bsk-[A-Za-z0-9-]{32,}|\bxox[abprs]-[\w-]{10,}",
    "a web token": r"\beyJ[\w-]{16,}\.eyJ[\w-]{16,}\.[\w-]{16,}",
    "a password in an address": r"://[^/\s:@\"'{}<>$]+:[^/\s:@\"'{}<>$*]{6,}@",
    "an assigned secret": r"(?i)\b(?:password|passwd|secret|api_?key)\s*[:=]\s*[\"'][^\"'{}$\s]{12,}[\"']",
}
INVENTED = ("hunter2-hunter2", "//USER:PASSWORD@", "//me:secret@")  # of the tests and of examples
UNNEEDED = ("experiments/benchmarks/RESULTS.md", "experiments/entry.sh")  # for readers, and for the Dockerfile


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = [name for name in listed.stdout.split("\0") if (ROOT / name).is_file()]
    if not names:
        pytest.skip("no git checkout")
    return names


def test_no_secret_is_in_the_repository() -> None:
    found = []
    for name in tracked():
        text = (ROOT / name).read_bytes().decode(errors="ignore")
        for what, pattern in SECRETS.items():
            hits = [hit.group() for hit in re.finditer(pattern, text)]
            found += [f"{name}: {what}: {hit}" for hit in hits if not any(one in hit for one in INVENTED)]
    assert found == []


def test_no_log_or_database_is_in_the_repository() -> None:
    assert [name for name in tracked() if name.endswith((".log", ".db", ".pkl", ".pyc", ".env"))] == []


def test_every_entrance_names_a_test_that_defends_it() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    rows = [row.split("|") for row in re.findall(r"^\| [^-|].*", text, re.M)][1:]
    entrances = {row[1].strip(): re.findall(r"`(tests/[\w/]+\.py)`", row[4]) for row in rows}
    assert len(entrances) >= 7
    assert [name for name, tests in entrances.items() if not tests and "demo-site" not in name] == []
    named = sorted(set(re.findall(r"`(tests/[\w/.]+)`", text)))
    assert [name for name in named if "\ndef test_" not in (ROOT / name).read_text(encoding="utf-8")] == []


def test_the_licence_of_every_pinned_package_is_listed() -> None:
    listed = dict(
        re.findall(r"^\| ([\w.-]+) \| (\S+) \|", (ROOT / "docs" / "licences.md").read_text(encoding="utf-8"), re.M)
    )
    assert {name: listed.get(name) for name in pins()} == pins()


@pytest.mark.parametrize("python", ["3.11.2", "3.12.0", "3.13.0"])  # Debian 12 has 3.11.2
def test_every_pin_is_for_the_first_releases_of_python_too(python: str) -> None:
    refused = []
    for name, version in pins().items():
        try:
            about = metadata(name)
        except PackageNotFoundError:
            continue
        if about["Version"] == version and not SpecifierSet(about.get("Requires-Python") or "").contains(python):
            refused.append(f"{name}=={version} needs Python {about['Requires-Python']}")
    assert refused == []


def test_the_wheel_takes_everything_that_the_packages_need() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"][
        "package-data"
    ]
    packages = ("captcha_core/", "experiments/", "dashboard/")
    others = [name for name in tracked() if name.startswith(packages) and not name.endswith(".py")]
    globs = [f"{package}/{glob}" for package, names in settings.items() for glob in names]
    assert [name for name in others if name not in UNNEEDED and not any(fnmatch(name, one) for one in globs)] == []
    missing = {str(Path(name).parent) for name in tracked() if name.startswith(packages) and name.endswith(".py")}
    assert [folder for folder in missing if not (ROOT / folder / "__init__.py").is_file()] == [], "no package"


def test_every_text_file_is_opened_in_an_encoding_that_is_said() -> None:
    calls = [
        (path, node)
        for folder in ("captcha_core", "dashboard", "experiments")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    assert [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, node in calls
        if _opens_text(node.func.attr, node.args) and "encoding" not in {word.arg for word in node.keywords}
    ] == []


def _opens_text(name: str, arguments: list[ast.expr]) -> bool:
    if name == "open":
        return any(isinstance(one, ast.Constant) and one.value in ("r", "w", "a", "x") for one in arguments)
    return name == "read_text" or (name == "write_text" and len(arguments) == 1)
