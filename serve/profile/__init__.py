"""A learner's own answers beside the pulse: streak, week, XP, learning time, years (docs/reference/http.md)."""
