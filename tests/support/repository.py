"""Where this repository is, whatever folder the file that asks is in, and whether its CI runs the tests."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
IS_CI = os.environ.get("CI", "").lower() in {"1", "true"}
