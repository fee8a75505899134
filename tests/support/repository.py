"""Where this repository is, whatever folder the file that asks is in."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
