"""django-simple-captcha: capital letters with dots and an arc; at its hardest eight, turned by 60 degrees."""

import io
from types import SimpleNamespace

PIP = ["django-simple-captcha==0.7.0", "Django==5.2.19", "pillow==13.0.0"]
SETTINGS = {
    "default": {},
    "hardest": {"LENGTH": 8, "LETTER_ROTATION": [-60, 60], "REPEAT_NOISE": 3},
    "sums": {"CHALLENGE_FUNCT": "captcha.helpers.math_challenge"},
    "animated": {"ANIMATED": True},
}


def draw(**settings):
    """Return a text and the file that the package's view answers with."""
    views, conf = _django(settings)
    text, _ = conf.get_challenge()()
    return text, io.BytesIO(views._captcha_image(SimpleNamespace(challenge=text), 1).content)


def _django(settings):
    import django

    repeat = settings.pop("REPEAT_NOISE", 1)
    settings["NOISE_FUNCTIONS"] = ["captcha.helpers.noise_arcs", "captcha.helpers.noise_dots"] * repeat
    from django.conf import settings as own

    if not own.configured:
        own.configure(
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
            INSTALLED_APPS=["captcha"],
            **{f"CAPTCHA_{name}": value for name, value in settings.items()},
        )
        django.setup()
    from captcha import views
    from captcha.conf import settings as conf

    return views, conf
