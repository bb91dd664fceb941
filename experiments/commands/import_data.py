"""``captchalab import``: labelled files that somebody else made become a data set."""

import json
import shlex
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from captcha_core.native import DATA_MB, require_address_space
from experiments.terminal.options import Format, LongestText, Out, ShortestText, SplitBy, check_format, check_split_by

if TYPE_CHECKING:
    from captcha_core.dataset.store import Dataset
    from captcha_core.sources.folders import Listing
    from captcha_core.sources.import_survey import Survey
    from captcha_core.sources.labels.reading import Reading, Reject
    from captcha_core.spec.captcha import AnswerKind, Frame

SHOWN = 20
EXAMPLES = 5
SHEET_SAMPLES = 24
FRAME_WORDS = {
    "first": "the first", "last": "the last", "fullest": "the fullest", "median": "the median of all",
    "union": "the union of all",
}  # fmt: skip
SHEET = "sheet.png"


def import_data(
    source: Annotated[
        str, typer.Argument(metavar="SRC", help="Folder, zip archive, file of labels or TFRecord files.")
    ],
    out: Out,
    label_from: Annotated[
        str,
        typer.Option(
            help="filename: name (TEXT.png), name-start (TEXT_anything.png) or name-end (INDEX_TEXT.png), whichever it "
            "is; folder: a folder per text; csv: a table of file and text; file: any file of labels, or its name, as "
            "labels.json; beside: NAME.txt beside NAME.png; none: not labelled. Without it: what is plainly meant; "
            "where that is in doubt, the choices are listed."
        ),
    ] = "",
    label_pattern: Annotated[
        str, typer.Option(metavar="REGEX", help="Finds the label in a file's path by its group (?P<text>...).")
    ] = "",
    ask: Annotated[
        bool, typer.Option("--ask", help="Choose among the ways to read the labels (on a terminal).")
    ] = False,
    alphabet: Annotated[str, typer.Option(help="Characters there can be; by default those observed.")] = "",
    length: Annotated[int, typer.Option(help="Length of every text; by default those observed.", min=0)] = 0,
    min_length: ShortestText = 0,
    max_length: LongestText = 0,
    case_insensitive: Annotated[bool, typer.Option(help="Upper and lower case are one character.")] = False,
    answer: Annotated[
        str,
        typer.Option(
            help="text: what is there is asked for; arithmetic: what the sum that is there comes to. By default "
            "arithmetic where the labels are sums, such as 3+4=?."
        ),
    ] = "",
    channels: Annotated[int, typer.Option(help="1 grey, 3 colour; by default what shows.", min=0, max=3)] = 0,
    height: Annotated[int, typer.Option(help="Height in pixels; by default the commonest.", min=0)] = 0,
    width: Annotated[int, typer.Option(help="Width in pixels; by default the commonest.", min=0)] = 0,
    frame: Annotated[
        str,
        typer.Option(
            help="Which frame of moving pictures counts: first, last, fullest, median or union of all; by default what "
            "fits most of them."
        ),
    ] = "",
    rate: Annotated[int, typer.Option(help="Sample rate in Hz; by default the commonest.", min=0)] = 0,
    max_seconds: Annotated[
        float, typer.Option(help="Longest clip; by default a tenth more than the longest.", min=0)
    ] = 0.0,
    split: Annotated[
        str,
        typer.Option(help="train/validation/test as shares or counts; keep: as folders or the CSV name them."),
    ] = "0.7/0.1/0.2",
    split_by: SplitBy = "content",
    strict: Annotated[bool, typer.Option(help="Fail when any file is left out, and write nothing.")] = False,
    format: Format = "text",
) -> None:
    """Import labelled captchas from a folder, a zip archive, a file of labels or TFRecord files.

    What the labels are is worked out from all names, folders and files of labels together, the specification from the
    files. The files themselves are stored untouched. What cannot be used is listed with the reason, here and in
    rejects.csv.
    """
    as_json = check_format(format)
    require_address_space(DATA_MB)
    by = check_split_by(split_by)
    from captcha_core.dataset.import_files import write_import
    from captcha_core.errors import DataError
    from captcha_core.media.frames import FRAMES
    from captcha_core.progress import progress_bar
    from captcha_core.sources.folders import RULES, list_labelled
    from captcha_core.sources.import_spec import SpecOverrides, spec_of
    from captcha_core.sources.import_survey import fit, survey
    from captcha_core.sources.labels.tables import TABLE_SUFFIXES
    from captcha_core.sources.oddities import oddities
    from captcha_core.workflows.letter_case import NOTES, ignores_case

    if label_from not in ("", *RULES) and not label_from.lower().endswith(TABLE_SUFFIXES):
        expected = f"one of {', '.join(RULES)} or a file of labels ({', '.join(TABLE_SUFFIXES)})"
        raise typer.BadParameter(f"expected {expected}, received {label_from!r}.", param_hint="--label-from")
    if answer not in ("", "text", "arithmetic"):
        raise typer.BadParameter(f"expected text or arithmetic, received {answer!r}.", param_hint="--answer")
    if frame not in ("", *FRAMES):
        raise typer.BadParameter(f"expected one of {', '.join(FRAMES)}, received {frame!r}.", param_hint="--frame")
    if ask and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise typer.BadParameter("expected a terminal to ask on, received none; leave it out.", param_hint="--ask")

    overrides = SpecOverrides(
        alphabet=alphabet or None,
        min_length=length or min_length or None,
        max_length=length or max_length or None,
        case_sensitive=not case_insensitive,
        answer=cast("AnswerKind | None", answer or None),
        frame=cast("Frame | None", frame or None),
        channels=channels or None,
        height_px=height or None,
        width_px=width or None,
        rate_hz=rate or None,
        max_seconds=max_seconds or None,
    )
    listing = list_labelled(
        Path(source),
        label_from or None,
        hints=overrides,
        pattern=label_pattern or None,
        ask=_ask if ask else None,
    )
    with progress_bar(f"reading {source}", len(listing.entries), "files") as advance:
        seen = survey(listing, advance, overrides.case_sensitive)
    try:
        spec = spec_of(seen, overrides)
        if not alphabet and ignores_case(listing, spec):
            overrides = replace(overrides, case_sensitive=False)
            seen = survey(listing, case_sensitive=False)
            spec = spec_of(seen, overrides)
            print(NOTES[spec.media], file=sys.stderr)
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
    odd = oddities(listing, seen, spec)
    sheet = _write_sheet(dataset)
    if as_json:
        print(json.dumps(_summary(dataset, listing, seen) | {"odd": odd, "sheet": sheet}))
    else:
        odd_lines = [f"odd:      {line}" for line in odd]
        print("\n".join([*_lines(dataset, listing, seen), *odd_lines, *_last(dataset, seen, sheet)]))


