"""Do the tests notice? ``python -m tests.mutate`` changes twelve modules in one place at a time and runs their tests.

A mutant that no test notices lives. At most a tenth may; those that were looked at are in ``tests/survivors.txt``, each
with the reason why no test tells it apart. ``SAMPLE=15`` draws that many of each module, ``MODULES`` names some.
"""

import ast
import contextlib
import copy
import importlib
import importlib.util
import io
import math
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SURVIVORS = Path(__file__).with_name("survivors.txt")
BASELINE_S = 600  # for the tests of a module as it is
PATIENCE, LEAST_S = 5, 30  # a mutant has so many times as long as that took, and at least this
OPTIONS = ["-x", "-q", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib", "-W", "ignore"]
TESTS = {
    "spec/captcha": ["tests/spec"],
    "models/decode": ["tests/models/test_decode.py"],
    "evaluation/metrics": ["tests/evaluation/test_metrics.py"],
    "evaluation/significance": ["tests/evaluation/test_significance.py", "tests/evaluation/test_promotion_rule.py"],
    "evaluation/promotion_rule": ["tests/evaluation/test_promotion_rule.py"],
    "evaluation/calibration": ["tests/evaluation/test_calibration.py"],
    "dataset/split": ["tests/dataset/test_split.py"],
    "journal": ["tests/test_journal.py"],
    "tracking/outbox": ["tests/tracking/test_outbox.py"],
    "registry/promotion": [
        "tests/registry/test_promotion_races.py",
        "tests/registry/test_promotion.py",
        "-k",
        "not processes and not doctor",
    ],
    "fetch/url": ["tests/fetch/test_url.py"],
    "serving/limits": ["tests/serving/test_limits.py", "tests/serving/test_guard.py"],
}
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
HEAVY = (
    "numpy", "scipy.special", "scipy.stats", "pydantic", "filelock", "cv2", "PIL.Image", "fastapi", "httpx", "mlflow",
    "mlflow.store.tracking.sqlalchemy_store", "mlflow.store.model_registry.sqlalchemy_store",
)  # fmt: skip
NAMES = {"min": "max", "max": "min", "argmin": "argmax", "argmax": "argmin", "any": "all", "all": "any"}


def mutations(node: ast.AST) -> Iterator[Callable[[], None]]:
    """Yield the changes that can be made to one node of a tree."""
    for field in ("op", "ops"):
        operators = getattr(node, field, None)
        for place, operator in enumerate(operators if isinstance(operators, list) else [operators]):
            if type(operator) in SWAPS:
                yield lambda f=field, p=place, o=operator: _swap(node, f, p, SWAPS[type(o)]())
    if isinstance(node, ast.Constant) and type(node.value) in (bool, int, float):
        yield lambda: setattr(node, "value", not node.value if isinstance(node.value, bool) else node.value + 1)
    if isinstance(node, ast.Name | ast.Attribute):
        field = "id" if isinstance(node, ast.Name) else "attr"
        if (name := getattr(node, field)) in NAMES:
            yield lambda: setattr(node, field, NAMES[name])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not | ast.Invert):
        yield lambda: setattr(node, "op", ast.UAdd() if isinstance(node.op, ast.USub) else _identity(node))
    body = getattr(node, "body", None)
    for place, statement in enumerate(body if isinstance(node, ast.stmt) and isinstance(body, list) else []):
        call = isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Constant)
        if call or isinstance(statement, ast.AugAssign):
            yield lambda p=place: node.body.__setitem__(p, ast.Pass())  # type: ignore[attr-defined]


def _swap(node: ast.AST, field: str, place: int, new: ast.AST) -> None:
    if isinstance(getattr(node, field), list):
        getattr(node, field)[place] = new
    else:
        setattr(node, field, new)


def _identity(node: ast.UnaryOp) -> ast.unaryop:
    """Turn ``not x`` and ``~x`` into x: twice not."""
    node.operand = ast.UnaryOp(node.op, node.operand)
    return node.op


def code_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a tree that run: no annotations, no arguments of errors and none of decorators.

    Who assigns to what ``@dataclass`` froze is refused by mypy.
    """
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "exc", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child
                yield from code_nodes(child)


def mutants(source: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield every changed tree with a line that names the change."""
    tree = ast.parse(source)
    count = len([change for node in code_nodes(tree) for change in mutations(node)])
    for index in range(count):
        changed = copy.deepcopy(tree)
        change = [change for node in code_nodes(changed) for change in mutations(node)][index]
        before = ast.unparse(changed).splitlines()
        change()
        after = ast.unparse(ast.fix_missing_locations(changed)).splitlines()
        old, new = next(((a, b) for a, b in zip(before, after, strict=False) if a != b), ("", ""))
        yield f"{old.strip()} -> {new.strip()}", changed


class Changed:
    """An importer that gives one module another code."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self.name, self.path, self.tree = name, path, tree

    def find_spec(self, name: str, *_: object) -> object:
        return importlib.util.spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def create_module(self, _: object) -> None:
        return None

    def exec_module(self, module: object) -> None:
        exec(compile(self.tree, str(self.path), "exec"), vars(module))


def lives(name: str, path: Path, tree: ast.Module, tests: list[str], timeout_s: float, loud: bool = False) -> bool:
    """Say whether the tests pass with the change; in a process of their own, which may hang."""
    child = os.fork()
    if not child:
        signal.alarm(math.ceil(timeout_s))  # an end by it counts as noticed
        sys.meta_path.insert(0, Changed(name, path, tree))  # type: ignore[arg-type]
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = pytest.main([*OPTIONS, *tests])
        if loud and code:
            print(said.getvalue()[-3000:], flush=True)
        os._exit(code)
    return os.waitpid(child, 0)[1] == 0


def preload() -> None:
    """Import what all tests import, once for all processes; nothing of the modules that are changed."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # theirs take seconds to import
    for name in HEAVY:
        importlib.import_module(name)


def main() -> int:
    """Print the mutants that live and their share; return 1 where more than a tenth do."""
    sample, wanted = int(os.environ.get("SAMPLE", "0")), os.environ.get("MODULES", "").split()
    explained = {line.partition("  #")[0] for line in SURVIVORS.read_text(encoding="utf-8").splitlines()}
    total = living = 0
    preload()
    for place, tests in TESTS.items():
        if wanted and not any(word in place for word in wanted):
            continue
        path, name = ROOT / "captcha_core" / f"{place}.py", f"captcha_core.{place.replace('/', '.')}"
        source, began = path.read_text(encoding="utf-8"), time.monotonic()
        if not lives(name, path, ast.parse(source), tests, BASELINE_S, loud=True):
            raise SystemExit(f"expected tests of {place} that pass, received some that fail; mend them first.")
        own_s = time.monotonic() - began
        timeout_s, found = max(LEAST_S, PATIENCE * own_s), list(mutants(source))
        chosen = random.Random(0).sample(found, min(sample or len(found), len(found)))
        alive = [change for change, tree in chosen if lives(name, path, tree, tests, timeout_s)]
        total, living = total + len(chosen), living + len(alive)
        print(f"{place}: {len(alive)} of {len(chosen)} live ({len(found)} there are, {own_s:.0f} s each)", flush=True)
        for change in alive:
            print(f"    {'' if f'{place}: {change}' in explained else 'NEW '}{place}: {change}", flush=True)
    print(f"{living} of {total} live: {living / max(1, total):.1%}")
    return int(living > total / 10)


if __name__ == "__main__":
    sys.exit(main())
