"""`pulse.toml`: what it may say, what that means, and the sources that it names."""
