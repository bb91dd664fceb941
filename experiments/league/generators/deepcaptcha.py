"""deepcaptcha: "AI-resistant" letters, sheared and struck through, with noise that is meant to mislead networks."""

PIP = ["deepcaptcha==1.0.2", "numpy==2.4.6", "pillow==13.0.0"]
SETTINGS = {
    "default": {},
    "hardest": {
        "ai_resistance_level": 3, "num_lines": 16, "blur_level": 1.0, "noise_density": 1.0, "dot_radius": 2,
        "text_length": 7,
    },
}  # fmt: skip


def draw(**settings):
    """Return a text and its picture."""
    from deepcaptcha import DeepCaptcha

    picture, text = DeepCaptcha(**settings).generate()
    return text, picture
