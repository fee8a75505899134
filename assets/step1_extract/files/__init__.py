"""Streams of files and of DuckDB databases: which files there are, the columns that they have, and the SQL of both."""
