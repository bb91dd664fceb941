"""Imports flow one way: a file uses its own folder and folders to its left, never to its right."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOW = [
    "errors", "quiet", "spec", "media", "sources", "dataset", "features", "models", "evaluation", "training",
    "registry", "solver", "serving",
]  # fmt: skip
SHELLS = ["experiments", "dashboard"]


def _imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the flow"
            assert all(alias.name != "*" for alias in node.names), f"{path}: star import"
            modules |= {f"{node.module}.{alias.name}" for alias in node.names}
    return modules


LIBRARY = sorted((ROOT / "captcha_core").rglob("*.py"))


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: str(path.relative_to(ROOT)))
def test_library_imports_flow_left(path: Path) -> None:
    parts = path.relative_to(ROOT / "captcha_core").with_suffix("").parts
    if parts[0] == "__init__":
        return
    mine = FLOW.index(parts[0])
    for module in _imports(path):
        names = module.split(".")
        assert names[0] not in SHELLS, f"{path} imports the shell {module}"
        if names[0] == "captcha_core":
            assert FLOW.index(names[1]) <= mine, f"{path} imports {module}, which lies to its right"


def test_no_cycle_within_a_folder() -> None:
    graph: dict[str, set[str]] = {}
    modules = {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in LIBRARY}
    for name, path in modules.items():
        edges = set()
        for module in _imports(path):
            owner = module if module in modules else module.rpartition(".")[0]
            if owner in modules and owner != name:
                edges.add(owner)
        graph[name] = edges
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join([*trail, name])
        if name not in done:
            for edge in graph[name]:
                visit(edge, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())
