"""Programs for those who work on captchalab, and the processes that they and the benchmarks start."""
