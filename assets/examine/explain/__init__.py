"""Beside the nights: why a learner's date is what it is, worked out again from the lake for support."""
