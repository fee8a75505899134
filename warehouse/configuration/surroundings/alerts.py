"""`[alerts]`: who is told when a night fails, is held back or finds drift, and when a server has nothing new to serve.

Only the shape of the section and its mistakes belong here; telling is in `warehouse/condition/alerts/`.
"""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from warehouse.configuration.documents import PLACEHOLDER

ADDRESS = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+", re.ASCII)
WEBHOOK_SCHEMES, MAIL_SCHEMES = ("https", "http"), ("smtp", "smtps")


def _url_of(schemes: tuple[str, ...], text: str) -> str:
    """Take a URL of one of some schemes; it may hold a secret, so it is not repeated in the message."""
    if not text or PLACEHOLDER.search(text):
        return text
    try:
        parts = urlsplit(text)
        is_url = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0 and text.isprintable()
    except ValueError:
        is_url = False
    if not is_url or " " in text:
        raise ValueError(f'no URL that we can tell, write one that begins with "{schemes[0]}://" and names a host')
    return text


def _webhook(text: str) -> str:
    return _url_of(WEBHOOK_SCHEMES, text)


def _mail_server(text: str) -> str:
    return _url_of(MAIL_SCHEMES, text)


def _address(text: str) -> str:
    if not ADDRESS.fullmatch(text) and not PLACEHOLDER.search(text):
        raise ValueError(f'"{text}" is no mail address, write one like "data@example.com"')
    return text


Address = Annotated[str, AfterValidator(_address)]


class Email(BaseModel):
    """`[alerts.email]`: by which server mail goes out, from whom and to whom.

    Args:
        server: `smtp://HOST:PORT`, or `smtps://` for TLS from the first byte; with `USER:PASSWORD@` it logs in.
        sender: the key `from`.
        to: at least one address.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)

    server: Annotated[str, Field(min_length=1), AfterValidator(_mail_server)]
    sender: Address = Field(alias="from")
    to: tuple[Address, ...] = Field(min_length=1)


class Alerts(BaseModel):
    """`[alerts]`: a webhook, mail, both or nobody.

    Args:
        webhook: a URL that takes JSON; Slack and what is compatible with it show the field `text`.
        email: None for no mail.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    webhook: Annotated[str, AfterValidator(_webhook)] = ""
    email: Email | None = None

    @property
    def is_for_anybody(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self.webhook or self.email)
