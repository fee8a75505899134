"""The sample platform of `pulse demo`: people, and what they do day by day."""
