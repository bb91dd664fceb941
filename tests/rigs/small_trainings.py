"""What the commands that are put to the test work on: few captchas, a network that learns next to nothing."""

from pathlib import Path

from experiments.tools.processes import set_words, works

DATA = "data/drawn"
NAME = "captcha-faults"
TRAINED_ON = (
    "--data", DATA, "--network", "image_cnn",
    *set_words("steps_per_epoch=8", "batch_size=16", "ema=0.9", "validation_samples=60"),
)  # fmt: skip


def draw(folder: Path, count: int = 400) -> None:
    """Draw a small data set into the folder."""
    works(folder, "generate", "--scheme", "digits4", "--count", str(count), "--seed", "7", "--out", DATA)


def training(*budget: str) -> list[str]:
    """Return the words of a training that takes seconds; the budget comes from :func:`epochs` or is ``--minutes M``."""
    return ["train", "--name", NAME, *TRAINED_ON, *set_words("options.filters=[8,8,8,8,8]"), *budget]


def epochs(count: int) -> list[str]:
    """Return the words of a budget of epochs."""
    return set_words(f"epochs={count}", "minutes=null")


def search(name: str, trials: int, epochs: int, *words: str) -> list[str]:
    """Return the words of a search over small networks, without repeats and bundles."""
    budget = ["--trials", str(trials), "--epochs", str(epochs), "--repeats", "0", "--bundles", "0"]
    return ["tune", "--name", name, *TRAINED_ON, *budget, *words]
