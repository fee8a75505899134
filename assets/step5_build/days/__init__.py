"""`daily_activity` of a version: made from nothing, or from the version before and what has changed since."""
