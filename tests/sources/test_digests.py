"""Seeded pictures and clips stay byte for byte what they were: data sets are drawn anew from their seeds.

The digests are of the pinned Pillow, matplotlib, FreeType and espeak-ng. Whoever changes pictures on purpose raises
``GENERATOR`` in ``captcha_core/dataset/generate.py`` and puts in the new digests, which the failing test prints.
"""

import hashlib
from typing import Any

import numpy as np
import pytest

from captcha_core.sources.generate import draw_arrays
from captcha_core.sources.scheme import harder
from captcha_core.sources.schemes import get_scheme

EVERYTHING = {
    "stars": 12, "stars_in_front": 0.5, "lines": 3, "wave_px": 5.0, "texture": 50, "gradient": 70, "arcs": 3,
    "dots": 17, "dot_width_px": 5, "colour_each": True, "smooth": True, "jitter_x_px": 3, "jitter_y_px": 2,
}  # fmt: skip
PICTURES = ["digits4", "alnum4", "alnum6", "touching", "wavy", "nthu6", "textured", "fonts", "mixed"]
CASES: dict[str, dict[str, Any]] = {
    **{name: {"name": name, "count": 20} for name in PICTURES},
    "alnum6 exact": {"name": "alnum6", "count": 20, "exact": True},
    "mixed exact": {"name": "mixed", "count": 20, "exact": True},
    "mixed twice as hard": {"name": "mixed", "count": 20, "difficulty": 2.0},
    "touching with everything": {"name": "touching", "count": 20, **EVERYTHING},
    "nthu6 with everything": {"name": "nthu6", "count": 20, **EVERYTHING},
    "audio-digits": {"name": "audio-digits", "count": 2},
}
DIGESTS = {
    "digits4": "43aa8c65e3b39cba24d86ea39d2e0646951a983454c3401af5b3613d31b4d485",
    "alnum4": "01a20a64803e71c81a5112ae8f0b32e8e551f54d331d9b434e01ccf20554f416",
    "alnum6": "4c6320b854e2b4484691b133af8f651989352a6a91da5830c4744a393c03e1e4",
    "touching": "7c83303acb5ea74e4b12fd28ff313f165c4be355c394e8c94803cb26ff0e1ee9",
    "wavy": "066502dc77bdec4c89e650d293b52a47337b05f95f55ab5be57ae11c4ca52aef",
    "nthu6": "132175655ef93e8275fff72e2bfe381d2d30b910d8e4c21aba49d124bf62ca53",
    "textured": "6bf05ba9c9df0f2350fb1b47cdc04055e1816f547bb2e09ba98738d21bc03155",
    "fonts": "461577118489255545cbb07eb31be782aa04f75470743784c3cf6552ea16b918",
    "mixed": "b05d60884aa275f8e295641b3f0ac60f46b34b05f3bb52bf8c6066203f61475c",
    "alnum6 exact": "cc48ce91504ef3a938624fd5738771a1ac9ecf72cc394e979f9e4ab0065a1976",
    "mixed exact": "faa5c90e0d817e1b9b1d52520fabce5de13dd62fc9df7708ed39287a2724b336",
    "mixed twice as hard": "cd0673a90bb479103d2fbf91e1ee48a0bf536e4647079be07299b63ae56d995e",
    "touching with everything": "2ed7556f2896cafd0308f9e7f352d71fef5bf19cae36304b1813b79c3b94375e",
    "nthu6 with everything": "0eb93bf71805ec36e3560cc5b2d40f3141ab4b560dc2c10c0677ef4d6386c241",
    "audio-digits": "c0be7de1a3eca3b25981c65a4f01413730b9ed14c5bc75bc0a2ffe88b4a32cd2",
}


def digest(name: str, count: int, difficulty: float = 1.0, exact: bool = False, **knobs: float) -> str:
    """Return the SHA-256 of samples of a scheme and their labels."""
    scheme = harder(get_scheme(name), difficulty).turned(**knobs)
    arrays, labels = draw_arrays(scheme, 11, range(5, 5 + count), exact=exact)
    whole = hashlib.sha256("|".join(labels).encode())
    for array in arrays:
        whole.update(np.ascontiguousarray(array).tobytes())
    return whole.hexdigest()


@pytest.mark.parametrize("case", CASES)
def test_nothing_changes_what_a_seed_draws(case: str) -> None:
    assert digest(**CASES[case]) == DIGESTS[case]
