"""The networks, and how their logits become text."""
