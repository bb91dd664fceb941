"""The same targets under atheris, which follows what each input reaches.

``python -m tests.faults.coverage_guided images`` tries pictures.

Install atheris by hand (`pip install atheris`). Options behind the name are libFuzzer's: ``-runs=50000``, a corpus
folder. What it finds ends the run with the input's traceback; ours go to ``tests/faults/test_fuzz_findings.py``.
"""

import sys
import tempfile
from pathlib import Path


def main() -> None:
    import atheris

    with atheris.instrument_imports(include=["captcha_core", "experiments", "dashboard"]):
        from tests.faults.test_fuzz import TARGETS
    from hypothesis import HealthCheck, given, settings

    from captcha_core.errors import CaptchaError

    name = sys.argv[1]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "inner"
        folder.mkdir()
        target = TARGETS[name](folder)

        @given(target.inputs)
        @settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def one(value: object) -> None:
            try:
                target.take(value)
            except CaptchaError:
                return

        options = ["-timeout=5", "-max_len=4096", "-len_control=0"]  # Hypothesis needs some hundred bytes for an input
        atheris.Setup([sys.argv[0], *options, *sys.argv[2:]], atheris.instrument_func(one.hypothesis.fuzz_one_input))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
