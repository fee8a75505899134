"""Whether the data folder can be used at all: damage, room on the disk, what a night must find."""
