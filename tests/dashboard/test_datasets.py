"""What the dashboard says of a data set."""

from pathlib import Path

import pytest

from captcha_core.dataset.in_memory import write_samples
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.captcha import CaptchaSpec
from dashboard.data_sets.contents import describe
from dashboard.tracking import gallery
from tests.conftest import tiny_samples
from tests.dashboard.pages import open_page


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("digits4", "Images of 60 x 160 pixels (height x width), grey; texts of 4 characters, out of 10: 0123456789"),
        ("audio-digits", "Clips of up to 30 s at 8,000 Hz; texts of 4 to 8 characters, out of 10: 0123456789"),
    ],
)
def test_a_specification_in_a_line(name: str, line: str) -> None:
    assert describe(get_scheme(name).spec) == line


def test_case_is_named_where_letters_have_one() -> None:
    assert describe(get_scheme("alnum4").spec).endswith(", capital or not")
    assert "capital" not in describe(get_scheme("alnum6").spec)  # both cases are characters of it
    assert "capital" not in describe(get_scheme("digits4").spec.model_copy(update={"case_sensitive": False}))


def test_a_link_to_the_page_that_is_shown_wins_over_what_was_chosen_on_it(fresh: Path, tiny_spec: CaptchaSpec) -> None:
    for name in ("a", "b"):
        write_samples(gallery.DATA / name, tiny_spec, tiny_samples(12, seed=4), "import", "1/0/0")
    page = open_page("data", set="a")
    page.selectbox(key="dataset").select("b").run()
    assert "b" in page.query_params["set"], "what is chosen is in the address"
    page.query_params["set"] = "a"
    page.run()
    assert page.selectbox(key="dataset").value == "a" and not page.warning
