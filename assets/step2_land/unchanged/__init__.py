"""Landed days that a night does not read again, because their source still says of them what it said then."""
