"""Whether served models are still asked for the captchas of their training."""
