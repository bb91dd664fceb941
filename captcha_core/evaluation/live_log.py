"""What a served model was asked for, on disk: a line of histograms for some captchas each, and when that was."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from captcha_core.errors import DataError
from captcha_core.evaluation.drift import Histograms
from captcha_core.journal import Journal

LIVE = Path("live")  # where a server keeps them unless told otherwise
MAX_BYTES = 4 * 2**20  # of a file, some 500,000 captchas; then it is put aside and the one before goes


@dataclass(frozen=True)
class Period:
    """Histograms of captchas that came between two times (UTC, ISO 8601)."""

    since: str
    until: str
    histograms: Histograms


@dataclass(frozen=True)
class LiveLog:
    """The file of one version of a model; servers add to it, a question for drift reads it.

    Args:
        folder: Where the files of all models lie.
        model: The model's name.
        version: Its version, empty for a bundle's folder.
    """

    folder: Path
    model: str
    version: str = ""

    @property
    def path(self) -> Path:
        """The file; it need not be there yet."""
        return self.folder / f"{quote(self.model, safe='')}-{self.version or 'bundle'}.jsonl"

    def append(self, period: Period) -> None:
        """Add a line.

        Raises:
            OSError: If the disk does not take it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.path.is_file() and self.path.stat().st_size > MAX_BYTES:
            self.path.replace(self.path.with_suffix(".old"))
        record = {"since": period.since, "until": period.until, "histograms": period.histograms.as_dict()}
        Journal(self.path).append([json.dumps(record)])

    def last(self, count: int) -> Period | None:
        """Return the newest lines that hold at least ``count`` captchas together, or all; None where there are none."""
        together, since, until = Histograms(), "", ""
        for period in reversed(self.periods()):
            if together.n >= count:
                break
            together.merge(period.histograms)
            since, until = period.since, until or period.until
        return Period(since, until, together) if together.n else None

    def periods(self) -> Sequence[Period]:
        """Return all lines that are whole, in their order; those of another form are passed over."""
        found = []
        for line in Journal(self.path).lines():
            try:
                record = json.loads(line)
                histograms = Histograms.from_dict(record["histograms"])
                found.append(Period(str(record["since"]), str(record["until"]), histograms))
            except (ValueError, KeyError, TypeError, RecursionError, DataError):
                continue
        return found


def known_logs(folder: Path) -> list[LiveLog]:
    """Return the logs in a folder, by their models and versions."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        name, _, version = path.stem.rpartition("-")
        if name:
            found.append(LiveLog(folder, unquote(name), "" if version == "bundle" else version))
    return found
