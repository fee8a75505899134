"""The published version as a worker holds it: opened, leased, looked up in, and followed from one to the next."""
