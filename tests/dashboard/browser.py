"""Skip, or fail where a browser has to be, when there is none."""

import os

import pytest

from captcha_core.errors import CaptchaError
from captcha_core.sources.browser import find_browser, playwright

NEEDED = "CAPTCHALAB_NEED_BROWSER"  # set by .ci/run: there these tests never hide


def require_browser() -> None:
    try:
        playwright()
        find_browser()
    except CaptchaError as error:
        if os.environ.get(NEEDED):
            pytest.fail(str(error))
        pytest.skip(str(error))
