"""captchalab solve: read files."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from experiments.terminal.options import Format, Model, check_format


def solve(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Images or clips.")],
    model: Model = "builtin",
    output: Format = "text",
) -> None:
    """Read captchas: a line a file, or a JSON line with the confidence of each character.

    Without --model the reader that ships with captchalab is used: it knows digits, letters of both cases and the signs
    of sums. Every file is tried; the exit code is 1 if one could not be read.
    """
    as_json = check_format(output)
    from captcha_core.errors import CaptchaError
    from captcha_core.files import read_media
    from captcha_core.solver import Solver

    solver = Solver.load(model)
    if model == "builtin":
        typer.echo("read by the builtin reader; --model reads with a model of your own", err=True)
    failed = 0
    for file in files:
        try:
            answer = solver.solve(read_media(Path(file)))
        except CaptchaError as error:
            failed += 1
            typer.echo(f"Error: {file}: {error}", err=True)
            continue
        if as_json:
            characters = [{"character": c.character, "confidence": round(c.confidence, 6)} for c in answer.characters]
            line = {
                "file": file,
                "text": answer.text,
                "confidence": round(answer.confidence, 6),
                "characters": characters,
                "elapsed_ms": round(answer.elapsed_ms, 3),
                "model": asdict(solver.model),
            }
            print(json.dumps(line, ensure_ascii=False))
        else:
            print(f"{file}\t{answer.text}\t{answer.confidence:.3f}")
    raise typer.Exit(1 if failed else 0)
