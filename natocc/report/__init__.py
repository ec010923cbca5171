"""Pictures for people, made apart from the data."""
