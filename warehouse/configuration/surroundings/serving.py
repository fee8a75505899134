"""`[serve]`: what the server is told about the network around it (docs/reference/configuration.md).

Only the shape of the section and its mistakes belong here; what a key does is in `serve/`.
"""

import re
from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from warehouse.configuration.documents import PLACEHOLDER
from warehouse.configuration.types import NoSwitch, Switch

LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
ORIGIN = re.compile(rf"(https?)://(?:{LABEL}(?:\.{LABEL})*|\[[0-9a-f:.]+\])(?::([1-9]\d{{0,4}}))?", re.ASCII)
DEFAULT_PORTS = {"http": "80", "https": "443"}
RATE = re.compile(r"[1-9]\d{0,8}/(?:second|minute|hour|day)", re.ASCII)
STORAGE = re.compile(r"memory://|(?:redis|rediss|redis\+unix)://\S+", re.ASCII)
SHORTEST_OPS_TOKEN = 16
OPS_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]*", re.ASCII)  # what may stand behind `Bearer`
SOURCE_LIST = re.compile(r"'none'|(?:'self'|https?://[a-z0-9.*:\[\]-]+)(?: (?:'self'|https?://[a-z0-9.*:\[\]-]+))*")


def _is_later(text: str) -> bool:
    return bool(PLACEHOLDER.search(text))


def _addresses(text: str) -> str:
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError(f'"{text}" is no address and no network, write one like "10.0.0.7" or "10.0.0.0/8"') from None
    if not network.prefixlen:
        raise ValueError(f'"{text}" is everybody, who then says who they are; name your proxies, such as "10.0.0.0/8"')
    return str(network)


def _origin(text: str) -> str:
    match = ORIGIN.fullmatch(text)
    if not match or match[2] == DEFAULT_PORTS[match[1]] or int(match[2] or 1) > 65535:  # noqa: PLR2004 - the last port
        raise ValueError(f'"{text}" is no origin as browsers send it, write one like "https://www.example.com"')
    return text


def _rate(text: str) -> str:
    if text and not RATE.fullmatch(text):
        raise ValueError(f'"{text}" is no rate per second, minute, hour or day, write one like "120/minute"')
    return text


def _storage(text: str) -> str:
    if not STORAGE.fullmatch(text) and not _is_later(text):
        raise ValueError('no storage of limits that we know, write "memory://" or one like "redis://host:6379/0"')
    return text


def _ops_token(text: str) -> str:
    if text and not _is_later(text) and (len(text) < SHORTEST_OPS_TOKEN or not OPS_TOKEN.fullmatch(text)):
        raise ValueError(f"a token has at least {SHORTEST_OPS_TOKEN} characters of A-Z, a-z, 0-9 and ._~+/=-")
    return text


def _source_list(text: str) -> str:
    if not SOURCE_LIST.fullmatch(text):
        raise ValueError(f'"{text}" is no list of frame ancestors, write "\'none\'" or one like "\'self\' https://a.b"')
    return text


Proxy = Annotated[str, AfterValidator(_addresses)]
Origin = Annotated[str, AfterValidator(_origin)]
Rate = Annotated[str, AfterValidator(_rate)]


class Serve(BaseModel):
    """`[serve]`: who stands in front of the server, who may call it from a page, and how often.

    Args:
        trusted_proxies: addresses or networks; the nearest hop that is not one of these is the client.
        cors_origins: exact origins of pages that may call the API from a browser.
        ops_token: what `/metrics` and `/health/detailed` ask for; without it they are 404.
        rate_limit: own answers per learner or key; empty for no limit.
        rate_limit_refused: answers 401 and 403 per address (IPv6 by /64); empty for no limit.
        rate_limit_public: public answers that are looked up or made, per address (IPv6 by /64); empty for no limit.
        rate_limit_storage: where the counts are kept: in each worker, or in a store that all share.
        max_age_hours: a version that was published longer ago is reported as stale.
        cache_mb: how many megabytes of learners each worker keeps at most, of the version in service; 0 for none.
        lookup: whether own answers are looked up in the version's look-up file, or in the version itself.
        week_start: the first row of the heatmap.
        frame_ancestors: the pages that may frame the public page, as in a Content-Security-Policy.
        public_level: whether a public profile shows the level of XP (R29).
        public_years: whether a public profile shows calendar years, too (R30).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    trusted_proxies: list[Proxy] = []
    cors_origins: list[Origin] = []
    ops_token: Annotated[str, AfterValidator(_ops_token)] = ""
    rate_limit: Rate = "120/minute"
    rate_limit_refused: Rate = "30/minute"
    rate_limit_public: Rate = "300/minute"
    rate_limit_storage: Annotated[str, AfterValidator(_storage)] = "memory://"
    max_age_hours: Annotated[float, NoSwitch] = Field(default=36, gt=0, allow_inf_nan=False)
    cache_mb: Annotated[int, NoSwitch] = Field(default=64, ge=0)
    lookup: Literal["file", "warehouse"] = "file"
    week_start: Literal["sunday", "monday"] = "sunday"
    frame_ancestors: Annotated[str, AfterValidator(_source_list)] = "'none'"
    public_level: Switch = False
    public_years: Switch = False
