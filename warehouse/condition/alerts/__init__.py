"""Telling somebody: what an alert says, where it waits until it has been told, and by which ways it goes out."""
