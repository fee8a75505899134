"""Step 5: build a version from the lake alone: days, window, levels, totals, and its description."""
