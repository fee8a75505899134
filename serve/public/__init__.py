"""Public answers: the profile page, its picture and its numbers."""
