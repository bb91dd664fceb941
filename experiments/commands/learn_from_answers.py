"""``captchalab learn-from-answers``: a reader taught by a site that says yes or no."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.terminal.options import Format, LongestText, Out, ShortestText, check_format
from experiments.terminal.own_site import DIGITS, Alphabet, TextLength, lengths_of, require_own_site

if TYPE_CHECKING:
    from captcha_core.workflows.learn_from_answers import Round


def learn_from_answers(
    url: Annotated[str, typer.Option(help="Page whose form takes answers, as demo-site does.", show_default=False)],
    out: Out,
    own_site: Annotated[
        bool, typer.Option("--i-own-this-site", help="Say that the site is yours, or that you may attack it.")
    ] = False,
    alphabet: Alphabet = DIGITS,
    length: TextLength = 0,
    min_length: ShortestText = 0,
    max_length: LongestText = 0,
    model: Annotated[str, typer.Option(help="Reads the first captchas.")] = "builtin",
    submissions: Annotated[int, typer.Option(help="Answers at most.", min=1)] = 1000,
    each: Annotated[int, typer.Option(help="Answers between two trainings.", min=10)] = 200,
    until: Annotated[float, typer.Option(help="Stop when such a share of a round is accepted.", min=0, max=1)] = 0.95,
    minutes: Annotated[float, typer.Option(help="Of each training at most.", min=0.05)] = 2.0,
    name: Annotated[str, typer.Option(help="Registered model.")] = "captcha-answers",
    seed: Annotated[int, typer.Option(help="Decides the trainings.", min=0)] = 0,
    format: Format = "text",
) -> None:
    """Learn a captcha of your own from accept and refuse alone, to see how much a form gives away.

    Each round answers captchas with the best reader so far, keeps what was accepted as labels, and trains the next
    from the builtin one. It tells after how many answers and refusals half and nine tenths were accepted, which says
    what limits on tries are worth. What was asked before a stop is kept in OUT.part: the same command goes on.

    Try: captchalab demo-site --scheme digits4, and: captchalab learn-from-answers --url http://127.0.0.1:8600/
    --length 4 --out data/answers --i-own-this-site
    """
    as_json = check_format(format)
    require_own_site(own_site, "site")
    lengths = lengths_of(length, min_length, max_length)
    from captcha_core.progress import progress_bar
    from captcha_core.sources.answer_site import AnswerSite
    from captcha_core.workflows.learn_from_answers import Learning

    with AnswerSite(url) as site, progress_bar("answering", submissions, "captchas") as advance:
        learning = Learning(site, Path(out), alphabet, lengths, model, each, minutes, name, seed)
        rounds = learning.run(submissions, until, advance)
    if as_json:
        print(json.dumps({"data": out, "rounds": [_record(one) for one in rounds]}))
        return
    print("\n".join(_report(rounds)))
    print(f"{learning.buffer.folder} holds what was asked, {out} what was learnt from", file=sys.stderr)


def _record(one: "Round") -> dict[str, object]:
    return {
        "model": one.model, "submissions": one.submissions, "refused": one.refusals, **one.accepted.as_dict(),
    }  # fmt: skip


def _report(rounds: "Sequence[Round]") -> list[str]:
    """Return a line a round, and when which share was reached."""
    from captcha_core.workflows.learn_from_answers import REACHED, reached

    lines = [f"{'answers':>8} {'refused':>8}  accepted of this round's, and the model that answered"]
    lines += [f"{one.submissions:8,} {one.refusals:8,}  {one.accepted}  {one.model}" for one in rounds]
    for share in REACHED:
        first = reached(rounds, share)
        if first is None:
            lines.append(f"{share:.0%} of a round accepted: not reached")
        elif first is rounds[0]:
            lines.append(f"{share:.0%} of a round accepted: from the first answer on, without any training")
        else:
            before = first.submissions - first.accepted.n
            refusals = first.refusals - (first.accepted.n - first.accepted.hits)
            lines.append(f"{share:.0%} of a round accepted: after {before:,} answers, {refusals:,} of them refused")
    return lines
