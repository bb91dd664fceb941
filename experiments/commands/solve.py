"""captchalab solve: read files."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.terminal.options import Format, Model, check_format

if TYPE_CHECKING:
    from captcha_core.solver import Solver
    from captcha_core.spec.answer import Answer


def solve(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="Images or clips, folders and zip archives of them, patterns, or - for stdin."
        ),
    ],
    model: Model = "builtin",
    min_confidence: Annotated[
        float, typer.Option(help="Refuse answers that are less sure than this.", min=0, max=1)
    ] = 0.0,
    alphabet: Annotated[str, typer.Option(help="Characters there can be; by default all that the model knows.")] = "",
    length: Annotated[int, typer.Option(help="Length of every text.", min=0)] = 0,
    min_length: Annotated[int, typer.Option(help="Shortest text.", min=0)] = 0,
    max_length: Annotated[int, typer.Option(help="Longest text.", min=0)] = 0,
    output: Format = "text",
) -> None:
    """Read captchas: a line a file, or a JSON line with the confidence of each character.

    Of a sum, what it comes to is behind the confidence; where the text is no sum, stderr says why.

    Without --model the reader that ships with captchalab is used: it knows digits, letters of both cases and the signs
    of sums; --alphabet and --length help it most. Every file is tried, one after the other; the exit code is 1 if one
    could not be read, or not with --min-confidence.
    """
    as_json = check_format(output)
    from captcha_core.errors import CaptchaError
    from captcha_core.models.decode import Limits
    from captcha_core.solver import Solver
    from captcha_core.sources.expand import expand

    solver = Solver.load(model)
    limits = Limits.of(solver.spec, alphabet or None, min_length or length or None, max_length or length or None)
    if model == "builtin":
        typer.echo("read by the builtin reader; --model reads with a model of your own", err=True)
    failed = 0
    for captcha in expand(files):
        try:
            answer = solver.solve(captcha.read(), limits)
            _require_sure(answer, min_confidence)
        except CaptchaError as error:
            failed += 1
            typer.echo(f"Error: {captcha.name}: {error}", err=True)
            continue
        print(_json_line(captcha.name, answer, solver) if as_json else _line(captcha.name, answer), flush=True)
        if answer.refusal:
            typer.echo(f"{captcha.name}: {answer.refusal}", err=True)
    raise typer.Exit(1 if failed else 0)


def _require_sure(answer: "Answer", min_confidence: float) -> None:
    from captcha_core.errors import DataError

    if answer.confidence < min_confidence:
        raise DataError(
            f"expected an answer that is at least {min_confidence:g} sure, received {answer.text!r}, which is "
            f"{answer.confidence:.3f}; read it yourself, or lower --min-confidence."
        )


def _line(name: str, answer: "Answer") -> str:
    worked_out = "" if answer.answer is None else f"\t{answer.answer}"
    return f"{name}\t{answer.text}\t{answer.confidence:.3f}{worked_out}"


def _json_line(name: str, answer: "Answer", solver: "Solver") -> str:
    line = {
        "file": name,
        "text": answer.text,
        **({"answer": answer.typed, "refusal": answer.refusal} if solver.spec.answer == "arithmetic" else {}),
        "confidence": round(answer.confidence, 6),
        "characters": [{"character": c.character, "confidence": round(c.confidence, 6)} for c in answer.characters],
        "elapsed_ms": round(answer.elapsed_ms, 3),
        "model": asdict(solver.model),
    }
    return json.dumps(line, ensure_ascii=False)
