"""Looking at a source: connecting to it, its tables as they look, and a few questions about their values."""
