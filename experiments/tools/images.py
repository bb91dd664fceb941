"""make image-check: build the container images without Docker, and run them and the services of compose.yaml.

All of it happens in a folder that is removed, and in a network that has loopback alone, where no port is taken.
"""

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from experiments.benchmarks.install import drawn
from experiments.tools.buildah import Buildah, missing, output_of
from experiments.tools.compose import Host, described
from experiments.tools.processes import ROOT, CommandFailed

SERVE, FULL = "captchalab-serve", "captchalab"  # the second as compose.yaml calls it
MOST_MB = 700  # of the first
UID = "1000"
CLONE_NEWNET = 0x40000000
TEXT = "4821"
PRESET = """extends: digits4
training: {minutes: null, epochs: 5, steps_per_epoch: 100}
evaluation: {count: 200}
"""
WORK = ["work:/data"]  # as compose.yaml mounts it
PIPELINE = ("captchalab", "pipeline", "--preset", "digits4.yaml")
POSTGRES = r"""
apt-get -qq update
apt-get -qq install --no-install-recommends postgresql >/dev/null 2>&1
ln -sf /usr/lib/postgresql/*/bin/* /usr/local/bin/
cat > /usr/local/bin/as-the-official-image <<'END'
#!/bin/sh
set -eu
data=/var/lib/postgresql/data
as="setpriv --reuid=postgres --regid=postgres --clear-groups"
install -d -o postgres -m 700 "$data" /run/postgresql
install -o postgres -m 600 "$POSTGRES_PASSWORD_FILE" /tmp/password
$as initdb -D "$data" -U "$POSTGRES_USER" --pwfile=/tmp/password -A scram-sha-256 -E UTF8 --locale=C
echo "CREATE DATABASE $POSTGRES_DB" | $as postgres --single -D "$data" postgres
exec $as postgres -D "$data" -c 'listen_addresses=*'
END
chmod 755 /usr/local/bin/as-the-official-image
"""


@contextmanager
def step(what: str) -> Iterator[list[object]]:
    """Do a part, and say what it was, what it showed and how long it took."""
    shown: list[object] = []
    began = time.monotonic()
    yield shown
    seconds = f"{time.monotonic() - began:.0f} s"
    print(f"ok  {what}{''.join(f', {one}' for one in shown)} ({seconds})", flush=True)


def build(buildah: Buildah) -> None:
    """Build the images that Dockerfile and compose.yaml name; those of Debian only where they are not there yet.

    Raises:
        CommandFailed: If that does not work, or the small image is a large one.
    """
    _, small, full = re.split(r"^(?=FROM )", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.M)
    base, database = small.split()[1], described()["postgres"]["image"]
    if not buildah.has(base):
        with step(f"a base {base} of Debian"):
            buildah.debian(base)
    if not buildah.has(database):
        with step(f"an image {database} of Debian"):
            buildah.derived(base, database, POSTGRES, entrypoint='["as-the-official-image"]')
    with step("docker build --target serve") as shown:
        buildah.build(ROOT, SERVE, small)
        shown.append(f"{(size_mb := buildah.size_mb(SERVE))} MB")
    if size_mb >= MOST_MB:
        raise CommandFailed(f"expected less than {MOST_MB} MB, received {size_mb}.")
    with step("docker build") as shown:
        buildah.build(ROOT, FULL, full.replace("FROM serve", f"FROM {SERVE}"))  # which is there already
        shown.append(f"{buildah.size_mb(FULL)} MB")


def prepare(folder: Path) -> None:
    """Make the secrets as compose.yaml says, and a folder of the containers' user with a preset and a captcha."""
    lines = re.findall(r"^#   (.*)$", (ROOT / "compose.yaml").read_text(encoding="utf-8"), re.M)
    subprocess.run(["sh", "-ec", "\n".join(lines)], cwd=folder, check=True)  # noqa: S603, S607  lines of our own
    work = folder / "volumes" / "work"  # the volume of the dashboard
    work.mkdir(parents=True)
    (work / "digits4.yaml").write_text(PRESET, encoding="utf-8")
    drawn(work / "a.png", TEXT)
    output_of(["chown", "-R", UID, work])


