"""An erasure as `pulse erase` runs it, without the command's words and its lock."""

from assets.all_steps import publish_whatever_is_ahead
from assets.erase import erase as room
from assets.night.night import Night
from warehouse.configuration.configuration import Configuration


def erase(configuration: Configuration, user_id: str) -> room.Erased:
    """Erase a learner, and publish what is left as a night would."""
    return room.erase(Night.of(configuration), user_id, publish_whatever_is_ahead)
