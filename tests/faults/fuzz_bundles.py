"""A model that somebody hands over: its specification, configuration, metrics, sums and networks."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from captcha_core.bundle.bundle import FILES, SUMS, Bundle
from captcha_core.solver import Solver
from captcha_core.spec.answer import ModelIdentity
from captcha_core.spec.captcha import CaptchaSpec
from tests.faults.fuzzing import Target
from tests.faults.mutations import json_files, mutants
from tests.media.every_kind import clips, pictures

DOCUMENTS = ("spec.json", "config.json", "metrics.json")
MEDIA = [pictures()[0], clips()[0]]


IMAGE = {"media": "image", "height_px": 16, "width_px": 32, "channels": 1}
AUDIO = {"media": "audio", "sample_rate_hz": 8000, "max_seconds": 1.0}
NETWORKS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # with their options and what they read
    "image_cnn": ({"filters": [4, 4]}, IMAGE),
    "letters": ({}, IMAGE),
    "audio_ctc": ({"filters": [4, 4], "width": 16}, AUDIO),
}


def untrained(folder: Path, name: str = "image_cnn") -> Path:
    """Write the bundle of a small network that has learnt nothing, and return its folder."""
    from captcha_core.bundle.bundle import BundleConfig, write_bundle
    from captcha_core.bundle.convert import to_litert
    from captcha_core.models.zoo import build_network, get_network

    options, fields = NETWORKS[name]
    spec = CaptchaSpec.build(alphabet="0123", min_length=2, max_length=2, **fields)
    model, network = build_network(name, spec, options), get_network(name)
    model.save(folder / f"{name}.keras")
    config = BundleConfig(network=name, head=network.head, features=network.features(spec))
    litert = to_litert(model)
    return write_bundle(folder / name, spec, config, folder / f"{name}.keras", litert, {"validation": {"x": 1.0}}).path


def sum_up(bundle: Path) -> str:
    return "".join(f"{hashlib.sha256((bundle / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(FILES))


def _solve(bundle: Path) -> None:
    opened = Bundle.open(bundle)
    assert isinstance(opened.metrics, dict)
    solver = Solver(opened, ModelIdentity("fuzz", None, None))
    for media in MEDIA:
        solver.attempt(media)


def bundles(folder: Path) -> Target:
    """Open a bundle one of whose documents was changed, its sums made right, and read files with it."""
    places = {name: untrained(folder, name) for name in NETWORKS}
    files = {(name, file): (place / file).read_bytes() for name, place in places.items() for file in (*DOCUMENTS, SUMS)}
    texts = [key for key in files if key[1] != SUMS]
    documents = st.one_of(st.tuples(st.just(key), json_files([json.loads(files[key])])) for key in texts)
    sums = st.one_of(st.tuples(st.just((name, SUMS)), mutants([files[name, SUMS]])) for name in places)

    def take(value: tuple[tuple[str, str], bytes]) -> None:
        (name, changed), content = value
        place = places[name]
        for file in (*DOCUMENTS, SUMS):
            (place / file).write_bytes(files[name, file])
        (place / changed).write_bytes(content)
        if changed != SUMS:
            (place / SUMS).write_text(sum_up(place), encoding="utf-8")
        _solve(place)

    return Target(documents | documents | documents | sums, take)


def networks(folder: Path) -> Target:
    """Open a bundle whose networks were changed after its sums were taken: none of it may reach an interpreter."""
    bundle = untrained(folder)
    names = ("model.tflite", "model.keras")
    good = {name: (bundle / name).read_bytes() for name in names}
    assert zipfile.is_zipfile(bundle / "model.keras")

    def take(value: tuple[str, bytes]) -> None:
        name, content = value
        for other, before in good.items():
            (bundle / other).write_bytes(before)
        (bundle / name).write_bytes(content)
        if content == good[name]:
            _solve(bundle)
        else:
            try:
                Bundle.open(bundle)
            finally:
                (bundle / name).write_bytes(good[name])
            raise AssertionError("a bundle whose sums are wrong was opened")

    return Target(st.one_of(st.tuples(st.just(name), mutants([good[name]])) for name in names), take)
