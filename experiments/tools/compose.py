"""The services of compose.yaml without Docker: each a command in a container of buildah's, with its health check."""

import shlex
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from experiments.tools.buildah import Buildah, output_of
from experiments.tools.processes import END_WITH_PARENT, ROOT, CommandFailed, kill

HEALTHY_WITHIN_S, POLL_S = 600, 2
SECRETS = "/run/secrets"


def described() -> dict[str, Any]:
    """Return the services of compose.yaml, as it describes them."""
    services: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    return services


@dataclass(frozen=True)
class Service:
    """A command in a container that goes on until it is stopped."""

    name: str
    container: str
    words: list[str]
    mounts: dict[Path, str]
    variables: dict[str, str]
    health: list[str]


@dataclass(frozen=True)
class Host:
    """What runs containers: of each image there is one, and its services share it but for their volumes.

    Args:
        folder: Where secrets, volumes and logs are.
    """

    buildah: Buildah
    folder: Path
    _containers: dict[str, tuple[str, Path]] = field(default_factory=dict)

    def run(self, image: str, *words: str, volumes: Sequence[str] = (), **variables: str) -> str:
        """Run a command as the image's user, and return what it prints.

        Raises:
            CommandFailed: If it does not work.
        """
        mounts = self._volumes(image, volumes)
        return output_of(self.buildah.command(self._container(image)[0], words, mounts, variables))

    def service(self, image: str, name: str, told: Mapping[str, Any] | None = None) -> Service:
        """Return what an image does by itself, changed by a service's description in compose.yaml."""
        of_image, told = self.buildah.settings(image), told or {}
        entrypoint, command = told.get("entrypoint", of_image["Entrypoint"]), told.get("command", of_image["Cmd"])
        secrets = {self.folder / "secrets" / secret: f"{SECRETS}/{secret}" for secret in told.get("secrets", ())}
        return Service(
            name=name,
            container=self._container(image)[0],
            words=[word.replace("$$", "$") for word in [*_words(entrypoint), *_words(command)]],
            mounts=secrets | self._volumes(image, told.get("volumes", ())),
            variables=told.get("environment", {}),
            health=(told.get("healthcheck") or {"test": of_image["Healthcheck"]["Test"]})["test"],
        )

    @contextmanager
    def running(self, service: Service) -> Iterator[None]:
        """Run a service, from when it is healthy until the block ends.

        Raises:
            CommandFailed: If it ends or is not healthy in time; the message holds the end of its log.
        """
        log = self.folder / f"{service.name}.log"
        command = self.buildah.command(service.container, service.words, service.mounts, service.variables)
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603  our own containers
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
                preexec_fn=END_WITH_PARENT,
            )  # fmt: skip
        try:
            began = time.monotonic()
            while not self._healthy(service):
                if process.poll() is not None or time.monotonic() - began > HEALTHY_WITHIN_S:
                    end = log.read_text(encoding="utf-8", errors="replace")[-3000:]
                    raise CommandFailed(f"expected {service.name} to be healthy, received: {end}")
                time.sleep(POLL_S)
            yield
        finally:
            kill(process)

    def _healthy(self, service: Service) -> bool:
        kind, *words = service.health
        test = ["sh", "-c", *words] if kind == "CMD-SHELL" else words
        try:
            output_of(self.buildah.command(service.container, test, service.mounts, service.variables))
        except CommandFailed:
            return False
        return True

    def _container(self, image: str) -> tuple[str, Path]:
        if image not in self._containers:
            hosts = [f"{name}:127.0.0.1" for name in described()]
            self._containers[image] = self.buildah.container(image, hosts)
        return self._containers[image]

    def _volumes(self, image: str, volumes: Sequence[str]) -> dict[Path, str]:
        """Make a folder for each volume; as with Docker it belongs to whom the image's belongs, or to root."""
        mounts: dict[Path, str] = {}
        for name, _, inside in (volume.partition(":") for volume in volumes):
            folder, original = self.folder / "volumes" / name, self._container(image)[1] / inside.strip("/")
            if not folder.exists():
                folder.mkdir(parents=True)
                if original.exists():
                    output_of(["chown", f"--reference={original}", folder])
            mounts[folder] = inside
        return mounts


def _words(told: str | Sequence[str] | None) -> list[str]:
    return shlex.split(told) if isinstance(told, str) else list(told or ())
