"""What an attacker pays, beside what people ask who type captchas for money."""

from dataclasses import dataclass

from captcha_core.assessment.attackers import Group
from captcha_core.assessment.target import LABEL_S

HUMAN_LOW, HUMAN_HIGH = 0.5, 1.0  # dollars for 1,000 answers that people type, as solving services list them
HUMAN_SOURCE = "price lists of solving services, November 2026; some ask 0.15 to 0.66"


@dataclass(frozen=True)
class Prices:
    """What things cost, in dollars.

    Args:
        processor_hour: One processor for an hour.
        label: A label, bought from those who type for money.
    """

    processor_hour: float = 0.05
    label: float = HUMAN_HIGH / 1000


@dataclass(frozen=True)
class Cost:
    """What an attacker pays, in dollars; minutes where he types his labels himself.

    Args:
        once: For labels and training.
        per_1000: For 1,000 passes, wrong tries included; None where nothing passes or no time is known.
        label_minutes: Of typing, if he labels himself.
        processor_minutes: Of training.
    """

    once: float
    per_1000: float | None
    label_minutes: float
    processor_minutes: float

    @property
    def pays_after(self) -> int | None:
        """After how many passes he is cheaper than people at the lower price; None where he never is."""
        gain = (HUMAN_LOW - self.per_1000) / 1000 if self.per_1000 is not None else 0.0
        return round(self.once / gain) if gain > 0 else None


def cost_of(group: Group, prices: Prices, label_s: float = LABEL_S) -> Cost:
    """Return what an attacker pays."""
    share, ms = group.share.value, group.ms
    per_1000 = 1000 * (ms / 3_600_000) * prices.processor_hour / share if share and ms is not None else None
    once = group.labels * prices.label + group.processor_s / 3600 * prices.processor_hour
    return Cost(once, per_1000, group.labels * label_s / 60, group.processor_s / 60)


def dollars(amount: float) -> str:
    """Return an amount as it is read: two digits that say something."""
    if not amount:
        return "nothing"
    if amount >= 0.01:
        return f"${amount:,.2f}"
    return f"${amount:.4f}" if amount >= 0.00005 else "under $0.0001"
