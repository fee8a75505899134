"""The door before Flask: own answers that need nobody are given on the loop, with all that every answer has.

What it does not answer goes on to the app, on a thread, with what has been found out about the request (its id, its
client, when it began). Whatever is wrong with a request is said there, so the door has no errors of its own. An answer
of the door and one of the app are the same to the letter (docs/decisions/0014).
"""

import logging
from collections.abc import Iterable
from typing import Any

from serve.http.access_log import BEGAN, AccessLog
from serve.http.cors import Cors
from serve.http.gateway import Answer, encoded
from serve.operations.metrics import Metrics
from serve.own_answer import OK, OwnAnswers
from serve.own_route import OwnRoute

logger = logging.getLogger(__name__)


class Door:
    """Answers, of an app's requests, those for own answers that can be given at once.

    Args:
        routes: those of own answers.
        own: makes them.
        cors: says which pages may read them.
        metrics: count them.
        log: of every request.
    """

    def __init__(
        self, routes: Iterable[OwnRoute], own: OwnAnswers, cors: Cors, metrics: Metrics, log: AccessLog
    ) -> None:
        self._routes = {route.path: route for route in routes if route.is_at_once}
        self._own, self._cors, self._metrics, self._log = own, cors, metrics, log

    def __call__(self, environ: dict[str, Any]) -> Answer | None:
        """Return the answer; None if the app has to see to it.

        Args:
            environ: the WSGI environment of a request; it says afterwards what has been found out.
        """
        route = self._routes.get(environ["REQUEST_URI"])
        if route is None or environ["REQUEST_METHOD"] != "GET" or environ["QUERY_STRING"]:
            return None
        self._log.begin(environ)
        try:
            answer = self._own.answer_at_once(route, environ)
        except Exception as error:
            logger.debug("not answered at once", exc_info=error)
            return None
        if answer is None:
            return None
        headers = [*answer.headers, *self._cors.of_answer(environ.get("HTTP_ORIGIN"))]
        if answer.status == OK:
            headers.append(("Content-Length", str(len(answer.body))))
        self._metrics.count(route.path, answer.status, environ[BEGAN])
        if answer.status == OK:
            self._metrics.count_lookup(answer.version, is_known=answer.is_known)
        self._log.end(environ, answer.status, len(answer.body))
        return Answer(answer.status, encoded(self._log.completed(headers, environ)), answer.body)
