"""Which reading is meant: the one that is plainly best, else the user is asked."""

from collections.abc import Callable, Sequence

from captcha_core.errors import DataError
from captcha_core.sources.labels.names import unlabelled
from captcha_core.sources.labels.reading import Reading
from captcha_core.sources.labels.scoring import CLEAR, CONVINCING

Ask = Callable[[Sequence[Reading]], Reading]
OFFERED = 6


def choose(readings: Sequence[Reading], place: str, ask: Ask | None = None, spreadsheet: str = "") -> Reading:
    """Return the reading that is plainly meant.

    Args:
        readings: All that could be.
        place: Where the files lie, for the message.
        ask: Lets the user choose among several.
        spreadsheet: A file beside the captchas that may hold the labels, and is not read.

    Raises:
        DataError: If none is convincing or several are alike, and nobody can be asked; it lists them.
    """
    ranked = ranked_readings(readings)
    if ask is not None and ranked:
        return ask([*ranked[:OFFERED], unlabelled(list(ranked[0].labels))])
    if ranked and ranked[0].score >= CONVINCING:
        best = ranked[0]
        alike = [other for other in ranked[1:] if other.score > CLEAR * best.score]
        if not alike:
            return best
        raise DataError(_question(f"labels that can be read in one way in {place}", "several ways", ranked[:OFFERED]))
    expected = f"labels in the names, folders or a file beside the captchas in {place}"
    received = f"names that {ranked[0].fault}" if ranked and ranked[0].fault else "none that look like labels"
    if spreadsheet:
        received += f" and {spreadsheet}, a spreadsheet (save it as CSV in the same place, and it is read)"
    raise DataError(_question(expected, received, ranked[:OFFERED]))


def ranked_readings(readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings from the best on, one of each that give the same labels."""
    kept: list[Reading] = []
    for reading in sorted(readings, key=lambda one: -one.score):
        if reading.labels and not any(reading.agrees(other) for other in kept):
            kept.append(reading)
    return kept


def _question(expected: str, received: str, readings: Sequence[Reading]) -> str:
    lines = [f"  {reading.option}: {reading.words}, {reading.examples()}" for reading in readings]
    lines.append("  --label-from none --alphabet ... --length ...: no labels yet, to be labelled by hand")
    return (
        f"expected {expected}, received {received}; choose one of these (or --label-pattern 'REGEX' with a group "
        "(?P<text>...), or a file of labels beside them):\n" + "\n".join(lines)
    )
