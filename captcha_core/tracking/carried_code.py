"""The code that a registered model carries, so that MLflow can load it where captchalab is not installed.

No package index has captchalab: a model that asked for it by name would run the code of whoever takes that name. What
solving imports is therefore copied beside the model, as MLflow's ``code_paths``. Where captchalab is installed, it
comes first. Our own processes never import it; they open the bundle with the Solver.
"""

import ast
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from captcha_core.files import write_file
from captcha_core.tracking.provenance import version_of

PACKAGE = "captcha_core"
LOADER = "captcha_core.serving.pyfunc"
ROOT = Path(__file__).parent.parent.parent
AUDIO = ("soundfile", "soxr", "scipy")  # imported where a clip is read
ALWAYS = ("ai_edge_litert",)
INIT = '''"""What a captchalab model needs to be loaded; an installed captchalab comes first."""

import sys
from pathlib import Path


def _installed():
    here, path = Path(__file__).resolve().parent.parent, sys.path
    sys.path = [one for one in path if Path(one or ".").resolve() != here]
    try:
        return next((spec for finder in sys.meta_path if (spec := finder.find_spec(__name__, None))), None)
    finally:
        sys.path = path


if (_spec := _installed()) and _spec.submodule_search_locations and _spec.origin:
    __path__ = list(_spec.submodule_search_locations)
    __file__ = _spec.origin
    exec(compile(Path(_spec.origin).read_text(encoding="utf-8"), _spec.origin, "exec"))
'''


def carry(folder: Path) -> Path:
    """Copy the modules that loading a model imports into a folder, and return their package there."""
    for name in sorted(_modules()):
        source = _file(name)
        target = folder / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_file(target, INIT.encode() if name == PACKAGE else source.read_bytes())
    return folder / PACKAGE


def requirements(media: str) -> list[str]:
    """Return the public packages, in the versions here, that a model of ``image`` or ``audio`` needs."""
    tops = {one.partition(".")[0] for name in _modules() for one in _imported(_file(name))} | {*ALWAYS}
    known = packages_distributions()
    packages = {known[top][0] for top in tops | ({*AUDIO} if media == "audio" else set()) if top in known}
    return [f"{package}=={version_of(package)}" for package in sorted(packages - {"captchalab"})]


def _modules() -> set[str]:
    """Return what the loader imports of this package as it starts, directly or not, and the packages around it."""
    found: set[str] = set()
    waiting = [LOADER]
    while waiting:
        name = waiting.pop()
        if name in found or not _file(name).is_file():
            continue
        found.add(name)
        waiting += [name.rpartition(".")[0]] if "." in name else []
        waiting += [one for one in _imported(_file(name)) if one.partition(".")[0] == PACKAGE]
    return found


def _file(name: str) -> Path:
    path = ROOT.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _parsed(file: Path) -> ast.Module:
    """Return the syntax of a file, asked for again where Python 3.11 loses count of its depth beside other threads."""
    text = file.read_text(encoding="utf-8")
    try:
        return ast.parse(text)
    except SystemError:
        return ast.parse(text)


def _imported(file: Path) -> Iterator[str]:
    """Yield the modules that a file imports at its top level, and the names in them, which may be modules, too."""
    for node in _parsed(file).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
