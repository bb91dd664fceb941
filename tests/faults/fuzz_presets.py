"""Presets that somebody hands over, read as ``captchalab train`` and ``tune`` read them before they begin."""

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from captcha_core.models.space import SearchSpace
from captcha_core.models.zoo import get_network
from captcha_core.presets.preset import FOLDER, load_preset
from captcha_core.sources.schemes import get_scheme
from captcha_core.training.config import TrainingConfig
from tests.faults.fuzzing import Target
from tests.faults.mutations import NUMBER, PLAIN, as_json, documents, mutants

BOMB = "a: &a [1,2]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
FRAGMENTS = (
    BOMB, f"options: {{filters: *i}}\n{BOMB}", f"{BOMB}name: *i\n", "description: &x [*x]\n", "? [1, 2]\n: 3\n",
    "1: 2\n", "<<: *a\n", "<<: [{scheme: digits6}]\n", "training: {minutes: 2020-13-45}\n",
    "training: {minutes: 1:1:1:1}\n", "training: {seed: 0x" + "f" * 9000 + "}\n",
    "training: {seed: " + "9" * 9000 + "}\n", "name: !!python/object/apply:os.system ['touch evil']\n",
    "name: !!binary AAAA\n", "name: !!set {a}\n", "options: !!omap [a: 1]\n", "--- \n", "%YAML 9.9\n---\n",
    "options: " + "[" * 3000 + "]" * 3000 + "\n", "options: " + "{a: " * 800 + "1" + "}" * 800 + "\n", "\t", "\x00",
    "\ud7ff", "name: \"\\ud800\"\n", "scheme: [a]\n", "scheme: {a: 1}\n", "network: [a]\n",
    "search: {networks: [[a]]}\n", "search: {space: {width: {low: 1}}}\n",
)  # fmt: skip


def presets(folder: Path) -> Target:
    """Load a preset, and check its scheme, recipe, network and search."""
    import yaml

    texts = [path.read_bytes() for path in sorted(FOLDER.glob("*.yaml"))]
    seeds = [yaml.safe_load(text) for text in texts]
    insert = st.tuples(st.sampled_from(texts), NUMBER, st.sampled_from(FRAGMENTS))
    path = folder / "mine.yaml"

    def take(content: bytes) -> None:
        path.write_bytes(content)
        preset = load_preset(str(path))
        if preset.scheme:
            get_scheme(preset.scheme)
        TrainingConfig.build(**preset.training)
        names = preset.search.networks or [preset.network]
        SearchSpace.of({name: get_network(name).space for name in names}, preset.search.space)

    return Target(
        documents(seeds).map(as_json) | mutants(texts, PLAIN) | insert.map(_inserted) | documents(seeds).map(_block),
        take,
    )


def _inserted(value: tuple[bytes, int, str]) -> bytes:
    text, place, fragment = value
    lines = text.decode().splitlines(keepends=True)
    at = place % (len(lines) + 1)
    return "".join([*lines[:at], fragment, *lines[at:]]).encode("utf-8", "surrogatepass")


def _block(document: Any) -> bytes:
    import yaml

    return yaml.safe_dump(document, allow_unicode=True).encode("utf-8", "surrogatepass")
