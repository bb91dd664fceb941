"""From a challenger to the champion: one road for command line, dashboard and library."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.progress import track

from captcha_core.dataset.store import Dataset
from captcha_core.errors import CaptchaError, ModelError, RegistryError
from captcha_core.evaluation.promotion_rule import PromotionRule, Verdict
from captcha_core.evaluation.side_by_side import Candidate, Comparison, Result, read_in_turns
from captcha_core.presets.preset import promotion_rule
from captcha_core.progress import console
from captcha_core.registry import promotion
from captcha_core.registry.history import Entry
from captcha_core.registry.versions import CHALLENGER, CHAMPION, PREVIOUS, version_behind
from captcha_core.solver import Solver
from captcha_core.tracking.names import Metric
from captcha_core.workflows.data import labelled
from captcha_core.workflows.evaluate import reader_of

WINNER_TRIES, WINNER_WAIT_S = 10, 0.2


@dataclass(frozen=True)
class Judgement:
    """What a rule says of a challenger.

    Args:
        champion: The version that it was compared with.
        rule: That of the challenger's preset.
        verdict: Yes or no, with reasons.
        figures: What the verdict rests on, of ``champion`` and ``challenger``.
        data_digest: Of the data that both have read, where it is known.
    """

    champion: str
    rule: PromotionRule
    verdict: Verdict
    figures: Mapping[str, Any]
    data_digest: str | None = None


@dataclass(frozen=True)
class PromotionOutcome:
    """What came of an attempt to promote a version; no entry where the verdict was no."""

    version: str
    entry: Entry | None
    judgement: Judgement | None = None

    @property
    def verdict(self) -> Verdict | None:
        """What the rule said, None where it was not asked."""
        return self.judgement.verdict if self.judgement else None


def read_side_by_side(
    solvers: Sequence[tuple[str, Solver]], dataset: Dataset, split: str, progress: bool = True
) -> list[Result]:
    """Let models read a split in turns, with a progress bar on the terminal unless several do so at a time.

    Raises:
        DataError: If the data set is damaged, or the split holds no labels.
        SpecError: If a model cannot read captchas of this specification.
    """
    dataset.verify()
    samples = labelled(dataset, split)
    candidates = [Candidate(name, reader_of(dataset, solver), len(solver.bundle.litert)) for name, solver in solvers]
    bar = track(samples, f"reading with {len(candidates)} models", console=console, transient=True)
    return read_in_turns(candidates, samples, bar if progress else None)


def compare_and_promote(
    name: str,
    version: str = "",
    dataset: Dataset | None = None,
    split: str = "test",
    force: str = "",
    by: str | None = None,
    margin: float | None = None,
) -> PromotionOutcome:
    """Promote a version if it is the first champion, if the rule says yes, or by force.

    Args:
        name: Registered model.
        version: The version to promote; by default the challenger.
        dataset: What both read; not needed for a first champion or by force.
        split: Of the data set.
        force: The reason to promote whatever the verdict is.
        by: Who does it; by default the user of this process.
        margin: Loss of exact match that still counts as not worse; by default that of the preset's rule.

    Raises:
        RegistryError: If there is no such version, or a champion and neither data to compare on nor force.
        CaptchaError: If a model or the data set cannot be used.
    """
    version = version or version_behind(name, CHALLENGER) or ""
    if not version:
        raise RegistryError(f"expected a version of {name} to promote, received none; train one first.")
    Solver.load(f"models:/{name}/{version}")  # what cannot be loaded is not worth a comparison
    former = version_behind(name, CHAMPION)
    if former not in (None, version) and dataset is None and not force:
        raise RegistryError(
            f"expected a data set to compare version {version} of {name} with the champion, version {former}, received "
            "none; give --data DIR, or --force --reason TEXT."
        )
    if former in (None, version) or dataset is None:
        return PromotionOutcome(version, make_champion(name, version, reason=force, by=by))
    judgement = judge(name, version, former or "", dataset, split, margin=margin)
    if not (judgement.verdict.promote or force):
        return PromotionOutcome(version, None, judgement)
    return PromotionOutcome(version, make_champion(name, version, judgement, force, by), judgement)


def judge(
    name: str,
    version: str,
    champion: str,
    dataset: Dataset,
    split: str = "test",
    progress: bool = True,
    margin: float | None = None,
) -> Judgement:
    """Let a challenger and the champion read a data set in turns, and ask the rule of the challenger's preset.

    Raises:
        CaptchaError: If a model or the data set cannot be used.
    """
    challenger = Solver.load(f"models:/{name}/{version}")
    try:
        old = Solver.load(f"models:/{name}/{champion}")
    except CaptchaError as error:
        raise ModelError(
            f"expected the champion, version {champion}, to compare with, received: {error} To replace it without a "
            "comparison, promote with --force --reason TEXT and no data."
        ) from None
    solvers = [(f"version {champion}", old), (f"version {version}", challenger)]
    comparison = Comparison(*read_side_by_side(solvers, dataset, split, progress))
    rule = promotion_rule(challenger.bundle.config.preset or "")
    rule = rule if margin is None else rule.model_copy(update={"margin": margin})
    return Judgement(champion, rule, comparison.verdict(rule), comparison.figures(), dataset.digest)


def make_champion(
    name: str, version: str, judgement: Judgement | None = None, reason: str = "", by: str | None = None
) -> Entry:
    """Make a version champion: the first one, one that the rule is for, or with a reason any other.

    Raises:
        RegistryError: If the version does not exist or must not be champion, or the champion has changed meanwhile.
        CaptchaError: If its bundle is refused.
    """
    solver = Solver.load(f"models:/{name}/{version}")  # what cannot be loaded never becomes champion
    if judgement is None and not reason:
        _require_floor(name, version, solver)
    if judgement is None:
        return _moved(name, lambda: promotion.promote(name, version, forced=bool(reason), reason=reason, by=by))
    return _moved(
        name,
        lambda: promotion.promote(
            name,
            version,
            judgement.rule,
            judgement.verdict,
            judgement.figures,
            judgement.data_digest,
            forced=bool(reason) and not judgement.verdict.promote,
            reason=reason,
            by=by,
            against=judgement.champion,
        ),
    )


def _require_floor(name: str, version: str, solver: Solver) -> None:
    """Raises: RegistryError: If a first champion is known to read next to nothing."""
    known = solver.bundle.metrics.get("validation")
    share = known.get(Metric.VAL_EXACT_MATCH) if isinstance(known, dict) else None
    floor = promotion_rule(solver.bundle.config.preset or "").min_exact_match
    if isinstance(share, int | float) and share < floor:
        raise RegistryError(
            f"expected a first champion of {name} that reads at least {floor:.2%} of its validation "
            f"captchas, received version {version}, which reads {share:.2%}; train longer, or promote it with --force "
            "--reason TEXT."
        )


def restore_champion(name: str, reason: str = "", by: str | None = None) -> Entry:
    """Make the previous champion champion again.

    Raises:
        RegistryError: If there is none.
        CaptchaError: If its bundle is refused.
    """
    if version_behind(name, PREVIOUS):
        Solver.load(f"models:/{name}@{PREVIOUS}")  # what cannot be loaded does not come back
    return _moved(name, lambda: promotion.rollback(name, reason, by))


def _moved(name: str, move: Callable[[], Entry]) -> Entry:
    """Change the champion; whatever the store raises becomes a sentence, above all where somebody else was quicker."""
    before = version_behind(name, CHAMPION)
    try:
        return move()
    except CaptchaError:
        if (now := version_behind(name, CHAMPION)) not in (None, before) and promotion.cut_run(name) is None:
            raise promotion.overtaken(name, now) from None
        raise
    except Exception as error:
        for _ in range(WINNER_TRIES):  # whoever was quicker may not be done
            if (now := version_behind(name, CHAMPION)) not in (None, before):
                raise promotion.overtaken(name, now) from error
            time.sleep(WINNER_WAIT_S)
        raise RegistryError(
            f"expected to change the champion of {name}, received {type(error).__name__} from MLflow's store; look at "
            "its history and try again."
        ) from error
