"""What the pages know of runs and versions: plain values, without MLflow's classes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from captcha_core.tracking.names import Metric, Param, Tag

KIND, PARENT, NOTE = Tag.KIND, Tag.PARENT, Tag.NOTE
OURS = ("mlflow.", Tag.OWN)  # tags that programs write; people's own have other names
RUNNING = ("RUNNING", "SCHEDULED")


@dataclass(frozen=True)
class RunRecord:
    """One run as it stood when it was read. Times in milliseconds since 1970, ``metrics`` holds the last values."""

    id: str
    name: str
    state: str
    start_ms: int
    end_ms: int | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """What it did, as the library writes it: a training, a search, a trial."""
        return self.tags.get(KIND, "")

    @property
    def preset(self) -> str:
        """The preset it was started with, empty without one."""
        return self.params.get(Param.PRESET) or self.tags.get(Tag.PRESET, "")

    @property
    def network(self) -> str:
        """The network that it trained."""
        return self.params.get(Param.NETWORK, "")

    @property
    def parent(self) -> str:
        """The id of the run it belongs to, empty for none."""
        return self.tags.get(PARENT, "")

    @property
    def note(self) -> str:
        """What people have written about it."""
        return self.tags.get(NOTE, "")

    @property
    def running(self) -> bool:
        """Whether it goes on or waits to begin."""
        return self.state in RUNNING

    @property
    def reason(self) -> str:
        """Why it did not finish, empty where that is not known."""
        return self.tags.get(Tag.REASON, "")

    @property
    def data_digest(self) -> str:
        """The digest of the data that it learnt from."""
        return self.params.get(Param.DATA_DIGEST, "")

    @property
    def registered(self) -> tuple[str, str] | None:
        """(name, version) of the model it registered."""
        name, slash, version = self.tags.get(Tag.REGISTERED, "").rpartition("/")
        return (name, version) if slash else None

    @property
    def own_tags(self) -> dict[str, str]:
        """The tags that people have given it."""
        return {key: value for key, value in self.tags.items() if not key.startswith(OURS)}

    @property
    def best(self) -> float | None:
        """Best exact match on the validation set, not the last one."""
        return self.metrics.get(Metric.BEST_VAL_EXACT_MATCH, self.metrics.get(Metric.VAL_EXACT_MATCH))

    @property
    def tested(self) -> float | None:
        """Exact match on the test samples."""
        return self.metrics.get(Metric.TEST_EXACT_MATCH)

    @property
    def tested_n(self) -> float | None:
        """How many test samples there were."""
        return self.metrics.get(Metric.TEST_N)

    @property
    def validated_n(self) -> float | None:
        """How many validation samples there were."""
        counted = self.params.get(f"{Param.DATA_COUNTS}validation", "")
        return float(counted) if counted.isdigit() and int(counted) else None

    def seconds(self, now_ms: float) -> float:
        """How long it took, or has taken until now."""
        return ((self.end_ms or now_ms) - self.start_ms) / 1000

    @property
    def short(self) -> str:
        """A name that distinguishes runs of the same name."""
        return f"{self.name} {self.id[:6]}"


@dataclass(frozen=True)
class DataUse:
    """A data set that a run was given."""

    name: str
    digest: str
    context: str
    where: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class ModelVersion:
    """One registered version."""

    name: str
    version: str
    created_ms: int
    run_id: str = ""
    aliases: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str = ""

    @property
    def uri(self) -> str:
        """Its address."""
        return f"models:/{self.name}/{self.version}"


@dataclass(frozen=True)
class ModelRecord:
    """A registered model with its versions, newest first."""

    name: str
    description: str
    aliases: Mapping[str, str]
    tags: Mapping[str, str]
    versions: Sequence[ModelVersion]

    @cached_property
    def by_version(self) -> dict[str, ModelVersion]:
        """The versions by their number."""
        return {version.version: version for version in self.versions}

    def behind(self, alias: str) -> ModelVersion | None:
        """Return the version that an alias names, None where there is none."""
        return self.by_version.get(self.aliases.get(alias, ""))

    def later_of_its_run(self, version: ModelVersion) -> ModelVersion | None:
        """Return the newest version of a run that went on after this one: the run's report is of that."""
        if not version.run_id:
            return None
        newest = max((one for one in self.versions if one.run_id == version.run_id), key=lambda one: int(one.version))
        return None if newest.version == version.version else newest


def counts_of(profile: str | None) -> dict[str, int]:
    """Return the samples per split that a data set's profile in MLflow holds, empty when it holds something else."""
    try:
        found = json.loads(profile or "{}")
        return {str(split): int(number) for split, number in found.items()}
    except (ValueError, TypeError, AttributeError):
        return {}