def in_a_network_of_its_own() -> None:
    """Leave this machine's network for one that has loopback alone."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        raise CommandFailed(f"expected a network of its own, received: {os.strerror(ctypes.get_errno())}.")
    output_of(["ip", "link", "set", "lo", "up"])


def answer(folder: Path) -> str:
    """Return what the API reads in the captcha, asked with the token of compose.yaml's first lines."""
    token = (folder / "secrets" / "tokens").read_text(encoding="utf-8").split()[1]
    picture, header = (folder / "volumes" / "work" / "a.png").read_bytes(), {"Authorization": f"Bearer {token}"}
    asked = urllib.request.Request("http://127.0.0.1:8000/solve", data=picture, headers=header)
    with urllib.request.urlopen(asked, timeout=60) as reply:  # noqa: S310  our own server
        return str(json.load(reply)["text"])


def same(expected: str, received: str) -> str:
    """Return what was received where it is what was expected.

    Raises:
        CommandFailed: If it is not.
    """
    if received != expected:
        raise CommandFailed(f"expected {expected}, received {received}.")
    return received


def check_serve(host: Host) -> None:
    """Read a captcha with the small image, on its command line and over HTTP."""
    with step("serve image: doctor, solve") as shown:
        shown.append(f"uid {same(UID, host.run(SERVE, 'id', '-u'))}")
        host.run(SERVE, "captchalab", "doctor")
        shown.append(f"reads {same(TEXT, host.run(SERVE, 'captchalab', 'solve', 'a.png', volumes=WORK).split()[1])}")
    own = host.service(SERVE, "serve", {"secrets": ["tokens"]})
    with step("serve image: its own command, its health check, POST /solve") as shown, host.running(own):
        shown.append(f"reads {same(TEXT, answer(host.folder))}")


def check_full(host: Host) -> None:
    """Train, promote, serve and show with the full image, MLflow on SQLite in its folder."""
    with step("full image: doctor, pipeline") as shown:
        shown.append(f"uid {same(UID, host.run(FULL, 'id', '-u'))}")
        host.run(FULL, "captchalab", "doctor")
        shown.append(host.run(FULL, *PIPELINE, volumes=WORK).splitlines()[-1])
    for name in ("api", "dashboard"):
        alone = {**described()[name], "environment": {}, "volumes": WORK}
        with step(f"full image: {name}, its health check") as shown, host.running(host.service(FULL, name, alone)):
            shown += [f"reads {answer(host.folder)}"] if name == "api" else []


def check_compose(host: Host) -> None:
    """Run the services of compose.yaml against each other, and train and promote what the API serves."""
    with ExitStack() as running:
        for name, told in described().items():
            if name == "api":  # it serves a champion
                with step("compose: pipeline, on the server of MLflow") as shown:
                    lines = host.run(FULL, *PIPELINE, volumes=WORK, MLFLOW_TRACKING_URI="http://127.0.0.1:5000")
                    shown.append(lines.splitlines()[-1])
            with step(f"compose: {name}, its health check") as shown:
                running.enter_context(host.running(host.service(told["image"], name, told)))
                shown += [f"reads {answer(host.folder)}"] if name == "api" else []


def check(folder: Path, images: Path) -> None:
    """Build the images in one folder, and run everything in another.

    Raises:
        CommandFailed: If a part does not work.
    """
    buildah = Buildah(images)
    build(buildah)
    prepare(folder)
    in_a_network_of_its_own()
    host = Host(buildah, folder)
    try:
        check_serve(host)
        check_full(host)
        check_compose(host)
    finally:
        buildah("rm", "--all")


def main(kept: str = "") -> None:
    """Check the images; where a folder is named they stay in it, and a next time goes on from there."""
    if reason := missing():
        sys.exit(reason)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # which removes the folder
    with tempfile.TemporaryDirectory(prefix="captchalab-images-") as folder:
        run, images = Path(folder) / "run", Path(kept).resolve() if kept else Path(folder) / "images"
        try:
            run.mkdir()
            images.mkdir(exist_ok=True)
            check(run, images)
        except CommandFailed as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
