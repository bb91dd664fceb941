"""The Compare page: every view of two runs, and what one reads that the other does not."""

import pytest

from tests.dashboard.pages import World, open_page, without_traceback, words_of

VIEWS = ["Figures", "Curves", "Parameters", "Groups", "Confusions", "Pairs", "Promote"]


@pytest.mark.parametrize("view", VIEWS)
def test_every_view(world: World, view: str) -> None:
    page = without_traceback(open_page("compare", runs=",".join(world.runs), view=view))
    assert "fault of ours" not in words_of(page)
    assert page.get("plotly_chart") or view in ("Parameters", "Pairs", "Promote")


def test_the_link_restores_the_selection(world: World) -> None:
    page = open_page("compare", runs=",".join(world.runs))
    assert page.multiselect(key="compared").value == list(world.runs)
    page.multiselect(key="compared").set_value([world.runs[1]])
    without_traceback(page.run())
    assert page.query_params["runs"] in (world.runs[1], [world.runs[1]])
    assert "Choose two runs or more" in words_of(page)


def test_only_what_differs(world: World) -> None:
    page = open_page("compare", runs=",".join(world.runs), view="Parameters")
    assert list(page.dataframe[0].value.index) == ["training.learning_rate"]


def test_pairs_show_what_only_one_reads(world: World) -> None:
    words = words_of(without_traceback(open_page("compare", runs=",".join(world.runs), view="Pairs")))
    good, bad = (f"tiny {run[:6]}" for run in world.runs)
    assert f"{good} reads more than {bad}" in words.replace("\\", "")
    assert f"Only {good} reads" in words.replace("\\", "") and f"Only {bad} reads" not in words.replace("\\", "")
    assert "<mark>" in words, "the wrong characters are marked"


def test_the_rule_speaks_before_the_button(world: World) -> None:
    page = open_page("compare", runs=",".join(world.runs), view="Promote")
    words = words_of(page)
    assert "The usual rule says no" in words and "exact match" in words
    assert page.button(key="promote-captcha-tiny-2").disabled, "against the rule only with a reason"
    page.text_input(key="force-captcha-tiny-2").set_value("it is smaller")
    without_traceback(page.run())
    assert not page.button(key="promote-captcha-tiny-2").disabled


def test_a_run_without_a_report(world: World) -> None:
    from tests.dashboard.pages import bare_run

    bare = bare_run()
    for view in VIEWS:
        page = without_traceback(open_page("compare", runs=f"{world.runs[0]},{bare}", view=view))
        assert "fault of ours" not in words_of(page)
    from captcha_core.tracking.connect import client
    from dashboard.tracking import data

    client().delete_run(bare)
    data.forget()
