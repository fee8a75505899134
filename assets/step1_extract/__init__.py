"""Step 1: read one stream of a source as it was at one moment, whatever driver, session and column types."""
