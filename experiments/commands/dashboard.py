"""captchalab dashboard: serve the pages."""

import errno
import os
import runpy
import socket
import sys
from typing import Annotated

import typer

from experiments.terminal.options import Experiment


def dashboard(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0: any free port.", min=0, max=65535)] = 8501,
    read_only: Annotated[bool, typer.Option("--read-only", help="Visitors may look, not change anything.")] = False,
    allow_url_host: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="Fetch captchas by URL from these hosts alone; by default any public one."),
    ] = None,
    experiment: Experiment = "",
) -> None:
    """Compare runs and solve captchas in the browser, until Ctrl-C.

    It has no login unless Streamlit's secrets configure one: beyond this machine, serve it behind a proxy that has.
    """
    from captcha_core.errors import CaptchaError
    from captcha_core.fetch.fetch import FetchPolicy
    from captcha_core.fetch.url import Target
    from captcha_core.tracking.connect import connect

    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            port = probe.getsockname()[1]
        except OSError as error:
            free, change = "a free port", "choose another --port, 0 for any"
            if error.errno != errno.EADDRINUSE:
                free, change = "an address of this machine", "correct --host or --port"
            raise CaptchaError(
                f"expected {free}, received {error.strerror} for {host} port {port}; {change}."
            ) from None
    connect()
    if read_only:
        os.environ["CAPTCHALAB_READ_ONLY"] = "1"
    if allow_url_host:
        FetchPolicy(hosts=frozenset(allow_url_host))  # a pattern that is none is refused now, not at the first fetch
        os.environ["CAPTCHALAB_ALLOW_URL_HOSTS"] = ",".join(allow_url_host)
    print(f"dashboard at {Target('http', host, port, '').url} (Ctrl-C stops it)", file=sys.stderr)
    _serve(host, port)


def _serve(host: str, port: int) -> None:
    """Run Streamlit in this process: one to stop, and the heavy libraries load before the first visitor comes."""
    sys.argv = ["dashboard", host, str(port)]
    runpy.run_module("dashboard", run_name="__main__")
    raise KeyboardInterrupt  # Streamlit returns only when a signal has stopped it
