"""Where this repository is, whatever folder the file that asks is in, and how the tests are run.

`CI` says whether its CI runs them, `PULSE_TEST_LOOKUP` where the servers of `small_platform` look learners up.
"""

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOOKUP_VARIABLE = "PULSE_TEST_LOOKUP"
LOOKUP = os.environ.get(LOOKUP_VARIABLE, "file")
IS_CI = os.environ.get("CI", "").lower() in {"1", "true"}
