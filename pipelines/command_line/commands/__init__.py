"""A module per command, with the name of the command; only the one that is typed is imported."""
