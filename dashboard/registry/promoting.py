"""Make a version champion, or go back to the one before: what the page shows before the library does it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from captcha_core.dataset.store import Dataset
from captcha_core.errors import CaptchaError
from captcha_core.evaluation.promotion_rule import Contender, Verdict
from captcha_core.presets.preset import promotion_rule
from captcha_core.registry.promotion import overtaken
from captcha_core.registry.versions import CHAMPION, version_behind
from captcha_core.tracking.names import Artifact
from captcha_core.workflows.promote import Judgement, judge, make_champion, restore_champion
from dashboard.compare import comparison
from dashboard.registry import bundles
from dashboard.tracking import data
from dashboard.tracking.records import ModelRecord, ModelVersion
from dashboard.widgets.text import plain


@dataclass(frozen=True)
class Proposal:
    """A version that may become champion.

    Args:
        version: The challenger.
        champion: Who it would follow, None where there is none.
        judgement: What the rule says, None where it cannot be asked, and then
        obstacle: why.
        preset: The preset that the challenger was trained by, empty where it was trained without one.
    """

    version: ModelVersion
    champion: ModelVersion | None
    judgement: Judgement | None
    obstacle: str = ""
    preset: str = ""

    @property
    def verdict(self) -> Verdict | None:
        """What the rule says."""
        return self.judgement.verdict if self.judgement else None

    @property
    def approved(self) -> bool:
        """Whether no reason is needed."""
        return self.champion is None or (self.verdict is not None and self.verdict.promote)


def propose(uri: str, model: ModelRecord, version: ModelVersion) -> Proposal:
    """Ask the promotion rule, on the samples that both versions were tested on."""
    champion = model.behind(CHAMPION)
    if champion is None:
        return Proposal(version, None, None, "There is no champion yet: the first one needs no comparison.")
    if champion.version == version.version:
        return Proposal(version, champion, None, "This version is the champion.")
    for one in (champion, version):
        if later := model.later_of_its_run(one):
            why = f"the run of version {one.version} went on, and its report is of version {later.version}."
            return Proposal(version, champion, None, f"The rule cannot be asked: {why}")
    try:
        runs = [data.run(uri, one.run_id) for one in (champion, version)]
        tables = [data.table(uri, run.id, Artifact.PREDICTIONS) for run in runs]
        preset = bundles.opened(version.uri).config.preset or ""
    except data.MlflowUnavailable:
        raise
    except CaptchaError as error:  # a report that is gone, a bundle that is refused
        return Proposal(version, champion, None, f"The rule cannot be asked. {plain(error)}")
    pair = comparison.pair(*tables)
    if pair.table.empty:
        return Proposal(version, champion, None, "The rule cannot be asked: the two were tested on different samples.")
    old, new = (
        comparison.contender(f"version {one.version}", pair.table[f"right_{side}"].to_numpy(), run)
        for one, side, run in zip((champion, version), "ab", runs, strict=True)
    )
    digests = {run.data_digest for run in runs}
    rule = promotion_rule(preset)
    figures = {"champion": _figures(old), "challenger": _figures(new), "from": "the reports of their own runs"}
    digest = digests.pop() if len(digests) == 1 else None
    judgement = Judgement(champion.version, rule, rule.judge(old, new), figures, digest)
    return Proposal(version, champion, judgement, preset=preset)


def grounds(champion: ModelVersion, folders: Sequence[Path]) -> list[Path]:
    """Return the data sets on which a version can be compared: of its specification, with a test split."""
    spec = bundles.opened(champion.uri).spec
    found = []
    for folder in folders:
        try:
            dataset = Dataset.open(folder)
        except CaptchaError:
            continue
        if dataset.counts["test"] and not dataset.spec.difference(spec):
            found.append(folder)
    return found


def compete(proposal: Proposal, folder: Path) -> Proposal:
    """Let champion and challenger read the test split of a data set in turns, and ask the rule about that.

    Raises:
        CaptchaError: If a bundle is refused, the data set is damaged, or nothing in it is labelled.
    """
    champion, challenger = proposal.champion, proposal.version
    if champion is None:
        return proposal
    judgement = judge(challenger.name, challenger.version, champion.version, Dataset.open(folder), progress=False)
    preset = bundles.opened(challenger.uri).config.preset or ""
    return replace(proposal, judgement=judgement, obstacle="", preset=preset)


def _figures(side: Contender) -> dict[str, Any]:
    return {
        "name": side.name,
        "exact_match": float(side.right.mean()),
        "n": len(side.right),
        "latency_p50_ms": side.latency_ms,
        "model_bytes": side.size_bytes,
    }


def promote(proposal: Proposal, reason: str = "", by: str | None = None) -> str:
    """Make the proposed version champion and return what happened, in a sentence.

    Args:
        proposal: As :func:`propose` made it.
        reason: Why, where the rule does not say yes; kept in the history.
        by: Who does it; by default the user of this process.

    Raises:
        CaptchaError: If its bundle is refused, it is gone, there is no reason, MLflow does not answer, or somebody
            else has changed the champion since the proposal was made.
    """
    name, version = proposal.version.name, proposal.version.version
    try:
        now = version_behind(name, CHAMPION)
        if now != (proposal.champion.version if proposal.champion else None):
            raise overtaken(name, now)
        entry = make_champion(name, version, proposal.judgement, reason, by)
    finally:
        data.forget()
    before = f" It was version {entry.from_version} before." if entry.from_version else ""
    return f"Version {version} of {name} is champion.{before}"


def roll_back(name: str, by: str | None = None) -> str:
    """Make the former champion champion again, and return what happened, in a sentence.

    Raises:
        CaptchaError: If there was none before, its bundle is refused, or MLflow does not answer.
    """
    try:
        entry = restore_champion(name, by=by)
    finally:
        data.forget()
    return f"Version {entry.to_version} of {name} is champion again, in place of version {entry.from_version}."
