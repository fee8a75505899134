"""Keys of a set for the tests, a clock that is set by hand, and whether a token is good."""

from dataclasses import dataclass

from serve.credentials.bearer import Bearer
from serve.credentials.credentials import Credentials
from serve.credentials.jwks import KeySet
from serve.http.errors import RefusedError
from tests.serve.credentials.signers import Signer
from tests.support.platforms.small_platform import ANA
from warehouse.configuration.authentication import Auth

OLD, NEW = Signer("EdDSA", "old"), Signer("EdDSA", "new")
AUTH = Auth(algorithms=["EdDSA"], jwks="jwks.json")
ALL = ("RS256", "ES256", "EdDSA")
DAY = 24 * 3600.0


@dataclass
class Clock:
    """Seconds that grow when told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def is_good(keys: KeySet, signer: Signer, **header: object) -> bool:
    """Tell whether a signer's token is let through; a set that is not there is neither yes nor no."""
    try:
        caller = Credentials(Bearer(AUTH, keys)).caller({"Authorization": f"Bearer {signer.token(header=header)}"})
    except RefusedError:
        return False
    return caller.learner == ANA
