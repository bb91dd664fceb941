"""One assessment from beginning to end, in a folder: every attacker's row is kept whole as it ends."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean

from rich.markup import escape

from captcha_core.assessment import people
from captcha_core.assessment.attackers import Attacker, Row, too_poor, trained_attackers
from captcha_core.assessment.effects import Effect
from captcha_core.assessment.findings import Findings
from captcha_core.assessment.hours import OVERHEAD_S, minutes_for_next
from captcha_core.assessment.knobs import settings_of
from captcha_core.assessment.money import Prices
from captcha_core.assessment.report import HTML, JSON, MARKDOWN, write_report
from captcha_core.assessment.stock import attack_with_stock, stock_attackers
from captcha_core.assessment.target import Target, open_target
from captcha_core.assessment.trained import Place, train_attacker
from captcha_core.assessment.turning import factorial, fixed_effects, model_task, turn
from captcha_core.dataset.in_memory import with_split, write_samples
from captcha_core.dataset.split import KEEP
from captcha_core.dataset.store import MANIFEST, Dataset
from captcha_core.errors import CaptchaError, DataError, RegistryError, SpecError, disk_error
from captcha_core.files import locked, read_json, require_empty, write_json
from captcha_core.journal import Journal
from captcha_core.progress import console
from captcha_core.sources.scheme import Scheme
from captcha_core.tracking.names import Artifact, Kind, Metric, Tag
from captcha_core.tracking.provenance import own_tags
from captcha_core.tracking.runs import Run, begin_run, parent_run

ASKED, ROWS, EFFECTS, WORK = "assessment.json", "attackers.jsonl", "knobs.jsonl", "work"
STOCK_SHARE = 0.05  # of the hours, for each reader that needs no label
KNOBS_SHARE = 0.4  # of the hours, for a scheme
KNOWS = 0.1  # exact match of the reader that knows a scheme from which knobs say something
NO_TIME = "no time was left; give more --hours, and --resume."
Train = Callable[[Attacker, Target, Place, float], Row]


@dataclass
class Assessment:
    """An assessment in a folder, with what is in it already.

    Args:
        folder: Where everything is.
        what: The scheme, data set or folder.
        hours: That it may take, over all runs of it.
        train: Trains an attacker; tests give one that takes no time.
    """

    folder: Path
    what: str
    hours: float
    prices: Prices = field(default_factory=Prices)
    train: Train = train_attacker
    key: str = ""
    rows: list[Row] = field(default_factory=list)
    effects: dict[tuple[str, str], Effect] = field(default_factory=dict)
    factorial: dict[str, float] = field(default_factory=dict)

    @property
    def used_s(self) -> float:
        """Time that all attackers and knobs have taken so far."""
        return sum(row.wall_s for row in self.rows) + sum(effect.wall_s for effect in self.effects.values())

    @property
    def left_s(self) -> float:
        """Time that is left."""
        return 3600 * self.hours - self.used_s

    def add(self, row: Row) -> None:
        """Keep a row on the disk, whole or not at all."""
        Journal(self.folder / ROWS).append([row.model_dump_json()])
        self.rows.append(row)

    def add_effect(self, effect: Effect) -> None:
        """Keep an effect on the disk; a later line of the same knob and level replaces it."""
        Journal(self.folder / EFFECTS).append([effect.model_dump_json()])
        self.effects[effect.key] = effect

    def find(self, key: str) -> Row | None:
        """Return the row of an attacker who is done or cannot be; who had no time is tried again."""
        return next((row for row in self.rows if row.key == key and row.state != "left out"), None)


def begin(what: str, folder: Path, hours: float, prices: Prices, resume: bool) -> Assessment:
    """Open a folder for an assessment, new or to go on.

    Raises:
        DataError: If the folder holds something else, another assessment, or cannot be written.
    """
    path = folder / ASKED
    try:
        asked = read_json(path)
    except OSError as error:
        raise disk_error(folder, error) from None
    except ValueError:
        message = f"expected an assessment in {folder}, received a damaged {ASKED}; choose another --out."
        raise DataError(message) from None
    if asked is None:
        return _new(what, folder, hours, prices)
    if not resume:
        raise DataError(
            f"expected a new folder, received {folder} with an assessment of {asked.get('what')}; give --resume to go "
            "on with it, or choose another --out."
        )
    if asked.get("what") != what:
        raise DataError(
            f"expected to go on with {asked.get('what')} in {folder}, received {what}; correct it, or choose another "
            "--out."
        )
    found = Assessment(folder, what, hours, prices, key=str(asked.get("key")))
    kept = Journal(folder / ROWS).records(Row)
    found.rows = list({row.key: row for row in kept if row.state != "left out"}.values())
    found.effects = {effect.key: effect for effect in Journal(folder / EFFECTS).records(Effect)}
    return found


def _new(what: str, folder: Path, hours: float, prices: Prices) -> Assessment:
    require_empty(folder)
    key = f"assess {what} {time.strftime('%Y-%m-%d %H:%M:%S')}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / ASKED, {"format": 1, "what": what, "key": key, "hours": hours}, indent=1)
    except OSError as error:
        raise disk_error(folder, error) from None
    return Assessment(folder, what, hours, prices, key=key)


def assess(
    what: str,
    out: str | Path,
    *,
    hours: float = 1.0,
    resume: bool = False,
    prices: Prices | None = None,
    with_knobs: bool = True,
) -> Findings:
    """Let every attacker try a captcha, and write the report.

    Args:
        what: A scheme's name, a data set's folder, or a folder or archive of labelled files.
        out: Folder for the report and what it is made from; new, or with ``resume`` that of an assessment.
        hours: That all runs of it may take together; divided over the attackers.
        resume: Go on with what is in the folder.
        prices: What things cost.
        with_knobs: Also turn the knobs of a scheme.

    Returns:
        What was found; it is written into the folder and into a run of MLflow as well.

    Raises:
        SpecError: If the scheme cannot be drawn or the labels cannot be.
        DataError: If there is nothing labelled to assess, or the folder cannot be used.
        RegistryError: If the tracking server stays away.
    """
    one = begin(what, Path(out), hours, prices or Prices(), resume)
    with locked(one.folder / WORK, f"expected nobody at work in {out}, received another assessment; wait for it."):
        target = _opened(one)
        with parent_run(one.key, f"assess {target.name}", {Tag.KIND: Kind.ASSESS}) as run:
            run.params({"assess": {"what": what, "digest": target.digest, "hours": hours}})
            place = Place(one.folder / WORK, run.id, Dataset.open(one.folder / WORK / "tested"))
            try:
                return _all(one, target, place, run, with_knobs)
            except KeyboardInterrupt:
                write_report(findings(one, target), one.folder)  # what is there, marked incomplete
                raise


def _opened(one: Assessment) -> Target:
    """Return the target, its test captchas in the order in which they are read."""
    from dataclasses import replace

    work = one.folder / WORK
    try:
        target = open_target(one.what, work)
        if not (work / "tested" / MANIFEST).is_file():
            samples = [with_split(sample, "test") for sample in target.tested]
            write_samples(work / "tested", target.spec, samples, "assessment", KEEP)
    except CaptchaError:
        if not one.rows:  # nothing is lost, and the folder can be named again
            shutil.rmtree(one.folder, ignore_errors=True)
        raise
    return replace(target, tested=list(Dataset.open(work / "tested").samples("test")))


def _all(one: Assessment, target: Target, place: Place, run: Run, with_knobs: bool) -> Findings:
    for attacker in stock_attackers():
        if one.find(attacker.key) is None:
            _tried(
                one,
                attacker,
                lambda mine: _logged(mine, attack_with_stock(mine, target, STOCK_SHARE * 3600 * one.hours), run),
            )
    scheme = target.scheme if with_knobs else None
    train_all(one, target, place, reserve_s=3600 * one.hours * KNOBS_SHARE if scheme else 0.0)
    generator = one.find("generator")
    if scheme is not None and generator is not None and generator.bundle:
        if generator.share.value >= KNOWS:
            _turn_knobs(one, scheme, generator.bundle)
        else:
            console.print(f"The knobs are not turned: who has the generator in hand reads {generator.share}.")
            train_all(one, target, place, reserve_s=0.0)  # the time is for the others
    found = findings(one, target)
    write_report(found, one.folder)
    _log(run, found, one.folder)
    return found


def _logged(attacker: Attacker, row: Row, parent: Run) -> Row:
    """Give an attacker that reads without a training a run of its own."""
    if row.state != "done":
        return row
    tags = {Tag.KIND: Kind.EVALUATE, Tag.ATTACKER: attacker.key, Tag.PARENT: parent.id, **own_tags()}
    run = Run(begin_run(f"{parent.id} {attacker.key}", attacker.title, tags), parent.client)
    low, high = row.share.interval
    run.metrics(
        {
            Metric.TEST_EXACT_MATCH: row.share.value,
            Metric.TEST_EXACT_MATCH_LOW: low,
            Metric.TEST_EXACT_MATCH_HIGH: high,
            Metric.TEST_N: float(row.share.n),
        }
    )
    run.end("FINISHED")
    return row.model_copy(update={"run_id": run.id})


def train_all(one: Assessment, target: Target, place: Place, reserve_s: float) -> None:
    """Train the attackers in their order, each for his share of the time that is left."""
    waiting = [attacker for attacker in trained_attackers(target) if one.find(attacker.key) is None]
    while waiting:
        minutes = minutes_for_next(waiting, one.left_s - reserve_s, _overhead_s(one))
        attacker = waiting.pop(0)
        if not minutes:  # one who needs less may still have his turn
            continue
        console.print(
            f"[bold]{escape(attacker.title)}[/], draw {attacker.draw or 1}: {minutes:.1f} minutes of training; "
            f"{len(waiting)} more to come, {one.left_s / 60:.0f} minutes left in all"
        )
        _tried(one, attacker, lambda mine, given=minutes: one.train(mine, target, place, given))  # type: ignore[misc]


def _turn_knobs(one: Assessment, scheme: Scheme, model: str) -> None:
    """Turn the knobs of a scheme, where it has any that can be turned alone."""
    try:
        settings = settings_of(scheme)
    except SpecError as error:
        console.print(escape(str(error)))
        return
    effects = fixed_effects(scheme, settings, model, one.effects)
    one.effects = {effect.key: effect for effect in effects}
    one.factorial = factorial(scheme, model)
    turn(settings, effects, model, model_task(model, one.what, scheme), one.add_effect, lambda: one.left_s)


def _overhead_s(one: Assessment) -> float:
    """Return what a training takes beside its minutes, the mean of those that have ended."""
    known = [row.wall_s - 60 * row.minutes for row in one.rows if row.minutes and row.state == "done"]
    return mean(known) if known else OVERHEAD_S


def _tried(one: Assessment, attacker: Attacker, attack: Callable[[Attacker], Row]) -> None:
    """Let an attacker try, and keep his row; one that cannot be built says why."""
    started = time.monotonic()
    try:
        row = attack(attacker)
    except RegistryError:  # nobody else could be logged either
        raise
    except CaptchaError as error:
        row = Row.without(attacker, "failed", str(error))
        row = row.model_copy(update={"wall_s": time.monotonic() - started})
    one.add(row)
    words = f"{row.share}" if row.state == "done" else row.reason
    console.print(f"  {escape(row.title)}: {escape(words)}")


def findings(one: Assessment, target: Target) -> Findings:
    """Return everything that is known so far."""
    waiting = [attacker for attacker in trained_attackers(target) if attacker.draw <= 1 and not one.find(attacker.key)]
    no_time = [Row.without(attacker, "left out", NO_TIME) for attacker in waiting]
    rows = [*one.rows, *no_time, *too_poor(target)]
    typed = None if target.scheme else people.measured(people.attempts(Path(one.what)))
    made = datetime.now(UTC).isoformat(timespec="minutes")
    return Findings(
        target, rows, list(one.effects.values()), one.factorial, typed, one.prices, one.hours, one.used_s,
        not waiting, made,
    )  # fmt: skip


def _log(run: Run, found: Findings, folder: Path) -> None:
    """Log the report and its headline."""
    best = found.strongest
    if best is not None:
        low, high = best.share.interval
        run.metrics({Metric.STRONGEST: best.share.value, Metric.STRONGEST_LOW: low, Metric.STRONGEST_HIGH: high})
    run.tags({Tag.VERDICT: found.verdict.sentence, Tag.NOTE: found.verdict.sentence})
    for name in (HTML, MARKDOWN, JSON):
        run.client.log_artifact(run.id, str(folder / name), Artifact.ASSESSMENT)
