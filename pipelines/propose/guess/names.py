"""The names that platforms give to tables and columns, and what they usually mean.

Names are compared without case and without what stands between their words: `userId`, `user_id` and `USERID` are one.
A name alone makes nothing sure; what is guessed by it is marked so (docs/guide/connect.md).
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from warehouse.configuration.roles import Unit

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

# Columns, the most telling first.
EVENT_ID = ("id", "eventid", "uuid", "guid", "pk")
USER_ID = (
    "userid", "learnerid", "studentid", "useruuid", "userpk", "uid", "accountid", "memberid", "personid",
    "participantid", "profileid", "user", "learner", "student", "actorid",
)  # fmt: skip
ENDS_OF_USER_ID = ("userid", "learnerid", "studentid")
USERNAME = (
    "username", "userlogin", "loginname", "login", "handle", "nickname", "nick", "screenname", "displayname", "name",
)  # fmt: skip
ZONE = ("timezone", "tz", "timezonename", "tzname", "timezoneid", "zone")
PUBLIC = ("ispublic", "public", "publicprofile", "profilepublic", "profileispublic", "ispublicprofile")
DELETED = ("isdeleted", "deleted", "isremoved", "removed")
DELETED_AT = (
    "deletedat", "deletedon", "datedeleted", "timedeleted", "deleted", "removedat", "disabledat", "deactivatedat",
)  # fmt: skip
ACTIVE = ("isactive", "active", "enabled", "isenabled")
STATE = ("state", "workflowstate", "status")
KINDS = ("type", "kind", "action", "eventtype", "activitytype", "moduletype", "category", "verb", "direction")
LEFT_OUT_IF_TRUE = ("preview", "ispreview", "istest", "ispractice", "isvoided", "voided")
UPDATED_AT = (
    "updatedat", "updatedon", "updated", "modifiedat", "lastmodifiedat", "lastmodified", "timemodified", "modified",
    "changedat",
)  # fmt: skip
CREATED_AT = (
    "occurredat", "happenedat", "createdat", "createdon", "timecreated", "created", "insertedat", "addedat", "loggedat",
    "eventtime", "eventdate", "at", "timestamp", "datetime", "ts", "time", "date", "day", "on",
)  # fmt: skip
EARNED_AT = ("earnedat", "awardedat", "grantedat", "doneat", "completedat", *CREATED_AT, "earnedon", "awardedon")
FINISHED_AT = (
    "submittedat", "submittedon", "timesubmitted", "finishedat", "timefinish", "completedat", "timecompleted",
    "endedat", "attemptedat", "answeredat", "takenat", "doneat", "finished", "completed", "submitted", "exedate",
    "endtime", "gradedat", "takenon", "attemptedon", "finishedon", "completedon",
)  # fmt: skip
SUBMITTED_AT = (*FINISHED_AT, *CREATED_AT, "startedat", "timestart")
STARTED_AT = (
    "startedat", "starttime", "starttimestamp", "startdate", "timestart", "startat", "startedon", "start", "begunat",
    "beganat", "beginat", "begin", "openedat", "opened", "loginat", "logindate", "loggedinat", "visitedat", "visitedon",
    *CREATED_AT,
)  # fmt: skip
ENDED_AT = (
    "endedat", "endtime", "endtimestamp", "enddate", "timeend", "endat", "endedon", "end", "finishedat", "timefinish",
    "finishat", "finished", "stoppedat", "stop", "closedat", "closed", "logoutat", "logoutdate", "loggedoutat",
)  # fmt: skip
LAST_ACTIVITY_AT = (
    "lastactivityat", "lastactivity", "lastseenat", "lastseen", "lastactiveat", "lastactive", "lastaccessat",
    "lastaccess", "lastheartbeatat", "lastheartbeat",
)  # fmt: skip
LENGTH = (
    "duration", "timespent", "timeread", "elapsed", "elapsedtime", "length", "learningtime", "studytime", "watchtime",
    "spent", "time",
)  # fmt: skip
AMOUNT = (
    "xpearned", "xpamount", "earnedxp", "xpgained", "xp", "pointsearned", "earnedpoints", "experiencepoints", "points",
    "experience", "exp", "karma", "reputation", "amount",
)  # fmt: skip
PERHAPS_AMOUNT = ("score", "value", "credits", "coins")
PASSED = ("ispassed", "haspassed", "passed", "issuccessful", "success", "iscorrect", "correct", "pass")
RESULT = ("result", "outcome", "verdict")
SCORE = (
    "score", "finalscore", "scoreraw", "rawscore", "grade", "finalgrade", "sumgrades", "percentage", "percent", "mark",
    "marks", "points", "result",
)  # fmt: skip
HIGHEST_SCORE = (
    "maxscore", "scoremax", "maxgrade", "maxpoints", "maxmark", "maxmarks", "pointspossible", "maximumscore", "outof",
)  # fmt: skip
UNITS: Mapping[Unit, Sequence[str]] = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "ms": ("ms", "msec", "millis", "millisecond", "milliseconds"),
    "us": ("us", "micros", "microsecond", "microseconds"),
    "ns": ("ns", "nanos", "nanosecond", "nanoseconds"),
}
NO_UNIT_OF_OURS = ("min", "mins", "minute", "minutes", "h", "hour", "hours", "days")

# Numbers of a day.
COUNTS_OF_SESSIONS = ("sessions", "sessioncount", "numberofsessions", "visits", "visitcount", "logins", "logincount")
COUNTS_OF_QUIZZES = ("quizzes", "quizcount", "numberofquizzes", "quizzestaken", "quizattempts", "attempts", "exams")
COUNTS_OF_PASSED = ("quizzespassed", "passedquizzes", "quizpasses", "attemptspassed", "examspassed", "passed")

# Words within the names of tables.
LEARNERS = ("user", "learner", "student")
PERHAPS_LEARNERS = ("account", "person", "people", "member", "participant")
RARELY_LEARNERS = ("profile", "customer")
QUIZZES = ("quiz", "attempt", "exam", "exercise", "submission", "assessment", "test", "answer", "problem", "result")
EARNED = ("xp", "point", "score", "reward", "gamification", "reputation", "experience", "karma", "exp", "award")
SESSIONS = ("session", "visit", "login", "duration", "stay", "watch", "log")
MONEY = (
    "payment", "order", "invoice", "transaction", "refund", "subscription", "donation", "cart", "price", "purchase",
    "billing", "charge", "wallet",
)  # fmt: skip

# Values of columns of states and results; only such words are ever written into a file.
OVER = ("finished", "complete", "completed", "done", "submitted", "graded", "closed", "ended", "passed", "failed")
YES = ("pass", "passed", "success", "succeeded", "correct", "yes", "y", "ok", "true", "t")
NO = ("fail", "failed", "failure", "incorrect", "wrong", "no", "n", "false", "f")
GONE = ("deleted", "removed")


def flat(name: str) -> str:
    """Return a name without case and without what stands between its words."""
    return re.sub(r"[\W_]+", "", name).lower()


def words(name: str) -> list[str]:
    """Return the words of a name, lower-case and without the `s` or `zes` of a plural."""
    return [_singular(word.lower()) for word in WORD.findall(name)]


def ranked(names: Iterable[str], known: Sequence[str]) -> list[str]:
    """Return those of the names that are known, the most telling first."""
    ranks = {word: rank for rank, word in reversed(list(enumerate(known)))}
    return sorted((name for name in names if flat(name) in ranks), key=lambda name: ranks[flat(name)])


def has_word(name: str, known: Sequence[str]) -> bool:
    """Say whether a name has one of the words, as a word or, where it is long enough to be told, within one."""
    return any(word in known for word in words(name)) or any(len(word) > 3 and word in flat(name) for word in known)  # noqa: PLR2004


def unit_of_name(name: str) -> Unit | None:
    """Return the unit that a name ends with, None where it ends with none of ours."""
    last = WORD.findall(name)[-1:]
    return next((unit for unit, spelled in UNITS.items() if last and last[0].lower() in spelled), None)


def last_word(name: str) -> str:
    """Return the last word of a name in lower case, empty where it has none."""
    return str((WORD.findall(name) or [""])[-1]).lower()


def is_length(name: str) -> bool:
    """Say whether a name is that of a length of time, whatever its unit."""
    *before, last = [word.lower() for word in WORD.findall(name)] or [""]
    spelled = {word for unit in UNITS.values() for word in unit}
    if last in spelled | {*NO_UNIT_OF_OURS}:
        return "".join(before) in (*LENGTH, "") or flat(name).startswith(LENGTH) or before[-1:] in (["spent"], ["read"])
    return flat(name) in LENGTH


def _singular(word: str) -> str:
    if word.endswith("zzes"):
        return word[:-3]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word
