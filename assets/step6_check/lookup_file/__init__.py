"""The check of the look-up file against the tables of its version."""
