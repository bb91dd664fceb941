"""captchalab imitate: a scheme for captchas without labels."""

from pathlib import Path
from typing import Annotated

import typer


def imitate(
    places: Annotated[
        list[str],
        typer.Argument(metavar="FOLDER...", help="100 to 300 captchas: a folder, a zip archive, a pattern, or files."),
    ],
    out: Annotated[str, typer.Option(metavar="YAML", help="File of the scheme to write.", show_default=False)],
    alphabet: Annotated[str, typer.Option(help="Characters there can be; by default what the reader sees.")] = "",
    length: Annotated[int, typer.Option(help="Length of every text; by default what the reader sees.", min=0)] = 0,
    min_length: Annotated[int, typer.Option(help="Shortest text.", min=0)] = 0,
    max_length: Annotated[int, typer.Option(help="Longest text.", min=0)] = 0,
    model: Annotated[str, typer.Option(help="What reads them for alphabet and lengths.")] = "builtin",
    seconds: Annotated[float, typer.Option(help="Processor time of the search at most.", min=1)] = 240.0,
    seed: Annotated[int, typer.Option(help="Decides the search.", min=0)] = 0,
) -> None:
    """Fit a scheme to captchas of which you have no labels, and write it as a YAML file.

    Sizes, colours and the text's extent are read off, alphabet and lengths guessed by the builtin reader, the rest is
    searched for. Look at it with preview, correct it by hand, then: captchalab train --preset scheme.yaml --start-from
    builtin.
    """
    from captcha_core.errors import SpecError
    from captcha_core.files import write_file
    from captcha_core.progress import progress_bar
    from captcha_core.sources.expand import expand
    from captcha_core.sources.scheme_files import NAME
    from captcha_core.workflows.imitate import TRIALS
    from captcha_core.workflows.imitate import imitate as fit
    from captcha_core.yaml_files import is_yaml

    path = Path(out)
    if not is_yaml(out) or not NAME.fullmatch(path.stem):
        raise SpecError(f"expected a file such as shop.yaml for --out, received {out!r}; choose another.")
    given = length or min_length, length or max_length
    if bool(given[0]) != bool(given[1]):
        raise SpecError("expected --min-length and --max-length or neither, received one; give the other, too.")
    with progress_bar("searching", TRIALS) as advance:
        found = fit(
            (captcha.read() for captcha in expand(places)),
            path.stem,
            alphabet=alphabet,
            lengths=given if all(given) else None,
            model=model,
            seconds=seconds,
            seed=seed,
            progress=advance,
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, found.to_yaml().encode())
    spec = found.scheme.spec
    print(f"{len(found.answers):,} captchas looked at, {found.tried:,} settings tried")
    print(f"reads:    {', '.join(answer.text for answer in found.answers[:5])}")
    print(f"alphabet: {spec.alphabet}")
    print(f"lengths:  {spec.min_length} to {spec.max_length}")
    print(f"size:     {spec.height_px}x{spec.width_px} pixels, height x width")
    print(f"distance: {found.distance:.3f}; captchas of all kinds are {found.pool:.3f} away, the same kind 0")
    print(f"scheme:   {out}\nlook:     captchalab preview {out}")
