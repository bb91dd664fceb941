"""The reader that ships with the project: ``--model builtin``. README.md beside it is its model card."""
