"""How the hours of an assessment are divided over its attackers."""

from collections.abc import Sequence

from captcha_core.assessment.attackers import Attacker

FLOOR_MIN = 0.5  # a shorter training says nothing of an attacker
CAP_MIN = 10.0  # of an attacker of weight 1: few labels teach nothing more after that
OVERHEAD_S = 30.0  # of an attacker beside his training, until one is measured


def affordable(waiting: Sequence[Attacker], left_s: float, overhead_s: float = OVERHEAD_S) -> int:
    """Return how many of the waiting attackers, the first ones, the time is enough for."""
    count, needed_s = 0, 0.0
    for attacker in waiting:
        needed_s += 60 * FLOOR_MIN * attacker.weight + overhead_s
        if needed_s > left_s:
            return count
        count += 1
    return count


def minutes_for_next(waiting: Sequence[Attacker], left_s: float, overhead_s: float = OVERHEAD_S) -> float:
    """Return the training time of the first one waiting, by weights; 0 where there is not enough for him."""
    count = affordable(waiting, left_s, overhead_s)
    if not count:
        return 0.0
    weight = waiting[0].weight
    whole = sum(attacker.weight for attacker in waiting[:count])
    minutes = (left_s - count * overhead_s) / 60 * weight / whole
    return min(CAP_MIN * weight, max(FLOOR_MIN * weight, minutes))
