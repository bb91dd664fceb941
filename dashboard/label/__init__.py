"""Labelling by hand."""
