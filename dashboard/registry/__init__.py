"""Models, their versions, promotion and downloads."""
