"""Hostile URLs are refused whole, public ones pass, and nothing is connected to while deciding."""

import asyncio

import pytest

from captcha_core.errors import FetchError, SpecError
from captcha_core.fetch.fetch import Fetcher, FetchPolicy
from captcha_core.fetch.url import UrlRefused, host_pattern, parse_url
from tests.fetch.hostile_urls import HOSTILE, NAMES, PUBLIC


async def resolver(host: str, port: int) -> list[str]:
    return NAMES.get(host, [host])


FETCHER = Fetcher(FetchPolicy(hosts=frozenset({"*"})), resolver=resolver)


def check(url: str) -> list[str]:
    return asyncio.run(FETCHER.check(parse_url(url)))


def test_the_table_is_as_long_as_it_says() -> None:
    assert len({url for _, url in HOSTILE}) == len(HOSTILE) >= 120


@pytest.mark.parametrize(("why", "url"), HOSTILE, ids=[f"{why}-{url[:40]!a}" for why, url in HOSTILE])
def test_hostile_urls_are_refused(why: str, url: str) -> None:
    with pytest.raises(UrlRefused) as refusal:
        check(url)
    for secret in ("10.0.0.7", "169.254", "192.168.1.1", "::1"):
        assert secret not in str(refusal.value), "an error must not tell what a name resolves to"


@pytest.mark.parametrize(("url", "authority"), PUBLIC)
def test_public_neighbours_pass(url: str, authority: str) -> None:
    target = parse_url(url)
    assert target.authority == authority
    assert asyncio.run(FETCHER.check(target))
    assert parse_url(target.url) == target, "what goes out reads as what came in"


@pytest.mark.parametrize("url", [url for _, url in HOSTILE])
def test_nothing_passes_without_a_list(url: str) -> None:
    closed = Fetcher(FetchPolicy(), resolver=resolver)
    with pytest.raises(FetchError):
        asyncio.run(closed.fetch(url))
    with pytest.raises(UrlRefused, match="allow-url-host"):
        asyncio.run(closed.fetch("http://public.example/"))


@pytest.mark.parametrize(
    ("pattern", "host", "allowed"),
    [
        ("public.example", "public.example", True),
        ("Public.Example.", "public.example", True),
        ("public.example", "a.public.example", False),
        ("*.public.example", "a.public.example", True),
        ("*.public.example", "a.b.public.example", True),
        ("*.public.example", "public.example", False),
        ("*.public.example", "notpublic.example", False),
        ("public.example", "public.example.evil.example", False),
        ("*", "anything.example", True),
        ("[2606:4700:0::1]", "2606:4700::1", True),
        ("8.8.8.8", "8.8.4.4", False),
    ],
)
def test_host_lists(pattern: str, host: str, allowed: bool) -> None:
    assert FetchPolicy(hosts=frozenset({pattern})).allows(host) is allowed


def test_a_host_name_is_253_characters_long_at_most() -> None:
    longest = f"{'.'.join(['a' * 63] * 3)}.{'b' * 61}"
    assert len(longest) == 253 and parse_url(f"http://{longest}/").host == longest
    with pytest.raises(UrlRefused, match="expected a host name"):
        parse_url(f"http://{longest}b/")


@pytest.mark.parametrize("pattern", ["", "http://public.example", "public.example:80", "a/b", "*.*.example", "0x7f.1"])
def test_host_lists_take_hosts_alone(pattern: str) -> None:
    with pytest.raises(SpecError, match="expected a host such as"):
        host_pattern(pattern)
