"""Step 6: the checks that stand between a built version and its readers."""
