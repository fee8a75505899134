"""Guessing what tables mean: who the learners are, which rows are events, which column plays which role."""
