"""Train a network and register it: what ``captchalab train`` does, for Python."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from captcha_core import native
from captcha_core.errors import SpecError
from captcha_core.workflows.data import require_labels
from captcha_core.workflows.plan import TrainingPlan, plan_training
from captcha_core.workflows.resume import resume_training

if TYPE_CHECKING:
    from captcha_core.sources.scheme import Scheme
    from captcha_core.workflows.logged_training import TrainingOutcome


def train(
    preset: str | None = None,
    data: str | Path | None = None,
    *,
    network: str | None = None,
    name: str | None = None,
    minutes: float | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    settings: Mapping[str, Any] | None = None,
    start_from: str | None = None,
    letters: str | Path | None = None,
    resume: str | None = None,
    tensorboard: str | Path | None = None,
    program: "Scheme | None" = None,
) -> "TrainingOutcome":
    """Train a network inside an MLflow run, evaluate it on unseen samples, and register it as a new challenger.

    A preset brings its own data or draws a live stream; ``data`` alone takes the specification from the data set and
    defaults for the rest. Names and settings are checked before Keras is imported.

    Args:
        preset: A preset's name or a YAML file.
        data: Folder of a data set, in place of the preset's.
        network: A network of the zoo; by default the preset's, or one that fits the data set.
        name: Registered model; by default ``captcha-PRESET``, without a preset ``captcha-FOLDER``.
        minutes: Budget as training time in minutes; or
        epochs: budget in epochs. By default the preset's.
        seed: Of weights, order and stream; by default the preset's.
        settings: Further settings of :class:`captcha_core.training.config.TrainingConfig` by name; ``options.KEY`` sets
            an option of the network.
        start_from: A model whose weights are taken over; ``none`` for random ones. By default ``builtin`` for a data
            set of images that no preset describes.
        letters: For letters networks: single letters to learn from, a data set or a folder for each character.
        resume: Id of a run that goes on where its checkpoint stands; beside it ``minutes``, and where its ``data`` and
            ``letters`` were moved to.
        tensorboard: Folder for TensorBoard's logs.
        program: In place of preset and data: what a program draws, from
            :func:`captcha_core.sources.programs.probe.scheme_of_program`.

    Returns:
        The run's id, the report on the test samples (``report.exact_match`` has a 95 % interval), and the name and
        version under which the model is registered.

    Raises:
        SpecError: If a name is unknown, or arguments contradict each other or the data.
        DataError: If a data set cannot be read or a split has no labels.
        ModelError: If the training fails, or there is nothing to resume.
        RegistryError: If the tracking server stays away.
    """
    if resume:
        _refuse_beside_resume(
            preset=preset, network=network, name=name, set=settings, epochs=epochs, seed=seed, start_from=start_from,
            from_command=program and program.name,
        )  # fmt: skip
        plan = resume_training(resume, minutes or 0.0, str(data or ""), str(letters or ""))
    else:
        plan = plan_training(preset, data, network, name, minutes, settings, letters, epochs, seed, start_from, program)
    return train_plan(plan, str(tensorboard or ""))


def train_plan(plan: TrainingPlan, tensorboard: str = "") -> "TrainingOutcome":
    """Train, evaluate and register what is planned."""
    tested = plan.tested()
    require_labels(tested, "test")  # now, not after the training
    native.start_keras()
    from captcha_core.workflows.logged_training import train_in_run

    return train_in_run(plan, tested, tensorboard)


def _refuse_beside_resume(**given: Any) -> None:
    """Raises: SpecError: If anything is given."""
    for name, value in given.items():
        if value:
            shown = [f"{key}={one}" for key, one in value.items()] if isinstance(value, Mapping) else value
            raise SpecError(
                f"expected no --{name.replace('_', '-')} beside --resume, received {shown!r}: a run goes on as it "
                "began; leave that out, or begin a new training, with --start-from if it shall take over the weights."
            )
