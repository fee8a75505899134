"""The file of `<learning-pulse>`, for the page of anybody, whatever version is served, or none (docs/guide/embed.md).

It is the same for everybody and has nobody's numbers in it: the element asks for these with the learner's own token.
"""

from pathlib import Path

from flask import Flask, Response

from serve.public.public import Finished

PATH = "/embed/learning-pulse.js"
FILE = Path(__file__).with_name("learning-pulse.js")
HEADERS = {"Cache-Control": "public, max-age=300", "Cross-Origin-Resource-Policy": "cross-origin"}


def register(app: Flask) -> None:
    """Give an app the route of the file."""
    finished = Finished.of(Response(FILE.read_bytes(), mimetype="text/javascript", headers=HEADERS))

    @app.get(PATH)
    def element() -> Response:
        return finished.response()
