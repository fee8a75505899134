"""`pulse`: its words, its answers, its exit codes."""
