"""``captchalab import``: labelled files that somebody else made become a data set."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captcha_core.native import DATA_MB, require_address_space
from experiments.terminal.options import Format, Out, SplitBy, check_format, check_split_by

if TYPE_CHECKING:
    from captcha_core.dataset.store import Dataset
    from captcha_core.sources.folders import Listing, Reject
    from captcha_core.sources.import_survey import Survey

SHOWN = 20
LABEL_FROM = ("filename", "name", "name-start", "name-end", "csv", "folder", "none")


def import_data(
    source: Annotated[str, typer.Argument(metavar="SRC", help="Folder, zip archive, CSV or TFRecord files.")],
    out: Out,
    label_from: Annotated[
        str,
        typer.Option(
            help="filename works out which of name (TEXT.png), name-start (TEXT_anything.png) and name-end "
            "(INDEX_TEXT.png) it is; csv: a table of file and text; folder: a folder per text; none: not labelled. "
            "Without it: a labels.csv where there is one, else what the names look like."
        ),
    ] = "",
    alphabet: Annotated[str, typer.Option(help="Characters there can be; by default those observed.")] = "",
    length: Annotated[int, typer.Option(help="Length of every text; by default those observed.", min=0)] = 0,
    min_length: Annotated[int, typer.Option(help="Shortest text.", min=0)] = 0,
    max_length: Annotated[int, typer.Option(help="Longest text.", min=0)] = 0,
    case_insensitive: Annotated[bool, typer.Option(help="Upper and lower case are one character.")] = False,
    channels: Annotated[int, typer.Option(help="1 grey, 3 colour; by default what shows.", min=0, max=3)] = 0,
    height: Annotated[int, typer.Option(help="Height in pixels; by default the commonest.", min=0)] = 0,
    width: Annotated[int, typer.Option(help="Width in pixels; by default the commonest.", min=0)] = 0,
    rate: Annotated[int, typer.Option(help="Sample rate in Hz; by default the commonest.", min=0)] = 0,
    max_seconds: Annotated[float, typer.Option(help="Longest clip; by default the longest there is.", min=0)] = 0.0,
    split: Annotated[
        str,
        typer.Option(help="train/validation/test as shares or counts; keep: as folders or the CSV name them."),
    ] = "0.7/0.1/0.2",
    split_by: SplitBy = "content",
    strict: Annotated[bool, typer.Option(help="Fail when any file is left out, and write nothing.")] = False,
    format: Format = "text",
) -> None:
    """Import labelled captchas from a folder, a zip archive, a CSV or TFRecord files.

    The specification is worked out from the files. The files themselves are stored untouched. What cannot be used is
    listed with the reason, here and in rejects.csv.
    """
    as_json = check_format(format)
    require_address_space(DATA_MB)
    by = check_split_by(split_by)
    if label_from not in ("", *LABEL_FROM):
        expected = ", ".join(LABEL_FROM)
        raise typer.BadParameter(f"expected one of {expected}, received {label_from!r}.", param_hint="--label-from")
    from captcha_core.dataset.import_files import write_import
    from captcha_core.errors import DataError
    from captcha_core.progress import progress_bar
    from captcha_core.sources.folders import list_labelled
    from captcha_core.sources.import_survey import SpecOverrides, fit, spec_of, survey

    overrides = SpecOverrides(
        alphabet=alphabet or None,
        min_length=length or min_length or None,
        max_length=length or max_length or None,
        case_sensitive=not case_insensitive,
        channels=channels or None,
        height_px=height or None,
        width_px=width or None,
        rate_hz=rate or None,
        max_seconds=max_seconds or None,
    )
    listing = list_labelled(Path(source), label_from or None)
    with progress_bar(f"reading {source}", len(listing.entries), "files") as advance:
        seen = survey(listing, advance, overrides.case_sensitive)
    try:
        spec = spec_of(seen, overrides)
        fit(seen, spec)
        if strict and seen.rejects:
            raise DataError(
                f"expected every file to be usable (--strict), received {len(seen.rejects):,} that are not; correct "
                "them or leave --strict out."
            )
    except DataError:
        _print_rejects(seen.rejects)
        raise
    with progress_bar(f"writing {out}", len(seen.files)) as advance:
        dataset = write_import(Path(out), listing, seen, spec, split=split, split_by=by, progress=advance)
    _print_rejects(seen.rejects)
    if as_json:
        print(json.dumps(_summary(dataset, listing, seen)))
    else:
        print("\n".join(_lines(dataset, listing, seen)))


def _print_rejects(rejects: "Iterable[Reject]") -> None:
    rejects = sorted(rejects, key=lambda reject: reject.name)
    for reject in rejects[:SHOWN]:
        print(f"left out {reject.name}: {reject.reason}", file=sys.stderr)
    if len(rejects) > SHOWN:
        print(f"left out {len(rejects) - SHOWN:,} more.", file=sys.stderr)


def _summary(dataset: "Dataset", listing: "Listing", seen: "Survey") -> dict[str, object]:
    return {
        "path": str(dataset.path),
        "spec": json.loads(dataset.spec.to_json()),
        "counts": dataset.counts,
        "digest": dataset.digest,
        "label_rule": listing.rule,
        "sizes_px": {f"{height}x{width}": n for (height, width), n in seen.sizes_px.most_common()},
        "rates_hz": dict(seen.rates_hz.most_common()),
        "lengths": dict(sorted(seen.lengths.items())),
        "repeated": seen.repeated,
        "rejects": [{"file": reject.name, "reason": reject.reason} for reject in seen.rejects],
    }


def _lines(dataset: "Dataset", listing: "Listing", seen: "Survey") -> Iterable[str]:
    from captcha_core.sources.label_rules import EXAMPLES

    spec = dataset.spec
    example = seen.entries[0]
    lengths = ", ".join(f"{length} ({n:,})" for length, n in sorted(seen.lengths.items()))
    splits = ", ".join(f"{split} {n:,}" for split, n in dataset.counts.items())
    yield f"{len(seen.files):,} captchas imported, {len(seen.rejects):,} files left out"
    yield f"labels:   {EXAMPLES[listing.rule]}, as in {_printable(example.name)} -> {example.text}"
    yield f"alphabet: {spec.alphabet}" + (" (case does not matter)" if spec.folds_case else "")
    yield f"lengths:  {lengths}"
    yield f"media:    {_media(dataset, seen)}"
    yield f"splits:   {splits}"
    where = "in the splits that they came with" if dataset.manifest.split.by == "given" else "always in one split"
    yield f"repeated: {seen.repeated:,} captchas are there more than once, {where}"
    if seen.rejects:
        yield f"reasons:  {dataset.path / 'rejects.csv'}"
    yield f"digest:   {dataset.digest}"
    yield f"folder:   {dataset.path}"


def _printable(name: str) -> str:
    """Return a file's name as it can be printed: on disk it need not be Unicode."""
    return name.encode(errors="backslashreplace").decode()


def _media(dataset: "Dataset", seen: "Survey") -> str:
    spec = dataset.spec
    if spec.media == "audio":
        rates = ", ".join(f"{rate:,} Hz ({n:,})" for rate, n in seen.rates_hz.most_common(5))
        return f"clips of {rates}; networks hear {spec.rate_hz:,} Hz, at most {spec.seconds:g} s"
    sizes = ", ".join(f"{height}x{width} ({n:,})" for (height, width), n in seen.sizes_px.most_common(5))
    colour = "colour" if spec.channels == 3 else "grey"
    return f"pictures of {sizes} pixels, height x width; networks see {spec.height_px}x{spec.width_px} in {colour}"
