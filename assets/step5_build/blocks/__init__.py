"""What look-ups read: the days of some learners packed into one row."""
