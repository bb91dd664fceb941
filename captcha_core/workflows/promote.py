"""Let registered versions read a data set side by side, and promote by the rule."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.progress import track

from captcha_core.dataset.store import Dataset
from captcha_core.errors import CaptchaError, ModelError
from captcha_core.evaluation.side_by_side import Contest, Entrant, Side, readings
from captcha_core.evaluation.significance import Verdict
from captcha_core.presets.preset import promotion_rule
from captcha_core.progress.console import console
from captcha_core.registry.promotion import Entry, promote
from captcha_core.registry.versions import CHAMPION, version_behind
from captcha_core.solver import Solver
from captcha_core.workflows.data import labelled, require_same_spec


@dataclass(frozen=True)
class Settled:
    """What came of an attempt to promote; no entry where the verdict was no."""

    entry: Entry | None
    verdict: Verdict | None = None
    contest: Contest | None = None


def sides(solvers: Sequence[tuple[str, Solver]], dataset: Dataset, split: str) -> list[Side]:
    """Let models read a split in turns.

    Raises:
        DataError: If the data set is damaged, of another specification, or the split holds no labels.
        ModelError: If the models are not of one specification.
    """
    dataset.verify()
    for _, solver in solvers:
        require_same_spec(dataset, solver.spec)
    samples = labelled(dataset, split)
    entrants = [Entrant(name, solver, len(solver.bundle.litert)) for name, solver in solvers]
    bar = track(samples, f"reading with {len(entrants)} models", console=console, transient=True)
    return readings(entrants, samples, bar)


def settle(name: str, version: str, dataset: Dataset | None, split: str = "test", force: str = "") -> Settled:
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
        return Settled(promote(name, version, forced=bool(force), reason=force))
    try:
        champion = Solver.load(f"models:/{name}/{former}")
    except CaptchaError as error:
        raise ModelError(
            f"expected the champion, version {former}, to compare with, received: {error} To replace it without a "
            "comparison, promote with --force --reason TEXT and no data."
        ) from None
    solvers = [(f"version {former}", champion), (f"version {version}", challenger)]
    contest = Contest(*sides(solvers, dataset, split))
    rule = promotion_rule(challenger.bundle.config.preset or "")
    verdict = contest.verdict(rule)
    if not (verdict.promote or force):
        return Settled(None, verdict, contest)
    forced = not verdict.promote
    entry = promote(
        name,
        version,
        rule,
        verdict,
        contest.figures(),
        dataset.digest,
        forced=forced,
        reason=force,
        against=former,
    )
    return Settled(entry, verdict, contest)
