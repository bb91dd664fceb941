"""``captchalab demo-site``: a page with captchas to try things on."""

import sys
from typing import Annotated

import typer


def demo_site(
    scheme: Annotated[str, typer.Option(help="Scheme that draws the captchas.")] = "digits4",
    seed: Annotated[int, typer.Option(help="Decides all captchas.", min=0)] = 0,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0: any free port.", min=0, max=65535)] = 8600,
    tries: Annotated[int, typer.Option(help="Answers that a captcha takes before it dies.", min=1)] = 1,
    per_minute: Annotated[int, typer.Option(help="Answers that are taken in a minute; 0: all.", min=0)] = 0,
) -> None:
    """Serve a small page with captchas of its own on this machine alone, until Ctrl-C.

    Its form says whether an answer is accepted; a captcha that was answered is gone.

    Try: captchalab collect --url http://127.0.0.1:8600/ --selector '#captcha' --count 20 --length 4 --out data/demo
    --i-own-this-site
    """
    from captcha_core.errors import CaptchaError
    from captcha_core.sources.demo_site import DemoSite
    from captcha_core.sources.schemes import get_scheme

    try:
        site = DemoSite(get_scheme(scheme), seed, port, tries, per_minute)
    except OSError as error:
        raise CaptchaError(
            f"expected a free port, received {error.strerror} for 127.0.0.1:{port}; choose another --port, 0 for any."
        ) from None
    print(f"demo site at {site.url}: the captcha is #captcha, #refresh brings another (Ctrl-C stops)", file=sys.stderr)
    site.serve()
