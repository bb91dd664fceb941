"""What an audit found, and corrections by hand."""
