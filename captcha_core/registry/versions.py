"""Registered models: from an address to the files, and from files to a new version."""

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from captcha_core.bundle.bundle import Bundle
from captcha_core.errors import ModelError, RegistryError, SpecError
from captcha_core.extras import require
from captcha_core.registry.downloads import download
from captcha_core.registry.lookup import RegistryUnreachable, VersionRecord, local_folder, open_registry
from captcha_core.spec.answer import ModelIdentity
from captcha_core.tracking.names import Tag
from captcha_core.tracking.redact import masked

if TYPE_CHECKING:
    from captcha_core.tracking.runs import Run

CHAMPION = "champion"
PREVIOUS = "previous"
CHALLENGER = "challenger"
NOT_IN_NAMES = re.compile(r"[/:@]")
BUILTIN = "builtin"  # the address of the reader that ships with the project
BUILTIN_AUDIO = "builtin-audio"  # and of what trainings on clips start from
BUILTIN_FOLDER = Path(__file__).parent.parent / "builtin" / "reader"
BUILTIN_FOLDERS = {BUILTIN: BUILTIN_FOLDER, BUILTIN_AUDIO: BUILTIN_FOLDER.with_name("listener")}
ALIAS_URI = re.compile(r"models:/([^/@]+)@([^/@]+)")


@dataclass(frozen=True, slots=True)
class Located:
    """Where a model's bundle lies, and the digest it was registered with."""

    path: Path
    model: ModelIdentity
    digest: str | None = None


def locate(uri: str) -> Located:
    """Find the bundle behind ``builtin``, ``builtin-audio``, an address ``models:/`` or ``runs:/ID``, or a folder.

    Raises:
        RegistryError: If the registry has no such model or cannot be reached.
        ModelError: If the address is none of these.
    """
    if uri in BUILTIN_FOLDERS:
        return Located(BUILTIN_FOLDERS[uri], ModelIdentity(uri))
    if alias := ALIAS_URI.fullmatch(uri):
        record = open_registry().by_alias(alias[1], alias[2])
        return _located(record, alias[2])
    if version := re.fullmatch(r"models:/([^/@]+)/(\d+)", uri):
        return _located(open_registry().by_version(version[1], version[2]), None)
    if run := re.fullmatch(r"runs:/([0-9a-f]{32})(?:/model)?", uri):
        return _of_run(run[1])
    if uri.startswith(("models:", "runs:")):
        raise ModelError(
            "expected models:/NAME@ALIAS, models:/NAME/VERSION or runs:/ID (the run's 32 hexadecimal digits), received "
            f"{uri!r}; correct the address."
        )
    return Located(Path(uri), ModelIdentity(Path(uri).resolve().name))


def current_version(uri: str) -> str | None:
    """Return the version that an address means now; None for an address that always means the same.

    Raises:
        RegistryError: If the alias is gone, or the registry does not answer.
    """
    alias = ALIAS_URI.fullmatch(uri)
    return open_registry().by_alias(alias[1], alias[2]).version if alias else None


def _located(record: VersionRecord, alias: str | None) -> Located:
    identity = ModelIdentity(record.name, record.version, alias)
    return Located(_bundle_in(fetched(record.location)), identity, record.tags.get(Tag.BUNDLE_SHA256))


def _bundle_in(folder: Path) -> Path:
    """Return the bundle inside MLflow's model folder: the one folder in ``data``, whatever it was called."""
    if not folder.is_dir():
        raise RegistryError(
            f"expected the model's files in {folder}, received no such folder; if the project was moved or copied, run "
            "captchalab doctor --repair where it is now, else put the folder back."
        )
    inside = [one for one in (folder / "data").glob("*") if one.is_dir()]
    if len(inside) != 1:
        raise ModelError(f"expected a captchalab bundle in {folder.name}, received none; train and register a model.")
    return inside[0]


def fetched(location: str) -> Path:
    """Return a local folder with the artifacts of a location, fetched by MLflow where they are elsewhere."""
    folder = local_folder(location)
    if folder is not None:
        return folder
    require("track", f"a model whose files are at {masked(location)}")
    try:
        return download(artifact_uri=location)
    except Exception as error:
        raise RegistryError(
            f"expected the model's files at {location}, received {type(error).__name__}: {error}; see to the store."
        ) from None


