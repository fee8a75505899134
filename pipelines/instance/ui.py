"""`dagster dev` with our webserver for Dagster's: `python -m pipelines.instance.ui`, with the options of that.

`dagster dev` starts the code server, the webserver and the daemon, and ends when one of them does. It starts each of
them by one function, so that is where the guarded webserver is put in place. Were the unguarded one started in another
way, by a Dagster that we do not know, `tests/attack/ui/test_ui.py` would say so.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dagster._cli import dev

if TYPE_CHECKING:
    from subprocess import Popen

UNGUARDED, GUARDED = "dagster_webserver", "pipelines.instance.webserver"
start = dev.open_ipc_subprocess  # type: ignore[attr-defined] # Dagster's own, by which it starts its processes


def start_guarded(parts: Sequence[str], **options: Any) -> "Popen[Any]":  # noqa: ANN401 - those of Popen
    """Start a process of `dagster dev`, and ours where it would start Dagster's webserver."""
    return start([GUARDED if part == UNGUARDED else part for part in parts], **options)


if __name__ == "__main__":
    dev.open_ipc_subprocess = start_guarded  # type: ignore[attr-defined]
    dev.dev_command()
