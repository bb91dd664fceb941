"""The Strength page."""
