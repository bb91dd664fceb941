"""What is trained and how: frozen records, checked when they are built. Nothing here needs Keras."""

from dataclasses import dataclass, field
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from captcha_core.errors import SpecError, first_fault
from captcha_core.spec.captcha import CaptchaSpec

LAST_SHARE = 0.2  # of a budget in minutes, for the last epochs


class TrainingConfig(BaseModel):
    """The recipe of one training.

    An epoch is ``steps_per_epoch`` batches: validation, the checkpoint and the metrics come after each. The learning
    rate warms up over the share ``warmup`` of the budget and falls with a cosine to its end; the budget is
    ``minutes`` if given (training time, validation included), else ``epochs``, or the ``samples`` that are learnt from,
    rounded up to whole epochs. The last two give the same weights again, on one machine and from the same seed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(0, ge=0)
    minutes: float | None = Field(None, gt=0, allow_inf_nan=False)
    epochs: int | None = Field(None, ge=1)
    samples: int | None = Field(None, ge=1)
    steps_per_epoch: int = Field(250, ge=1)
    batch_size: int = Field(64, ge=1)
    optimizer: Literal["muon", "adamw", "adam"] = "muon"
    learning_rate: float = Field(0.01, gt=0)
    weight_decay: float = Field(1e-3, ge=0)
    warmup: float = Field(0.05, ge=0, lt=1)
    ema: float = Field(0.99, ge=0, lt=1, description="momentum of the weights' moving average; 0 switches it off")
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    augment: float = Field(0.0, ge=0, le=1, description="strength of the augmentation; 0 switches it off")
    patience: int = Field(0, ge=0, description="epochs without a better validation before stopping; 0: never")
    finish: int = Field(
        0,
        ge=0,
        description="epochs at the end that learn from the samples that steer, too, while the rate falls to nothing; "
        "of a budget in minutes they have what patience left, a fifth at least",
    )
    validation_samples: int = Field(1000, ge=1)
    threads: int = Field(1, ge=1, description="threads that draw a live stream")
    workers: int = Field(
        0,
        ge=0,
        description="processes that draw a live stream; the learner never waits for them and learns again what they "
        "have drawn; 0: threads draw, and nothing comes twice",
    )
    oversample: str = Field(
        "", description="characters that a live stream draws more often, once more for each time they are named here"
    )
    precision: Literal["auto", "bfloat16", "float32"] = Field(
        "auto", description="of products in training; auto: bfloat16 where the processor multiplies it natively"
    )

    @model_validator(mode="after")
    def _has_budget(self) -> Self:
        if not (self.minutes or self.epochs or self.samples):
            raise SpecError("expected a budget, received neither minutes nor epochs nor samples; set one of them.")
        if self.samples is not None and (self.minutes, self.epochs) != (None, None):
            raise SpecError("expected samples as the only budget, received minutes or epochs as well; leave one out.")
        if self.workers and self.oversample:
            raise SpecError("expected oversample from threads alone, received workers as well; leave one out.")
        return self

    @property
    def steered_s(self) -> float:
        """Seconds of a budget in minutes that samples steer; the last epochs have the rest."""
        return 60 * (self.minutes or 0.0) * (1 - LAST_SHARE * (self.finish > 0))

    @property
    def last_samples(self) -> int:
        """Samples that the last epochs take; they are for sets of which each sample is met in them."""
        return self.finish * self.steps_per_epoch * self.batch_size

    @property
    def whole_epochs(self) -> int | None:
        """Epochs of the budget, None where it is in minutes."""
        if self.minutes is not None:
            return None
        return self.epochs or -(-(self.samples or 1) // (self.steps_per_epoch * self.batch_size))

    @classmethod
    def build(cls, **fields: object) -> "TrainingConfig":
        """Build and check a recipe from plain values.

        Raises:
            SpecError: If a key is unknown or a value out of its bounds.
        """
        known = sorted(cls.model_fields)
        for key in fields:
            if key not in cls.model_fields:
                raise SpecError(f"expected a training setting of {', '.join(known)}, received {key!r}; correct it.")
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise SpecError(first_fault(error, "training setting")) from None


@dataclass(frozen=True)
class TrainingTask:
    """What is trained: a network with its options and its features' settings on a specification, by a recipe."""

    spec: CaptchaSpec
    network: str
    options: dict[str, Any]
    config: TrainingConfig
    features: dict[str, Any] = field(default_factory=dict)

    @property
    def head(self) -> str:
        """How the network's logits are read: ``positions`` or ``ctc``."""
        from captcha_core.models.zoo import get_network

        return get_network(self.network).head

    def record(self) -> dict[str, Any]:
        """Return what a checkpoint must share with the training that resumes it."""
        seen = {"features": self.features} if self.features else {}
        return {"spec": self.spec.model_dump(), "network": self.network, "options": self.options, **seen}
