"""Why a landed row does not count, in words for whoever helps a learner (R8, R19 to R21)."""

NOT_COMPLETE = "day_not_complete"
AFTER_DATA_THROUGH = "after_data_through"
FOREIGN = "duplicate_of_another_learner"
OF_LEARNERS = {"unknown": "unknown_learner", "deleted": "deleted_learner"}

TEXTS = {
    "missing_id": "it has no id (R19)",
    "missing_user": "it has no learner (R19)",
    "bad_text": "an id is no text, or too long (R19)",
    "bad_time": "one of its instants cannot be read (R19)",
    "ended_before_started": "the session ends before it starts (R19)",
    "longer_than_24h": "the session is longer than 24 hours (R19)",
    "bad_amount": "an amount is no integer that can be (R19)",
    "bad_passed": "passed is neither true nor false (R19)",
    "missing_time": "it has no instant that can be read (R19)",
    "duplicate": "another row with this id counts (R20)",
    FOREIGN: "a row with this id counts that is another learner's (R20)",
    "deleted": "the event is deleted in its source (R20)",
    "deleted_duplicate": "a deleted event, and another row has its id (R20)",
    OF_LEARNERS["unknown"]: "the learner is not among the users (R21)",
    OF_LEARNERS["deleted"]: "the learner is deleted (R21)",
    NOT_COMPLETE: "not every stream has landed its UTC day yet",
    AFTER_DATA_THROUGH: "what it has of the date is after data through (R8)",
}


def reason_text(reason: str) -> str:
    """Return what a reason means; the reason itself where an older lake has another."""
    return TEXTS.get(reason, reason)
