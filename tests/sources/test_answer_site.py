"""The form of a site: yes, no, later, and everything else told in one sentence."""

from collections.abc import Iterator

import pytest

from captcha_core.errors import FetchError, SpecError
from captcha_core.sources.answer_site import AnswerSite
from captcha_core.sources.demo_site import DemoSite
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.sample import Sample


@pytest.fixture
def site() -> Iterator[DemoSite]:
    with DemoSite(get_scheme("digits4"), seed=3) as running:
        yield running


def test_yes_and_no(site: DemoSite) -> None:
    with AnswerSite(site.url) as form:
        name, media = form.captcha()
        text = site.truth[Sample(media, None).id]
        assert form.accepts(name, text)
        name, media = form.captcha()
        assert not form.accepts(name, "0000" if site.truth[Sample(media, None).id] != "0000" else "1111")


def test_an_answer_that_nobody_waits_for_is_no_no(site: DemoSite) -> None:
    with AnswerSite(site.url) as form:
        name, _ = form.captcha()
        form.accepts(name, "0000")
        with pytest.raises(FetchError, match="expected status 200 .accepted. or 403 .refused.*received 410"):
            form.accepts(name, "0000")


def test_a_site_that_wants_no_more_just_now_is_waited_for(site: DemoSite) -> None:
    site.form.per_minute = 1
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        site.form.per_minute = 2 if len(waits) == 3 else site.form.per_minute

    with AnswerSite(site.url, wait) as form:
        for _ in range(2):
            name, media = form.captcha()
            assert form.accepts(name, site.truth[Sample(media, None).id])
        assert len(waits) == 3
        name, _ = form.captcha()
        with pytest.raises(FetchError, match="received 429 all the time"):
            form.accepts(name, "0000")


def test_what_is_no_such_site(site: DemoSite) -> None:
    with AnswerSite(f"{site.url}elsewhere") as form, pytest.raises(FetchError, match="expected a captcha at.*404"):
        form.captcha()
    site.close()
    with AnswerSite(site.url) as form, pytest.raises(FetchError, match="expected an answer from.*start the site"):
        form.captcha()
    with pytest.raises(SpecError, match="expected an http or https address"):
        AnswerSite("ftp://site")
