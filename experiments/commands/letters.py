"""``captchalab letters``: labelled captchas become labelled letters."""

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.terminal.options import Format, Out, check_format

if TYPE_CHECKING:
    from captcha_core.features.extract_letters import Failure
    from captcha_core.spec.captcha import CaptchaSpec
    from captcha_core.spec.sample import Sample

SHOWN = 10


def letters(
    data: Annotated[str, typer.Argument(metavar="DIR", help="Folder of a data set with labels.")],
    out: Out,
    side_px: Annotated[int, typer.Option(help="Side of a letter's square.", min=12, max=128)] = 28,
    format: Format = "text",
) -> None:
    """Cut the labelled captchas of a data set into letters.

    OUT/letters holds a folder for each character, OUT/dataset the same letters as a data set, each letter in the split
    of its captcha. Give either to train --letters, for which misplaced files of OUT/letters may be moved. What could
    not be cut is listed in OUT/failures.csv and drawn in OUT/failures.
    """
    as_json = check_format(format)
    from captcha_core.dataset.in_memory import with_split, write_samples
    from captcha_core.dataset.split import KEEP, SPLITS
    from captcha_core.dataset.store import Dataset
    from captcha_core.errors import DataError
    from captcha_core.features.extract_letters import Failure, extract_letters
    from captcha_core.features.segmentation.segment import Segmentation
    from captcha_core.files import new_folder, require_new
    from captcha_core.progress import progress_bar
    from captcha_core.spec.captcha import CaptchaSpec

    dataset, place = Dataset.open(data), Path(out)
    require_new(place)  # now, not after the cutting
    found: list[Sample] = []
    failures: list[Failure] = []
    captchas = 0
    with progress_bar("cutting", sum(dataset.counts.values()), "captchas") as advance:
        for split in SPLITS:
            for result in extract_letters(dataset.samples(split), dataset.spec, Segmentation(side_px=side_px)):
                advance(1)
                captchas += 1
                if isinstance(result, Failure):
                    failures.append(result)
                else:
                    found += [with_split(letter.sample, split) for letter in result]
    if not captchas:
        raise DataError(f"expected labelled captchas in {data}, received none; label some first.")
    spec = CaptchaSpec.build(
        media="image",
        alphabet=dataset.spec.alphabet,
        min_length=1,
        max_length=1,
        case_sensitive=dataset.spec.case_sensitive,
        height_px=side_px,
        width_px=side_px,
        channels=1,
    )
    with new_folder(place) as fresh:
        _write_failures(fresh, failures, dataset.spec)
        if found:
            _write_folders(fresh / "letters", found)
            written = write_samples(fresh / "dataset", spec, found, "letters", KEEP)
    if not found:
        raise DataError(
            f"expected captchas that can be cut, received {captchas:,} that cannot; look at {out}/failures."
        )
    if as_json:
        facts = {"captchas": captchas, "letters": len(found), "failures": len(failures), "digest": written.digest}
        print(json.dumps({"path": out, **facts, "counts": written.counts}))
        return
    print(f"{len(found):,} letters of {captchas - len(failures):,} captchas, {len(failures):,} could not be cut")
    print(f"a folder for each character: {out}/letters; the same as a data set: {out}/dataset")
    for failure in failures[:SHOWN]:
        print(f"not cut: {failure.sample.path}: {failure.reason}", file=sys.stderr)
    if len(failures) > SHOWN:
        print(f"and {len(failures) - SHOWN:,} more in {out}/failures.csv", file=sys.stderr)


def _write_folders(place: "Path", found: "list[Sample]") -> None:
    from captcha_core.sources.labels.names import folder_of

    for letter in found:
        folder = place / folder_of(letter.text or "")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / letter.path).write_bytes(letter.media)


def _write_failures(place: "Path", failures: "list[Failure]", spec: "CaptchaSpec") -> None:
    if not failures:
        return
    from captcha_core.features.extract_letters import draw_failure

    (place / "failures").mkdir()
    with (place / "failures.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "file", "text", "components", "reason"])
        for failure in failures:
            sample = failure.sample
            table.writerow([sample.id, sample.path, sample.text, len(failure.boxes_px), failure.reason])
            (place / "failures" / f"{sample.id}.png").write_bytes(draw_failure(failure, spec))
