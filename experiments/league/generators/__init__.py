"""A file each: what it installs, its settings, and ``draw``; run in an environment of its own, never imported here."""
