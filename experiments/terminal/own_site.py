"""What commands share that ask a site of your own: your word for it, and what its texts are, which nobody has read."""

from typing import Annotated

import typer

DIGITS = "0123456789"
Alphabet = Annotated[str, typer.Option(help="Characters there can be.")]
TextLength = Annotated[int, typer.Option(help="Length of every text; or give the shortest and longest.", min=0)]


def require_own_site(stated: bool, what: str) -> None:
    """Refuse to ask a page or site that the user has not said to be his own."""
    if not stated:
        raise typer.BadParameter(
            f"expected your word that the {what} is yours, received none; add the flag if it is.",
            param_hint="--i-own-this-site",
        )


def lengths_of(length: int, min_length: int, max_length: int) -> tuple[int, int]:
    """Return the shortest and the longest length of texts that nobody has read yet."""
    if not (length or (min_length and max_length)):
        raise typer.BadParameter(
            "expected how long the texts are, received nothing; give it, or --min-length and --max-length.",
            param_hint="--length",
        )
    return length or min_length, length or max_length
