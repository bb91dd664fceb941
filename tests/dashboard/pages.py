"""Open a page without a browser, and look at what it says."""

from dataclasses import dataclass
from pathlib import Path

from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from captcha_core.tracking.connect import client, experiment

APP = Path(__file__).parent.parent.parent / "dashboard" / "app.py"


@dataclass(frozen=True)
class World:
    """A folder with MLflow's database, the runs in it (good one first) and the registered model."""

    folder: Path
    runs: tuple[str, str]
    model: str


def open_page(name: str, **parameters: str) -> AppTest:
    """Open a page by its address.

    AppTest can only switch to pages that are files; ours are functions, so it is told the page's hash.
    """
    test = AppTest.from_file(str(APP), default_timeout=60)
    if name != "home":  # the first page has no address of its own
        test._page_hash = calc_hash(name)
    for key, value in parameters.items():
        test.query_params[key] = value
    return test.run()


def words_of(test: AppTest) -> str:
    """Return everything that a page says in words."""
    elements = [
        *test.title, *test.subheader, *test.markdown, *test.caption, *test.error, *test.warning, *test.info,
        *test.success, *test.code, *test.get("html"),
    ]  # fmt: skip
    return "\n".join(str(getattr(one, "value", "") or getattr(one.proto, "body", "")) for one in elements)


def without_traceback(test: AppTest) -> AppTest:
    """Return the page after making sure that no exception is shown on it."""
    assert not test.exception, [one.message for one in test.exception]
    return test


def bare_run(state: str = "FINISHED", **tags: str) -> str:
    """Make a run with nothing in it, and return its id."""
    api = client()
    run = api.create_run(experiment(), run_name="bare", tags=tags)
    if state != "RUNNING":
        api.set_terminated(run.info.run_id, state)
    return str(run.info.run_id)
