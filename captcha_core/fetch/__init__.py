"""Fetch files from addresses that strangers chose."""
