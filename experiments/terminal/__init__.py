"""What the commands share: options, error sentences, Ctrl-C."""
