"""A scheme fitted to captchas without labels: what can be read off them, and a search over the rest."""
