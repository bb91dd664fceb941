"""What the pages read from MLflow."""
