"""Whoever signs tokens in the tests: an identity provider's keys, and tokens put together by hand.

Libraries refuse to make most of the tokens that are tried here, so parts are encoded and joined by these functions.
"""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from tests.support.platforms.small_platform import ANA, FAR_EXPIRY

CLAIMS = {"sub": ANA, "exp": FAR_EXPIRY}
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def encoded(raw: bytes) -> str:
    """Encode bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def part(content: object) -> str:
    """Encode a part of a token; text is taken as it is, anything else becomes JSON."""
    return encoded((content if isinstance(content, str) else json.dumps(content)).encode())


def joined(header: object, claims: object, sign: Callable[[bytes], bytes]) -> str:
    """Make a token of any parts."""
    content = f"{part(header)}.{part(claims)}"
    return f"{content}.{encoded(sign(content.encode()))}"


def hs256(key: bytes) -> Callable[[bytes], bytes]:
    """Sign with a secret."""
    return lambda content: hmac.digest(key, content, "sha256")


@cache
def private_key(algorithm: str, name: str) -> PrivateKey:
    """Return the key of a name, made once."""
    del name
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate()


class Signer:
    """A key of an identity provider.

    Args:
        algorithm: RS256, ES256 or EdDSA.
        key_id: its `kid`; each names another key.
    """

    def __init__(self, algorithm: str, key_id: str = "main") -> None:
        self.algorithm = algorithm
        self.key_id = key_id
        self._key = private_key(algorithm, key_id)

    @property
    def header(self) -> dict[str, Any]:
        """What stands at the head of its tokens."""
        return {"alg": self.algorithm, "typ": "JWT", "kid": self.key_id}

    def sign(self, content: bytes) -> bytes:
        """Return the signature as a token carries it."""
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(content, padding.PKCS1v15(), hashes.SHA256())
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self._key.sign(content, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32) + s.to_bytes(32)
        return self._key.sign(content)

    def token(self, /, *, header: Mapping[str, object] | None = None, **claims: object) -> str:
        """Make a good token but for what is given; what is given as `...` is left out."""
        head = {**self.header, **(header or {})}
        body = {**CLAIMS, **claims}
        return joined(
            {name: value for name, value in head.items() if value is not ...},
            {name: value for name, value in body.items() if value is not ...},
            self.sign,
        )

    def jwk(self, **others: object) -> dict[str, Any]:
        """Return its public key as an entry of a key set; what is given as `...` is left out."""
        public = self._key.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            found: dict[str, Any] = RSAAlgorithm.to_jwk(public, as_dict=True)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            found = ECAlgorithm.to_jwk(public, as_dict=True)
        else:
            found = OKPAlgorithm.to_jwk(public, as_dict=True)
        entry = {**found, "kid": self.key_id, "use": "sig", "alg": self.algorithm, **others}
        return {name: value for name, value in entry.items() if value is not ... and name != "key_ops"}

    def private_jwk(self) -> dict[str, Any]:
        """Return its private key as an entry of a key set, as a careless provider publishes it."""
        assert isinstance(self._key, ed25519.Ed25519PrivateKey)
        found: dict[str, Any] = OKPAlgorithm.to_jwk(self._key, as_dict=True)
        return {**found, "kid": self.key_id}

    def pem(self) -> bytes:
        """Return its public key as everybody can read it."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(serialization.Encoding.PEM, form)

    def der(self) -> bytes:
        """Return the same without armour."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(serialization.Encoding.DER, form)


def key_set(*signers: Signer) -> bytes:
    """Return the key set that an identity provider publishes."""
    return json.dumps({"keys": [signer.jwk() for signer in signers]}).encode()
