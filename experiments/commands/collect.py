"""``captchalab collect``: captchas from a page of your own."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from experiments.terminal.options import Format, LongestText, Out, ShortestText, check_format
from experiments.terminal.own_site import DIGITS, Alphabet, TextLength, lengths_of, require_own_site


def collect(
    url: Annotated[str, typer.Option(help="Page that shows one captcha.", show_default=False)],
    selector: Annotated[str, typer.Option(help="CSS selector of the captcha's element.", show_default=False)],
    count: Annotated[int, typer.Option(help="How many different captchas.", min=1, show_default=False)],
    out: Out,
    own_site: Annotated[
        bool, typer.Option("--i-own-this-site", help="Say that the page is yours, or that you may collect from it.")
    ] = False,
    alphabet: Alphabet = DIGITS,
    length: TextLength = 0,
    min_length: ShortestText = 0,
    max_length: LongestText = 0,
    refresh: Annotated[
        str, typer.Option(help="CSS selector of a control that brings a new captcha; else the page is loaded again.")
    ] = "",
    delay_s: Annotated[float, typer.Option(help="Seconds between two captchas.", min=0)] = 1.0,
    timeout_s: Annotated[float, typer.Option(help="Seconds that a page may take.", min=0.1)] = 15.0,
    browser: Annotated[str, typer.Option(metavar="PATH", help="Browser; by default the first installed.")] = "",
    split: Annotated[str, typer.Option(help="train/validation/test as shares or counts.")] = "0.6/0.2/0.2",
    format: Format = "text",
) -> None:
    """Collect captchas from a page of your own into a data set without labels, with a browser that is installed.

    The element's own bytes are taken, repeated captchas are dropped, and the browser is kept to the page's host. What
    was collected before a stop is kept in OUT.part: the same command goes on from there.
    """
    as_json = check_format(format)
    require_own_site(own_site, "page")
    lengths = lengths_of(length, min_length, max_length)
    from captcha_core.dataset.collection import CollectionBuffer
    from captcha_core.dataset.store import MANIFEST
    from captcha_core.errors import DataError
    from captcha_core.progress import progress_bar
    from captcha_core.sources.browser import CollectOptions
    from captcha_core.sources.browser import collect as collected
    from captcha_core.sources.import_spec import SpecOverrides

    options = CollectOptions(url, selector, count, refresh or None, delay_s, timeout_s, browser or None)
    if (Path(out) / MANIFEST).exists():
        raise DataError(f"expected a new folder, received the finished data set {out}; choose another --out.")
    overrides = SpecOverrides(*lengths, alphabet, case_sensitive=True)
    buffer = CollectionBuffer(Path(out))
    known = {sample.id for sample in buffer.samples()}
    if known:
        print(f"going on behind {len(known):,} captchas in {buffer.folder}", file=sys.stderr)
    with progress_bar("collecting", count, "captchas") as advance:
        advance(len(known))
        for sample in collected(options, known):
            buffer.add(sample)
            advance(1)
    pictured = sum(sample.origin.get("taken_from") == "screenshot" for sample in buffer.samples())
    if pictured:
        print(
            f"note: {selector!r} has no picture of its own, so {pictured:,} captchas are screenshots; preview them",
            file=sys.stderr,
        )
    dataset = buffer.finish(overrides, split)
    if as_json:
        print(json.dumps({"path": out, "counts": dataset.counts, "digest": dataset.digest}))
        return
    print(f"{sum(dataset.counts.values()):,} captchas in {out}, not labelled yet")
    print("next: captchalab dashboard, page Label (it lists the data sets in data/)")
