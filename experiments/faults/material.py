"""What the commands that are put to the test work on: few captchas, a network that learns next to nothing."""

from pathlib import Path

from experiments.faults.commands import works

DATA = "data/drawn"
NAME = "captcha-faults"
RECIPE = ("steps_per_epoch=8", "batch_size=16", "ema=0.9", "validation_samples=60")


def drawn(folder: Path, count: int = 400) -> None:
    """Draw a small data set into the folder."""
    works(folder, "generate", "--scheme", "digits4", "--count", str(count), "--seed", "7", "--out", DATA)


def training(*budget: str) -> list[str]:
    """Return the words of a training that takes seconds; the budget comes from :func:`epochs` or is ``--minutes M``."""
    return ["train", "--name", NAME, *trained_on(), *settings("options.filters=[8,8,8,8,8]"), *budget]


def trained_on() -> list[str]:
    """Return the words of the data, the network and the recipe."""
    return ["--data", DATA, "--network", "image_cnn", *settings(*RECIPE)]


def epochs(count: int) -> list[str]:
    return settings(f"epochs={count}", "minutes=null")


def settings(*pairs: str) -> list[str]:
    return [word for pair in pairs for word in ("--set", pair)]
