"""What takes part: a file in ``generators/`` for each package, read without being run, and its own environment."""

import ast
import hashlib
import json
import os
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from captcha_core.errors import DataError, SpecError
from captcha_core.files import write_file
from captcha_core.sources.programs.process import python_command

FOLDER = Path(__file__).parent / "generators"
FONT = "{font}"  # in settings: the path of a TrueType font
PIP_S = 900
READY = "ready"


@dataclass(frozen=True)
class Entry:
    """A generator that takes part.

    Args:
        name: Of its file.
        about: First line of the file's docstring.
        pip: What pip installs for it, with versions.
        npm: What npm installs for it, with versions; its program is then a file of JavaScript of the same name.
        settings: Keyword arguments of ``draw`` by the name of the setting, ``default`` and ``hardest``.
    """

    name: str
    about: str
    pip: Sequence[str]
    npm: Sequence[str]
    settings: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, path: Path) -> "Entry":
        """Read what a file says of itself.

        Raises:
            SpecError: If it lacks something.
        """
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said = {
            target.id: ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name) and target.id in ("PIP", "NPM", "SETTINGS")
        }
        about = (ast.get_docstring(tree) or "").partition("\n")[0]
        if not about or "SETTINGS" not in said or not ("PIP" in said or "NPM" in said):
            raise SpecError(f"expected a docstring, SETTINGS and PIP or NPM in {path.name}, received less; add them.")
        return cls(path.stem, about, said.get("PIP", ()), said.get("NPM", ()), said["SETTINGS"])

    @property
    def digest(self) -> str:
        """Changes when the generator does."""
        files = [path.read_bytes() for path in sorted(FOLDER.glob(f"{self.name}.*"))]
        return hashlib.sha256(b"\n".join(files)).hexdigest()[:12]

    def environment(self, folder: Path) -> Path:
        """Return its environment, made where it is not there yet.

        Raises:
            DataError: If it cannot be installed.
        """
        wanted = json.dumps([list(self.pip), list(self.npm)])
        place = folder / self.name
        if not (place / READY).is_file() or (place / READY).read_text(encoding="utf-8") != wanted:
            self._install(place)
            write_file(place / READY, wanted.encode())
        return place

    def _install(self, place: Path) -> None:
        place.mkdir(parents=True, exist_ok=True)
        if self.npm:
            _run(["npm", "install", "--prefix", str(place), "--no-audit", "--no-fund", *self.npm], self.name)
        if self.pip:
            venv.create(place, with_pip=True, clear=True)
            pip = [str(_python(place)), "-m", "pip", "install", "--disable-pip-version-check", "--only-binary", ":all:"]
            try:
                _run([*pip, *self.pip], self.name)
            except DataError:  # a package may have no wheel
                _run([*pip[:-2], *self.pip], self.name)

    def command(self, place: Path, setting: str) -> list[str]:
        """Return the command that draws by a setting."""
        settings = json.loads(json.dumps(self.settings[setting]).replace(FONT, _font()))
        if self.npm:
            return ["node", str(FOLDER / f"{self.name}.js"), str(place), json.dumps(settings)]
        return python_command(f"{FOLDER / self.name}.py:draw", str(_python(place)), settings)


def entries(only: Sequence[str] = ()) -> list[Entry]:
    """Return who takes part, or those of these names.

    Raises:
        SpecError: If there is none of a name.
    """
    found = {path.stem: path for path in sorted(FOLDER.glob("*.py")) if path.stem != "__init__"}
    if unknown := [name for name in only if name not in found]:
        raise SpecError(f"expected generators of {', '.join(found)}, received {unknown[0]!r}; correct --only.")
    return [Entry.read(path) for name, path in found.items() if not only or name in only]


def _python(place: Path) -> Path:
    return place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _font() -> str:
    from captcha_core.sources.raster.fonts import font_path

    return str(font_path("DejaVuSans"))


def _run(command: Sequence[str], name: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    try:
        done = subprocess.run(  # noqa: S603  what the generator's file names
            command, capture_output=True, text=True, timeout=PIP_S, check=False, env=environment
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataError(f"expected {name} to be installed, received {error}; leave it out with --only.") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["nothing"]
        raise DataError(f"expected {name} to be installed, received: {said[-1][:300]}; leave it out with --only.")
