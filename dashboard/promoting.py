"""Make a version champion, or go back to the one before: what the rule says of it, and the step itself."""

from dataclasses import dataclass

from captcha_core.errors import CaptchaError, RegistryError
from captcha_core.evaluation.compare import PromotionRule, Verdict
from captcha_core.registry.versions import CHAMPION, PREVIOUS, set_champion, version_behind
from captcha_core.solver import Solver
from dashboard import comparison, data
from dashboard.records import ModelRecord, VersionRecord

PREDICTIONS = "report/predictions.csv"


@dataclass(frozen=True)
class Proposal:
    """A version that may become champion.

    Args:
        version: The challenger.
        champion: Who it would follow, None where there is none.
        verdict: What the rule says, None where it cannot be asked, and then
        obstacle: why.
    """

    version: VersionRecord
    champion: VersionRecord | None
    verdict: Verdict | None
    obstacle: str = ""

    @property
    def approved(self) -> bool:
        return self.champion is None or (self.verdict is not None and self.verdict.promote)


def propose(uri: str, model: ModelRecord, version: VersionRecord) -> Proposal:
    """Ask the promotion rule, on the samples that both versions were tested on."""
    champion = model.behind(CHAMPION)
    if champion is None:
        return Proposal(version, None, None, "There is no champion yet: the first one needs no comparison.")
    if champion.version == version.version:
        return Proposal(version, champion, None, "This version is the champion.")
    try:
        runs = [data.run(uri, one.run_id) for one in (champion, version)]
        tables = [data.table(uri, run.id, PREDICTIONS) for run in runs]
    except data.Missing as error:
        return Proposal(version, champion, None, f"The rule cannot be asked: {error}")
    pair = comparison.pair(*tables)
    if pair.table.empty:
        return Proposal(version, champion, None, "The rule cannot be asked: the two were tested on different samples.")
    old, new = (
        comparison.contender(f"version {one.version}", pair.table[f"right_{side}"].to_numpy(), run)
        for one, side, run in zip((champion, version), "ab", runs, strict=True)
    )
    return Proposal(version, champion, PromotionRule().judge(old, new))


def promote(name: str, version: str) -> str:
    """Make a version champion and return what happened, in a sentence.

    Raises:
        CaptchaError: If its bundle is refused, it is gone, or MLflow does not answer.
    """
    try:
        Solver.load(f"models:/{name}/{version}")  # what cannot be loaded never becomes champion
        former = set_champion(name, version)
    except CaptchaError:
        raise
    except Exception as error:
        raise RegistryError(f"expected to move the champion of {name}, received: {str(error)[:300]}") from None
    finally:
        data.forget()
    before = f" It was version {former} before." if former and former != version else ""
    return f"Version {version} of {name} is champion.{before}"


def roll_back(name: str) -> str:
    """Make the former champion champion again, and return what happened, in a sentence.

    Raises:
        CaptchaError: If there was none before, or MLflow does not answer.
    """
    former = version_behind(name, PREVIOUS)
    if former is None:
        raise RegistryError(f"expected a former champion of {name}, received none; promote a version instead.")
    return promote(name, former)
