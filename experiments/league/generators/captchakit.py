"""captchakit: letters of several colours, turned a little, with lines behind them."""

import asyncio

PIP = ["captchakit==1.0.1", "pillow==12.3.0"]
SETTINGS = {
    "default": {},
    "hardest": {"length": 8, "lines": 40},
    "sums": {"sums": True},
}


def draw(length=5, lines=4, sums=False):
    """Return a text and its picture; the package seeds neither."""
    from captchakit import ImageRenderer, MathChallengeFactory, TextChallengeFactory, Theme

    factory = MathChallengeFactory(operators=("+", "-", "*")) if sums else TextChallengeFactory(length=length)
    prompt = asyncio.run(factory.create()).prompt
    return prompt.replace(" ", ""), ImageRenderer(theme=Theme(noise_lines=lines))._render_sync(prompt)
