"""``captchalab generate``: draw a data set."""

import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from captcha_core.native import DATA_MB, require_address_space
from experiments.terminal.options import (
    Cluster,
    Experiment,
    Format,
    FromCommand,
    FromPython,
    Out,
    ProgramMemory,
    ProgramSeconds,
    SplitBy,
    check_format,
    check_split_by,
    parse_settings,
    program_of,
)

if TYPE_CHECKING:
    from captcha_core.dataset.generate import Source
    from captcha_core.dataset.store import Dataset
    from captcha_core.sources.scheme import Scheme

DRAWN = {"source", "count", "knobs", "split"}  # of a plan: what the run says of it


def generate(
    out: Out,
    scheme: Annotated[str, typer.Option(help="Scheme to draw; an unknown name lists the known.")] = "",
    from_command: FromCommand = "",
    from_python: FromPython = "",
    program_seconds: ProgramSeconds = 20.0,
    program_memory: ProgramMemory = 2048,
    count: Annotated[int, typer.Option(help="Captchas in all splits together; not with --enumerate.", max=10**9)] = 0,
    seed: Annotated[int, typer.Option(help="The same seed draws the same data set.", min=0)] = 0,
    source: Annotated[
        str,
        typer.Option(help="fast; exact: pixel for pixel the package's way; package: the captcha package, unseeded."),
    ] = "fast",
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Turn a knob of the scheme.")
    ] = None,
    digits: Annotated[bool, typer.Option("--digits", help="Draw digits.")] = False,
    lower: Annotated[bool, typer.Option("--lower", help="Draw lower-case letters.")] = False,
    upper: Annotated[bool, typer.Option("--upper", help="Draw upper-case letters.")] = False,
    alphabet: Annotated[str, typer.Option(help="Draw these characters.")] = "",
    length: Annotated[int, typer.Option(help="Length of every text; by default the scheme's.", min=0)] = 0,
    min_length: Annotated[int, typer.Option(help="Shortest text.", min=0)] = 0,
    max_length: Annotated[int, typer.Option(help="Longest text.", min=0)] = 0,
    height: Annotated[int, typer.Option(help="Height in pixels.", min=0)] = 0,
    width: Annotated[int, typer.Option(help="Width in pixels.", min=0)] = 0,
    enumerate_all: Annotated[bool, typer.Option("--enumerate", help="Draw every text once an epoch.")] = False,
    epochs: Annotated[int, typer.Option(help="How often to go through all texts with --enumerate.")] = 1,
    unique: Annotated[bool, typer.Option("--unique", help="Draw no text twice.")] = False,
    distinct: Annotated[
        bool, typer.Option("--distinct", help="No character twice in a text; with --unique or --enumerate.")
    ] = False,
    split: Annotated[
        str,
        typer.Option(
            help="train/validation/test. Shares go by a hash, so that no captcha is in two splits; counts go by order: "
            "the first so many are train."
        ),
    ] = "0.8/0.1/0.1",
    split_by: SplitBy = "content",
    workers: Annotated[int, typer.Option(help="Processes; 0: one a core.", min=0)] = 0,
    cluster: Cluster = "",
    max_characters: Annotated[
        int | None,
        typer.Option(help="Characters to pay for at most, where --set engine=polly or google speaks.", min=0),
    ] = None,
    experiment: Experiment = "",
    format: Format = "text",
) -> None:
    """Draw captchas into a data set of Parquet shards.

    The same options give the same data set on any number of workers. A run that was stopped continues when it is
    started again with the same options; a finished one is left as it is.
    """
    as_json = check_format(format)
    require_address_space(DATA_MB)
    if unique and enumerate_all:
        raise typer.BadParameter("expected --unique or --enumerate, received both.", param_hint="--unique")
    if source not in ("fast", "exact", "package"):
        raise typer.BadParameter(f"expected fast, exact or package, received {source!r}.", param_hint="--source")
    command = program_of(from_command, from_python)
    if bool(scheme) == bool(command):
        expected = "expected one of --scheme, --from-command and --from-python"
        raise typer.BadParameter(f"{expected}, received {'several' if scheme else 'none'}.", param_hint="--scheme")
    from captcha_core.dataset.generate import GenerationRequest, TextChoice, write_drawn
    from captcha_core.progress import progress_bar
    from captcha_core.sources.schemes import get_scheme
    from captcha_core.sources.texts import flagged_alphabet
    from captcha_core.workflows.logged_reading import draw_logged

    changes = {
        "alphabet": alphabet or flagged_alphabet(digits, lower, upper),
        "min_length": length or min_length,
        "max_length": length or max_length,
        "height_px": height,
        "width_px": width,
    }
    wanted: dict[str, Any] = {name: value for name, value in changes.items() if value}
    if command:
        if settings or source != "fast":
            raise typer.BadParameter("expected none with a program, received one.", param_hint="--set or --source")
        from captcha_core.sources.import_spec import SpecOverrides
        from captcha_core.sources.programs.probe import scheme_of_program
        from captcha_core.workflows.letter_case import in_case_of_pictures

        turned = scheme_of_program(command, SpecOverrides(**wanted), program_seconds, program_memory)
        if "alphabet" not in wanted:
            turned = in_case_of_pictures(turned, partial(print, file=sys.stderr))
        source, scheme = "program", turned.name
    else:
        turned = _changed(get_scheme(scheme), wanted, settings)
    choice = TextChoice("enumerate" if enumerate_all else "unique" if unique else "scheme", distinct, epochs)
    request = GenerationRequest(turned, count, seed, cast("Source", source), choice, split, check_split_by(split_by))
    if source == "package":
        print("the captcha package cannot be seeded: these captchas will never be drawn again.", file=sys.stderr)
    if not request.reproducible and source == "program":
        print(f"{scheme} draws other captchas for the same seed: these will never be drawn again.", file=sys.stderr)
    processes = workers or os.cpu_count() or 1
    if _is_paid_for(turned, max_characters):
        processes = 1  # so that one process counts what is spent
        if cluster:
            raise typer.BadParameter("expected none with a paid engine, received one.", param_hint="--cluster")

    def draw() -> "Dataset":
        with progress_bar(f"drawing {scheme}", request.total) as advance:
            return write_drawn(Path(out), request, workers=processes, cluster=cluster or None, progress=advance)

    dataset = draw_logged(turned.name, {"seed": request.seed, **request.plan().model_dump(include=DRAWN)}, draw)
    if as_json:
        print(json.dumps({"path": out, "digest": dataset.digest, "counts": dataset.counts}))
    else:
        splits = ", ".join(f"{name} {n:,}" for name, n in dataset.counts.items())
        print(f"{request.total:,} captchas of {scheme} in {out}: {splits}\ndigest {dataset.digest}")


def _is_paid_for(scheme: "Scheme", max_characters: int | None) -> bool:
    """Return whether a paid engine speaks, and limit what it may cost."""
    if scheme.spec.media != "audio":
        return False
    from captcha_core.sources.audio_knobs import AudioKnobs
    from captcha_core.sources.voices.engines import is_paid, limit_spending

    assert isinstance(scheme.knobs, AudioKnobs)
    if max_characters is not None:
        limit_spending(max_characters)
    return is_paid(scheme.knobs.engine)


def _changed(scheme: "Scheme", changes: dict[str, Any], settings: list[str] | None) -> "Scheme":
    """Return the scheme with another spec and knobs."""
    from captcha_core.spec.captcha import CaptchaSpec

    characters = changes.get("alphabet", "")
    if characters and len(set(characters.casefold())) < len(characters):
        changes["case_sensitive"] = True  # both cases of a letter are drawn
    spec = CaptchaSpec.build(**{**scheme.spec.model_dump(), **changes})
    return scheme.turned(**parse_settings(settings)).model_copy(update={"spec": spec})
