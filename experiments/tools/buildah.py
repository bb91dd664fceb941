"""Container images without Docker or a registry: buildah in chroots, and Debian as the base of everything."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.tools.processes import CommandFailed

PROGRAMS = {"buildah": "buildah", "debootstrap": "debootstrap", "ip": "iproute2"}  # and the package of each
PYTHON = ("ca-certificates", "python-is-python3", "python3", "python3-pip")
UNUSED = ("var/cache/apt/*.bin", "var/cache/apt/archives/*.deb", "var/lib/apt/lists/*_*")
FOR_VENVS_ALONE = "usr/lib/python3*/EXTERNALLY-MANAGED"  # with it Debian's pip refuses to install
OF_ITS_OWN = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")  # all that a command starts ends with it


def missing() -> str:
    """Return what keeps this machine from building images, as a sentence; '' where nothing does."""
    absent = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    if os.geteuid():
        return "expected root, who may use chroot, received another user; run it as root."
    if absent:
        names = " ".join(absent)
        return f"expected the packages {names}, received none; run apt-get install --no-install-recommends {names}."
    return ""


def output_of(words: Sequence[str | Path]) -> str:
    """Run a command that must work, and return what it prints.

    Raises:
        CommandFailed: If it does not; the message holds the end of what it said.
    """
    command = [str(word) for word in words]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        lines = [*done.stdout.splitlines()[-15:], *done.stderr.splitlines()[-15:]]
        raise CommandFailed(f"expected {' '.join(command)} to work, received: " + "\n".join(lines))
    return done.stdout.strip()


def pip_settings(folder: Path) -> tuple[Path, list[str]]:
    """Write this machine's settings of pip into a file, and name the folders and files that they speak of."""
    listed = re.findall(r"^(global|:env:)\.([\w-]+)='(.*)'$", output_of(["pip", "config", "list"]), re.M)
    settings = {key: value for _, key, value in sorted(listed, reverse=True)}  # variables overrule files
    file = folder / "pip.conf"
    file.write_text("[global]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items()), encoding="utf-8")
    words = [word for value in settings.values() for word in value.split()]
    indexes = [str(Path(word.removeprefix("file://")).parent) for word in words if word.startswith("file://")]
    return file, [path for path in dict.fromkeys([*indexes, *words]) if path.startswith("/") and Path(path).exists()]


@dataclass(frozen=True)
class Buildah:
    """Images and containers in a folder; the folder is all that is left of them."""

    folder: Path

    def __call__(self, *words: str | Path) -> str:
        """Run one of buildah's commands, and return what it prints."""
        return output_of([*self._words, *words])

    @property
    def _words(self) -> list[str]:
        store, run = self.folder / "storage", self.folder / "run"
        return ["buildah", "--root", str(store), "--runroot", str(run), "--storage-driver", "vfs"]

    def has(self, image: str) -> bool:
        """Return whether an image is there."""
        return bool(self("images", "--quiet", "--filter", f"reference={image}"))

    def debian(self, image: str) -> None:
        """Make a base image with Debian's Python, of this machine's release and from its mirror."""
        with self._changed("scratch", image) as (_, root):
            release = output_of(["sh", "-c", '. /etc/os-release; echo "$VERSION_CODENAME"'])
            listed = output_of(
                ["apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages"]
            )
            mirror = next(line.split()[1] for line in listed.splitlines() if line.split()[0] == release)
            include = f"--include={','.join(PYTHON)}"
            output_of(["debootstrap", "--variant=minbase", include, release, root, mirror])
            for pattern in (*UNUSED, FOR_VENVS_ALONE):
                for path in root.glob(pattern):
                    path.unlink()

    def derived(self, base: str, image: str, script: str, **settings: str) -> None:
        """Make an image of another by a shell script that runs as root in it; ``settings`` are `buildah config`'s."""
        with self._changed(base, image) as (container, _):
            self("run", "--isolation", "chroot", "--user", "root", container, "--", "sh", "-ec", script)
            self("config", *(f"--{key}={value}" for key, value in settings.items()), container)

    @contextmanager
    def _changed(self, base: str, image: str) -> Iterator[tuple[str, Path]]:
        container = self("from", "--pull=never", base)
        yield container, Path(self("mount", container))
        self("commit", "--quiet", "--format", "docker", "--rm", container, image)

    def build(self, context: Path, image: str, dockerfile: str) -> None:
        """Build an image as the text of a Dockerfile says, with this machine's settings of pip."""
        settings, paths = pip_settings(self.folder)
        mounts = [word for path in paths for word in ("--volume", f"{path}:{path}:ro")]
        file = self.folder / "Dockerfile"
        file.write_text(dockerfile, encoding="utf-8")
        options = ["--isolation", "chroot", "--format", "docker", "--pull=never", "--secret", f"id=pip,src={settings}"]
        self("build", "--quiet", *options, *mounts, "--file", file, "--tag", image, context)

    def size_mb(self, image: str) -> int:
        """Return what all layers of an image hold, in millions of bytes."""
        container = self("from", "--pull=never", image)
        counted = output_of(["du", "--summarize", "--block-size=1", self("mount", container)])
        self("rm", container)
        return round(int(counted.split()[0]) / 1e6)

    def settings(self, image: str) -> dict[str, Any]:
        """Return what an image says about itself: User, Entrypoint, Cmd, Healthcheck and others."""
        found: dict[str, Any] = json.loads(self("inspect", "--type", "image", image))["Docker"]["config"]
        return found

    def container(self, image: str, hosts: Sequence[str] = ()) -> tuple[str, Path]:
        """Make a container with ``hosts`` NAME:ADDRESS, and return its name and its root folder."""
        container = self("from", "--pull=never", *(f"--add-host={one}" for one in hosts), image)
        return container, Path(self("mount", container))

    def command(
        self,
        container: str,
        words: Sequence[str],
        mounts: Mapping[Path, str],
        variables: Mapping[str, str],
        user: str = "",
    ) -> list[str]:
        """Return the command line that runs a command in a container.

        Args:
            mounts: Folders and files of this machine, and where the command finds them.
            user: Who runs it; by default whom the image names.
        """
        options = [word for here, there in mounts.items() for word in ("--volume", f"{here}:{there}")]
        options += [word for key, value in variables.items() for word in ("--env", f"{key}={value}")]
        options += ["--user", user] if user else []
        return [*OF_ITS_OWN, *self._words, "run", "--isolation", "chroot", *options, container, "--", *words]
