"""Where people are talked to: stderr, so that stdout stays for results."""

from rich.console import Console

console = Console(stderr=True, highlight=False)