def _ask(readings: "Sequence[Reading]") -> "Reading":
    """Let the user choose how the labels are read, the best first."""
    for number, reading in enumerate(readings, start=1):
        print(f"{number}. {reading.words}: {reading.examples()}  ({reading.option})", file=sys.stderr)
    chosen = 0
    while not 1 <= chosen <= len(readings):
        chosen = typer.prompt("Which are the labels?", default=1, type=int, err=True)
    return readings[chosen - 1]


def _write_sheet(dataset: "Dataset") -> str:
    """Write a page of examples with their labels into the data set; return its path, empty where there is none."""
    from captcha_core.dataset.sheet import contact_sheet
    from captcha_core.errors import CaptchaError
    from captcha_core.files import write_file
    from captcha_core.media.image import encode_png

    samples = next((found for split in dataset.counts if (found := dataset.spread(split, SHEET_SAMPLES))), [])
    try:
        page = contact_sheet(samples, dataset.spec, columns=6 if dataset.spec.media == "image" else 3)
        write_file(dataset.path / SHEET, encode_png(page))
    except (CaptchaError, OSError):  # the data set is whole without it
        return ""
    return str(dataset.path / SHEET)


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
    spec = dataset.spec
    lengths = ", ".join(f"{length} ({n:,})" for length, n in sorted(seen.lengths.items()))
    splits = ", ".join(f"{split} {n:,}" for split, n in dataset.counts.items())
    yield f"{len(seen.files):,} captchas imported, {len(seen.rejects):,} files left out"
    yield f"labels:   {listing.reading.words}"
    kept = replace(listing.reading, labels={entry.name: entry.text for entry in seen.entries})
    yield f"as in     {kept.examples(EXAMPLES) or 'none: they are to be labelled by hand'}"
    yield f"alphabet: {spec.alphabet}" + (" (case does not matter)" if spec.folds_case else "")
    yield f"lengths:  {lengths}"
    if spec.answer == "arithmetic":
        yield f"answer:   what the sum comes to{_worked_out(seen)}; --answer text: the sum itself"
    yield f"media:    {_media(dataset, seen)}"
    if moving := sum(picture.frame is not None for picture in seen.pictures):
        yield f"moving:   {moving:,} pictures; of their frames {FRAME_WORDS[spec.frame]} counts (--frame names another)"
    yield f"splits:   {splits}"
    where = "in the splits that they came with" if dataset.manifest.split.by == "given" else "always in one split"
    yield f"repeated: {seen.repeated:,} captchas are there more than once, {where}"


def _worked_out(seen: "Survey") -> str:
    from captcha_core.spec.arithmetic import answer_of

    text = next((entry.text for entry in seen.entries if entry.text), None)
    return f", as in {text} -> {answer_of(text)}" if text else ""


def _last(dataset: "Dataset", seen: "Survey", sheet: str) -> Iterable[str]:
    if (dataset.path / "rejects.csv").exists():
        yield f"reasons:  {dataset.path / 'rejects.csv'}"
    empty = [split for split, count in dataset.counts.items() if not count and dataset.manifest.split.by != "given"]
    if empty:
        yield f"odd:      no captcha is in {' and '.join(empty)}: import more, or name other shares with --split"
    yield f"digest:   {dataset.digest}"
    yield f"folder:   {dataset.path}"
    yield f"look:     {sheet or f'captchalab preview {dataset.path}'}"
    if any(entry.text is not None for entry in seen.entries):
        yield f"next:     captchalab train --data {shlex.quote(str(dataset.path))}"
    else:
        yield "next:     captchalab dashboard, page Label (it lists the data sets in data/)"


def _media(dataset: "Dataset", seen: "Survey") -> str:
    spec = dataset.spec
    if spec.media == "audio":
        rates = ", ".join(f"{rate:,} Hz ({n:,})" for rate, n in seen.rates_hz.most_common(5))
        return f"clips of {rates}; networks hear {spec.rate_hz:,} Hz, at most {spec.seconds:g} s"
    sizes = ", ".join(f"{height}x{width} ({n:,})" for (height, width), n in seen.sizes_px.most_common(5))
    colour = "colour" if spec.channels == 3 else "grey"
    return f"pictures of {sizes} pixels, height x width; networks see {spec.height_px}x{spec.width_px} in {colour}"