def _of_run(run_id: str) -> Located:
    from captcha_core.tracking.connect import client

    require("track", f"runs:/{run_id}")
    try:
        run = client().get_run(run_id)
        outputs = run.outputs.model_outputs if run.outputs else []
        if not outputs:
            raise RegistryError(f"expected a run with a model, received {run_id} without; it did not finish training.")
        models = [client().get_logged_model(one.model_id) for one in outputs]
        whole = [model for model in models if str(model.status) == "READY"]
        if not whole:
            raise RegistryError(
                f"expected a run with a whole model, received {run_id}, cut while storing it; resume it."
            )
        location = whole[-1].artifact_location
    except RegistryError:
        raise
    except Exception as error:
        raise RegistryError(f"expected a run {run_id}, received: {error}; list the runs in the dashboard.") from None
    return Located(_bundle_in(fetched(location)), ModelIdentity(run.info.run_name or run_id))


def check_name(name: str) -> str:
    """Return the name of a registered model, if it can be one and ``models:/NAME@ALIAS`` finds it.

    Raises:
        SpecError: If it cannot.
    """
    if not name.strip() or name.startswith("..") or name == "." or NOT_IN_NAMES.search(name):
        raise SpecError(
            f"expected a name for the registered model without '/', ':' and '@', received {name!r}; choose another."
        )
    return name


def name_after(text: str) -> str:
    """Return ``captcha-TEXT`` without what no registered model may have in its name."""
    return f"captcha-{NOT_IN_NAMES.sub('-', text)}"


@dataclass(frozen=True, slots=True)
class Proof:
    """What a model is known to read, registered with it.

    Args:
        example: A captcha that it reads; None where it could read none.
        numbers: Figures on a data set.
        data: Name of the data set.
        digest: Of the data set.
        sentence: The same for people.
    """

    example: bytes | None
    numbers: Mapping[str, float]
    data: str
    digest: str
    sentence: str


def register(run: "Run", bundle: Bundle, name: str, proof: Proof | None = None) -> str:
    """Log a bundle in a run, make it a new version of ``name`` with the alias ``challenger``, and return its number.

    A version appears only after all of its files are stored. What the run has registered after the same number of
    epochs, before a kill, is taken as it is.

    Args:
        run: The run that made the bundle.
        bundle: What is registered.
        name: Registered model.
        proof: What it has read, for the version's description, MLflow's input example and the model's figures.
    """
    import mlflow

    client = run.client
    with contextlib.suppress(mlflow.MlflowException):  # there already
        client.create_registered_model(name)
    epochs = str(bundle.metrics.get("epochs", ""))
    quote = '"' if "'" in name else "'"
    there = client.search_model_versions(f"name={quote}{name}{quote}")
    mine = [one for one in there if one.run_id == run.id and epochs and one.tags.get(Tag.EPOCHS) == epochs]
    if mine:
        version = str(mine[0].version)
    else:
        model_id = run.bundle(bundle, name, proof.example if proof else None)
        if proof is not None:
            run.model_metrics(model_id, proof.numbers, (proof.data, proof.digest))
        tags = {Tag.BUNDLE_SHA256: bundle.digest, Tag.PRESET: bundle.config.preset or "", Tag.EPOCHS: epochs}
        made = client.create_model_version(
            name,
            source=f"models:/{model_id}",
            run_id=run.id,
            model_id=model_id,
            tags=tags,
            description=proof.sentence if proof else None,
        )
        version = str(made.version)
    if int(version) >= max((int(one.version) for one in there), default=0):
        client.set_registered_model_alias(name, CHALLENGER, version)
    run.tags({Tag.REGISTERED: f"{name}/{version}"})
    return version


def set_champion(name: str, version: str) -> str | None:
    """Move the alias ``champion`` to a version, keep the former one as ``previous``, and return that.

    Raises:
        RegistryError: If there is no such version.
    """
    from captcha_core.tracking.connect import client

    registry = open_registry()
    registry.by_version(name, version)
    former = version_behind(name, CHAMPION)
    mine = client()
    if former not in (None, version):
        mine.set_registered_model_alias(name, PREVIOUS, former)
    mine.set_registered_model_alias(name, CHAMPION, version)
    return former


def version_behind(name: str, alias: str) -> str | None:
    """Return the version behind an alias, None where there is none."""
    try:
        return open_registry().by_alias(name, alias).version
    except RegistryUnreachable:
        raise
    except RegistryError:
        return None
