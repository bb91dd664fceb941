"""Let registered versions read a data set side by side, and promote by the rule."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.progress import track

from captcha_core.dataset.store import Dataset
from captcha_core.errors import CaptchaError, ModelError
from captcha_core.evaluation.promotion_rule import Verdict
from captcha_core.evaluation.side_by_side import Candidate, Comparison, Result, read_in_turns
from captcha_core.presets.preset import promotion_rule
from captcha_core.progress import console
from captcha_core.registry.promotion import Entry, promote
from captcha_core.registry.versions import CHAMPION, version_behind
from captcha_core.solver import Solver
from captcha_core.workflows.data import labelled, require_same_spec


@dataclass(frozen=True)
class PromotionOutcome:
    """What came of an attempt to promote; no entry where the verdict was no."""

    entry: Entry | None
    verdict: Verdict | None = None
    comparison: Comparison | None = None


def read_side_by_side(solvers: Sequence[tuple[str, Solver]], dataset: Dataset, split: str) -> list[Result]:
    """Let models read a split in turns.

    Raises:
        DataError: If the data set is damaged, of another specification, or the split holds no labels.
        ModelError: If the models are not of one specification.
    """
    dataset.verify()
    for _, solver in solvers:
        require_same_spec(dataset, solver.spec)
    samples = labelled(dataset, split)
    candidates = [Candidate(name, solver, len(solver.bundle.litert)) for name, solver in solvers]
    bar = track(samples, f"reading with {len(candidates)} models", console=console, transient=True)
    return read_in_turns(candidates, samples, bar)


def compare_and_promote(
    name: str, version: str, dataset: Dataset | None = None, split: str = "test", force: str = ""
) -> PromotionOutcome:
    """Promote a version if it is the first champion, if the rule says yes, or by force.

    Args:
        name: Registered model.
        version: The challenger.
        dataset: What both read; not needed for a first champion or by force.
        split: Of the data set.
        force: The reason to promote whatever the verdict is.

    Raises:
        RegistryError: If there is a champion and neither data to compare on nor force.
        CaptchaError: If a model or the data set cannot be used.
    """
    challenger = Solver.load(f"models:/{name}/{version}")  # what cannot be loaded never becomes champion
    former = version_behind(name, CHAMPION)
    if former in (None, version) or dataset is None:
        return PromotionOutcome(promote(name, version, forced=bool(force), reason=force))
    try:
        champion = Solver.load(f"models:/{name}/{former}")
    except CaptchaError as error:
        raise ModelError(
            f"expected the champion, version {former}, to compare with, received: {error} To replace it without a "
            "comparison, promote with --force --reason TEXT and no data."
        ) from None
    solvers = [(f"version {former}", champion), (f"version {version}", challenger)]
    comparison = Comparison(*read_side_by_side(solvers, dataset, split))
    rule = promotion_rule(challenger.bundle.config.preset or "")
    verdict = comparison.verdict(rule)
    if not (verdict.promote or force):
        return PromotionOutcome(None, verdict, comparison)
    forced = not verdict.promote
    entry = promote(
        name,
        version,
        rule,
        verdict,
        comparison.figures(),
        dataset.digest,
        forced=forced,
        reason=force,
        against=former,
    )
    return PromotionOutcome(entry, verdict, comparison)
