"""Bundles as MLflow's logged models: a pyfunc without pickle, with the code that loads it beside it.

A registered model is loaded where captchalab is not installed, too. No package index has captchalab: a model that asked
for it by name would run the code of whoever takes that name. What solving imports is therefore copied beside the model,
as MLflow's ``code_paths``. Where captchalab is installed, it comes first. Our own processes never import it; they open
the bundle with the Solver.
"""

import ast
import base64
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

from captcha_core.bundle.bundle import Bundle
from captcha_core.files import write_file
from captcha_core.tracking.names import Artifact
from captcha_core.tracking.names import Metric as Names
from captcha_core.tracking.provenance import version_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

NOT_IN_NAMES = re.compile(r"[/:.%\"']")  # MLflow's rule for logged models
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


def log_bundle(bundle: Bundle, name: str = "", example: bytes | None = None) -> str:
    """Log a bundle in the active run and return the model's id.

    Args:
        bundle: What to log.
        name: Of the logged model, to know it by among others.
        example: A captcha that it reads, kept as MLflow's input example.
    """
    import mlflow
    import pandas as pd
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, Schema

    signature = ModelSignature(
        inputs=Schema([ColSpec("string", "media")]),
        outputs=Schema(
            [ColSpec("string", "text"), ColSpec("double", "confidence"), ColSpec("string", "answer", required=False)]
        ),
    )
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore", UserWarning)  # it misses an example where there is none
        info = mlflow.pyfunc.log_model(
            name=NOT_IN_NAMES.sub("-", name) or Artifact.MODEL,
            loader_module=LOADER,
            data_path=str(bundle.path),
            code_paths=[str(_carry(Path(folder)))],
            signature=signature,
            input_example=example and pd.DataFrame({"media": [base64.b64encode(example).decode()]}),
            pip_requirements=_requirements(bundle.spec.media),
        )
    return str(info.model_id)


def link_metrics(
    client: "MlflowClient", run_id: str, model_id: str, numbers: Mapping[str, float], data: tuple[str, str], at_ms: int
) -> None:
    """Log figures of a logged model, with the name and the digest of the data set on which they were measured."""
    from mlflow.entities import Metric

    name, digest = data
    metrics = [
        Metric(f"{Names.TEST}{key}", float(value), at_ms, 0, model_id, name, digest[:36], run_id)
        for key, value in numbers.items()
    ]
    client.log_batch(run_id, metrics=metrics)


def close_unfinished(client: "MlflowClient", run_id: str) -> None:
    """Mark the models of a run as FAILED whose files were never stored whole: a kill has cut the upload."""
    place = client.get_run(run_id).info.experiment_id
    for model in client.search_logged_models([place], f"source_run_id = '{run_id}'"):
        if str(model.status) == "PENDING":
            client.finalize_logged_model(model.model_id, "FAILED")


def _carry(folder: Path) -> Path:
    """Copy the modules that loading a model imports into a folder, and return their package there."""
    for name in sorted(_modules()):
        source = _file(name)
        target = folder / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_file(target, INIT.encode() if name == PACKAGE else source.read_bytes())
    return folder / PACKAGE


def _requirements(media: str) -> list[str]:
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
