"""Step 7: check once more, put the version in place, and move the pointer."""
