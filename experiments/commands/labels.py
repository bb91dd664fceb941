"""``captchalab labels``: how the labelling stands, and the data set that comes of it."""

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from experiments.terminal.options import Format, check_format


def labels(
    data: Annotated[str, typer.Argument(metavar="DIR", help="Folder of a data set.")],
    out: Annotated[
        str, typer.Option(metavar="DIR", help="Also write what is labelled as a data set, over an older result.")
    ] = "",
    format: Format = "text",
) -> None:
    """Show how many captchas are labelled by hand and by models; with --out write those as a data set.

    Labels are given on the dashboard's Label page and by pseudo-label; both write DIR/labels.jsonl. Every captcha
    stays in its split; what a model labelled is left out of the test split, where only what a person read may count.
    """
    as_json = check_format(format)
    from captcha_core.dataset.labelling import open_ids, rebuild
    from captcha_core.dataset.labels import LabelLog, latest, tally
    from captcha_core.dataset.split import SPLITS
    from captcha_core.dataset.store import Dataset

    dataset = Dataset.open(data)
    log, damaged = LabelLog.of(dataset.path, dataset.spec).read()
    ids = [identity for split in SPLITS for identity in dataset.ids(split)]
    texts = [text for split in SPLITS for text in dataset.texts(split)]
    by = Counter(label.by for label in latest(log).values() if label.text is not None)
    done = tally(log)
    facts: dict[str, Any] = {
        "captchas": len(ids),
        "labelled_before": sum(text is not None for text in texts),
        "by_hand": by["hand"],
        "by_model": by["model"],
        "open": len(open_ids(ids, texts, log)),
        "guesses_accepted": done.accepted_share,
        "damaged_lines": damaged,
    }
    if out:
        built = rebuild(dataset, Path(out))
        facts |= {"path": out, "counts": built.counts, "digest": built.digest}
    if as_json:
        print(json.dumps(facts))
        return
    print(f"{facts['captchas']:,} captchas, {facts['labelled_before']:,} came with a label")
    print(f"{by['hand']:,} labelled by hand, {by['model']:,} by a model, {facts['open']:,} open")
    if done.accepted_share is not None:
        print(f"{done.accepted_share:.1%} of {done.guessed:,} guesses were right as they were")
    if damaged:
        print(f"{damaged:,} damaged lines in the log were passed over")
    if facts["open"] and not out:
        print("next: captchalab dashboard, page Label (it lists the data sets in data/), or captchalab pseudo-label")
    if out:
        print(f"{sum(built.counts.values()):,} labelled captchas in {out}")
