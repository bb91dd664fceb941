"""captchalab presets: what can be trained by name."""


def presets() -> None:
    """List the presets."""
    from captcha_core.presets.preset import load_preset, preset_names

    for name in preset_names():
        print(f"{name:<16}{load_preset(name).description}")
