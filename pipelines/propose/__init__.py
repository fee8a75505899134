"""`pulse init`: a source's tables are looked at, streams and mappings are guessed, and written as a `pulse.toml`."""
