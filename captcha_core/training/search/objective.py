"""What a search looks for: a metric, its direction, and the epoch at which it was best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from captcha_core.errors import SpecError

Direction = Literal["max", "min"]
METRICS: dict[str, Direction] = {
    "val_exact_match": "max",
    "val_character_error_rate": "min",
    "val_loss": "min",
    "loss": "min",
}


@dataclass(frozen=True)
class Objective:
    """A metric of every epoch and whether more or less of it is better."""

    metric: str = "val_exact_match"
    direction: Direction = "max"

    @classmethod
    def named(cls, metric: str) -> "Objective":
        """Raises: SpecError: If no training has such a metric."""
        if metric not in METRICS:
            raise SpecError(
                f"expected an objective of {', '.join(METRICS)}, received {metric!r}, which no training measures; "
                "choose one."
            )
        return cls(metric, METRICS[metric])

    def best(self, history: Sequence[Mapping[str, float]]) -> tuple[float, int]:
        """Return the best value and its epoch, counted from 0; of equals the one with the lowest validation loss.

        Raises:
            ValueError: If there is no epoch.
        """
        epoch = min(range(len(history)), key=lambda index: self.rank(history[index]))
        return float(history[epoch][self.metric]), epoch

    def rank(self, metrics: Mapping[str, float]) -> tuple[float, float]:
        """Return what sorts better metrics before worse ones."""
        value = metrics[self.metric]
        return (-value if self.direction == "max" else value), metrics.get("val_loss", 0.0)
