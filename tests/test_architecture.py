"""Imports flow one way, in the library and in its two shells; imports inside functions count like all others."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOW = [
    "errors", "extras", "plugins", "files", "yaml_files", "journal", "cluster", "native", "temporary", "interrupts",
    "spec", "media", "fetch", "sources", "dataset", "features", "models", "evaluation", "training", "bundle",
    "tracking", "registry", "solver", "builtin", "presets", "progress", "audit", "workflows", "assessment", "serving",
]  # fmt: skip
LIBRARY = "captcha_core"
SHELLS = ["experiments", "dashboard"]
FILES = sorted(path for package in (LIBRARY, *SHELLS) for path in (ROOT / package).rglob("*.py"))
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES}


@cache
def imported(path: Path) -> frozenset[str]:
    """Return the modules of ours that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the flow"
            assert all(alias.name != "*" for alias in node.names), f"{path}: star import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    ours = {name for name in found if name.split(".")[0] in (LIBRARY, *SHELLS)}
    modules = {name if name in MODULES else name.rpartition(".")[0] for name in ours}
    assert modules <= set(MODULES), f"{path} imports what is not there: {modules - set(MODULES)}"
    return frozenset(modules)


def test_the_flow_names_what_is_there() -> None:
    assert {name.split(".")[1] for name in MODULES if name.startswith(f"{LIBRARY}.")} == set(FLOW)


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith(f"{LIBRARY}.")])
def test_library_imports_flow_left(module: str) -> None:
    mine = FLOW.index(module.split(".")[1])
    for other in imported(MODULES[module]) - {LIBRARY}:
        package, folder = other.split(".")[:2]
        assert package == LIBRARY, f"{module} imports the shell {other}"
        assert FLOW.index(folder) <= mine, f"{module} imports {other}, which lies to its right"


@pytest.mark.parametrize("shell", SHELLS)
def test_shells_import_nothing_of_each_other(shell: str) -> None:
    others = {name for name in SHELLS if name != shell}
    arrows = {(name, to) for name, path in MODULES.items() if name.split(".")[0] == shell for to in imported(path)}
    assert [(name, to) for name, to in sorted(arrows) if to.split(".")[0] in others] == []


def test_no_circle() -> None:
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join([*trail, name])
        if name not in done:
            for other in sorted(imported(MODULES[name]) - {name}):
                visit(other, (*trail, name))
            done.add(name)

    for name in MODULES:
        visit(name, ())
