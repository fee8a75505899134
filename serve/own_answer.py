"""A learner's own answer, whoever hands it out: who asks, how often, and what of the version in service is theirs.

It needs no Flask. The route asks for it on a thread; the door (`serve/door.py`) asks on the loop, where nothing may
block (docs/decisions/0014).
"""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from werkzeug.datastructures import EnvironHeaders

from serve.credentials.credentials import Credentials
from serve.http import response_headers
from serve.http.answers import accepted
from serve.http.errors import CredentialError, UnansweredError
from serve.http.limits import Limits, TooManyError
from serve.own_route import OwnRoute
from serve.version.erased import ErasedLearners
from serve.version.open_version import NoProfileError, OpenVersion
from serve.version.packed import Learner, Pulse
from serve.version.pulse import looked_up, of_unknown
from serve.version.reader import Follower
from warehouse.errors import NoVersionError

COUNTED = "pulse.counted"  # in the environment of a request that the caller's limit has counted
APART_SECONDS = 1.0  # for which threads answer alone after something was not there that answers need
OK, NOT_MODIFIED = 200, 304

Environ = dict[str, Any]


class OwnAnswer(NamedTuple):
    """What a learner gets.

    Args:
        status: 200, or 304 for a client that holds it already.
        headers: all that depend on learner, version and encoding.
        body: as it travels.
        version: that it is from.
        is_known: whether the version knows the learner; of 304 nobody has asked.
    """

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    version: str
    is_known: bool = True


class OwnAnswers:
    """Answers learners.

    Args:
        credentials: say who asks.
        limits: say how often.
        follower: has the version in service.
        erased: who is erased is unknown from that moment on, also while a version with the learner is in service.
    """

    def __init__(self, credentials: Credentials, limits: Limits, follower: Follower, erased: ErasedLearners) -> None:
        self._credentials, self._limits, self._follower, self._erased = credentials, limits, follower, erased
        self._apart_until = float("-inf")

    def answer(self, route: OwnRoute, environ: Environ) -> OwnAnswer:
        """Return the answer to a request, whatever it takes.

        Args:
            route: what is asked for.
            environ: of the request; whoever comes with it a second time is not counted again.

        Raises:
            CredentialError: the request is not let through.
            TooManyError: it is one too many.
            NoVersionError: there is no version to answer from, or it has no profile.
            QueryError: it asks for what no answer has.
            UnansweredError: who has been erased is not known.
        """
        learner = self._learner(environ, route.scope)
        with self._follower.version() as version:
            return self._of(version, route, learner, environ)

    def answer_at_once(self, route: OwnRoute, environ: Environ) -> OwnAnswer | None:
        """Return the answer if nothing that it takes can wait for anybody; None if a thread has to see to it.

        Files of this host are not waited for: the look-up file, and the list of erased learners when it has changed.
        """
        if "HTTP_X_API_KEY" in environ or self._limits.are_shared or time.monotonic() < self._apart_until:
            return None
        try:
            self._limits.check_refused(environ)
            learner = self._learner(environ)
            with self._follower.version() as version:
                return self._of(version, route, learner, environ) if version.lookup.is_by_file else None
        except (CredentialError, TooManyError):
            return None
        except NoProfileError:
            return None
        except (NoVersionError, UnansweredError):
            self._apart_until = time.monotonic() + APART_SECONDS
            return None

    def _learner(self, environ: Environ, scope: str = "") -> str:
        """Return who asks, and count that, once per request."""
        caller = self._credentials.caller(EnvironHeaders(environ), scope)
        if COUNTED not in environ:
            self._limits.count_own(caller.counted_as)
            environ[COUNTED] = True
        return caller.learner

    def _of(self, version: OpenVersion, route: OwnRoute, learner: str, environ: Environ) -> OwnAnswer:
        is_erased = self._erased.now(version.erased).holds(learner)
        return _of_version(version, route, learner, environ, is_erased=is_erased)


def _of_version(
    version: OpenVersion, route: OwnRoute, learner: str, environ: Mapping[str, Any], *, is_erased: bool
) -> OwnAnswer:
    """Answer a learner; a client that holds the answer already gets 304, and nothing is looked up."""
    if route.is_of_profile:
        version.need_profile()
    asked = route.asked(environ["QUERY_STRING"])
    what = route.tagged_as(asked)
    tag = response_headers.etag(learner, f"{version.name}, erased" if is_erased else version.name, what)
    about = {"X-Data-Version": version.name, "X-Data-Through": version.data_through}
    if response_headers.is_fresh(environ.get("HTTP_IF_NONE_MATCH"), tag):
        return OwnAnswer(NOT_MODIFIED, response_headers.own(tag, about), b"", version.name)
    encoding = accepted(environ.get("HTTP_ACCEPT_ENCODING"))

    def make(version: OpenVersion, learner: Learner) -> Pulse:
        return route.make(version, learner, asked)

    if is_erased:
        pulse = of_unknown(version, make, encoding.encode)
    else:
        pulse = looked_up(version, learner, make, what + encoding.name, encoding.encode)
    about |= {
        "X-Pulse-Complete-Through": version.complete_through(pulse.timezone),
        "X-Pulse-Timezone": pulse.timezone,
    }
    if pulse.population:
        about |= {
            "X-Pulse-Metric": version.level_metric,
            "X-Pulse-Cuts": ",".join(map(str, pulse.cuts)),
            "X-Pulse-Population": pulse.population,
        }
    if not pulse.is_known:
        about["X-Pulse-Learner"] = "unknown"
    if encoding.name:
        about["Content-Encoding"] = encoding.name
    headers = [("Content-Type", "application/json"), *response_headers.own(tag, about)]
    return OwnAnswer(OK, headers, pulse.body, version.name, is_known=pulse.is_known)
