"""Commands that read a data folder and change nothing."""
