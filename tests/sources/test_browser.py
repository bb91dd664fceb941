"""The collector in a real browser, against the demo site."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from captcha_core.errors import DataError, FetchError, SpecError
from captcha_core.media.image import decode_image
from captcha_core.sources.browser import MAX_REPEATS, CollectOptions, collect, find_browser
from captcha_core.sources.host_rule import HostRule
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.sample import Sample
from tests.sources.odd_pages import OddSite


@pytest.fixture(scope="module")
def site() -> Iterator[OddSite]:
    with OddSite(get_scheme("digits4")) as site:
        yield site


def fetch(url: str, count: int = 2, selector: str = "#captcha", **more: object) -> list[Sample]:
    return list(collect(CollectOptions(url, selector, count, delay_s=0, timeout_s=6, **more), set()))  # type: ignore[arg-type]


@pytest.mark.parametrize("refresh", [None, "#refresh"], ids=["load again", "click"])
def test_takes_the_elements_own_bytes(site: OddSite, refresh: str | None) -> None:
    found = fetch(site.url, 4, refresh=refresh)
    assert len({sample.id for sample in found}) == 4
    assert all(sample.id in site.truth and sample.text is None for sample in found)
    assert {sample.origin["taken_from"] for sample in found} == {"response"}


@pytest.mark.parametrize("page", ["data", "blob"])
def test_takes_the_bytes_of_pictures_that_a_script_made(site: OddSite, page: str) -> None:
    found = fetch(f"{site.url}{page}")
    assert all(sample.id in site.truth for sample in found)


@pytest.mark.parametrize(("page", "how"), [("canvas", "data URL"), ("background", "screenshot")])
def test_pictures_without_bytes_of_their_own_are_taken_as_they_look(site: OddSite, page: str, how: str) -> None:
    found = fetch(f"{site.url}{page}")
    assert [sample.origin["taken_from"] for sample in found] == [how] * 2
    assert all(decode_image(sample.media).shape == (60, 160, 1) for sample in found)


def test_waits_between_two_captchas(site: OddSite) -> None:
    waits: list[float] = []
    list(collect(CollectOptions(site.url, "#captcha", 3, delay_s=0.7), set(), waits.append))
    assert waits == [0.7, 0.7]


def test_goes_on_behind_what_is_there(site: OddSite) -> None:
    first = fetch(site.url, 2)
    known = {sample.id for sample in first}
    more = list(collect(CollectOptions(site.url, "#captcha", 3, delay_s=0), known))
    assert len(more) == 1 and more[0].id not in {sample.id for sample in first}
    assert list(collect(CollectOptions("http://127.0.0.1:9/", "#captcha", 3), known)) == []


def test_gives_up_when_nothing_new_comes(site: OddSite) -> None:
    with pytest.raises(FetchError, match=f"received {MAX_REPEATS + 1} in a row that are there already"):
        fetch(f"{site.url}same")


@pytest.mark.parametrize(
    ("page", "selector", "refresh", "sentence"),
    [
        ("", "#nothing", None, "expected one element for --selector '#nothing', found none"),
        ("many", ".captcha", None, "expected one element for --selector '.captcha', found 2"),
        ("", "#captcha", "#nothing", "expected one element for --refresh '#nothing', found none"),
        ("", "img[", None, r"expected a CSS selector, received 'img\['"),
    ],
)
def test_a_selector_must_match_one_element(
    site: OddSite, page: str, selector: str, refresh: str | None, sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence):
        fetch(f"{site.url}{page}", selector=selector, refresh=refresh)


def test_a_page_that_never_loads(site: OddSite) -> None:
    with pytest.raises(FetchError, match="to load within 1 s, received no whole page"):
        list(collect(CollectOptions(f"{site.url}never", "#captcha", 1, timeout_s=1), set()))
    site.hung.set()


def test_a_site_that_is_not_there() -> None:
    with pytest.raises(FetchError, match="expected http://127.0.0.1:9/ to load, received .*ERR"):
        fetch("http://127.0.0.1:9/")


def test_a_page_that_is_not_there(site: OddSite) -> None:
    with pytest.raises(FetchError, match="received status 404; correct --url"):
        fetch(f"{site.url}nothing")


def test_a_redirect_to_another_host_is_refused_and_never_asked(site: OddSite) -> None:
    with OddSite(get_scheme("digits4")) as other:
        site.other = other.url.replace("127.0.0.1", "localhost")
        with pytest.raises(
            FetchError, match="expected the page to stay on 127.0.0.1, received a redirect to localhost"
        ):
            fetch(f"{site.url}elsewhere")
        with pytest.raises(FetchError, match="received a redirect to localhost"):
            fetch(f"{site.url}leaves-later", refresh="#refresh")
        assert other.truth == {} and other.asked == []


def test_pictures_of_another_host_are_not_asked(site: OddSite) -> None:
    with OddSite(get_scheme("digits4")) as other:
        site.other = other.url.replace("127.0.0.1", "localhost")
        with pytest.raises(DataError, match="it may come from another host, which is not asked"):
            list(collect(CollectOptions(f"{site.url}abroad", "#captcha", 1, timeout_s=2), set()))
        assert other.asked == []


def test_a_browser_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="received /no/such/browser; install one .*apt-get install chromium"):
        find_browser("/no/such/browser")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FetchError, match="expected an installed Chromium, Chrome or Edge, received none"):
        find_browser()


def test_a_file_that_is_no_browser(site: OddSite, tmp_path: Path) -> None:
    script = tmp_path / "browser"
    script.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    script.chmod(0o755)
    with pytest.raises(FetchError, match="expected .*browser to start, received"):
        fetch(site.url, browser=str(script))


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "captcha.html", "http://", "http://host:99999/"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(SpecError, match="expected an http or https address"):
        HostRule.of(url)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://Example.org/a?b", True),
        ("https://example.org:443/", True),
        ("data:image/png;base64,AA==", True),
        ("http://example.org/", False),
        ("https://example.org:8443/", False),
        ("https://example.org.evil.net/", False),
        ("https://example.org@evil.net/", False),
        ("https://sub.example.org/", False),
        ("file:///etc/passwd", False),
    ],
)
def test_the_host_rule(url: str, allowed: bool) -> None:
    assert HostRule.of("https://example.org/login").allows(url) is allowed
