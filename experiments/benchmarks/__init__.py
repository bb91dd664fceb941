"""Measurements that `captchalab benchmark` runs; RESULTS.md has the figures."""
