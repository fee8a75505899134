"""Tokens and headers that name nobody, each for a reason of its own, and how they are made."""

import base64
import hmac
from collections.abc import Mapping
from typing import Any

from flask.testing import FlaskClient

from serve.credentials.bearer import Bearer, Secrets
from serve.credentials.credentials import Credentials
from serve.http.errors import Reason
from tests.serve.credentials.signers import CLAIMS as GOOD_CLAIMS
from tests.serve.credentials.signers import joined, part
from tests.support.platforms.small_platform import ANA, BEN, FAR_EXPIRY, PATH, SECRET, now, token
from warehouse.configuration.authentication import Auth

AUTH = Auth(secret=[SECRET])
OTHER_SECRET = "another secret, that nobody has configured here"
PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9
q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==
-----END PUBLIC KEY-----
"""
HS256 = {"alg": "HS256", "typ": "JWT"}
REFUSAL = {"detail": "Invalid or missing credentials"}
AMBIGUITY = {"detail": "One credential is needed: Authorization or X-API-Key, once"}
LATE = 10**6  # seconds that no leeway covers


def made(header: object = HS256, claims: object = GOOD_CLAIMS, key: str = SECRET, digest: str = "sha256") -> str:
    """Make a token of any parts, signed with a key."""
    return joined(header, claims, lambda content: hmac.digest(key.encode(), content, digest))


def learner_of(header: str | None, auth: Auth) -> str:
    """Return whose header it is where tokens are signed with secrets."""
    credentials = Credentials(Bearer(auth, Secrets(auth)))
    return credentials.caller({} if header is None else {"Authorization": header}).learner


def unsigned(alg: str) -> str:
    return f"{part({'alg': alg})}.{part(GOOD_CLAIMS)}."


def headed(**header: object) -> str:
    """Make a token of ours with more in its header."""
    return made({**HS256, **header})


def claiming(**claims: object) -> str:
    """Make a token of ours with other claims."""
    return made(claims={**GOOD_CLAIMS, **claims})


def without(name: str) -> str:
    return made(claims={key: value for key, value in GOOD_CLAIMS.items() if key != name})


def exp_written(text: str) -> str:
    """Make a token whose `exp` is spelled as no JSON library would write it."""
    return made(claims=f'{{"sub": "{ANA}", "exp": {text}}}')


def respelled(signature: str) -> str:
    """Spell the same bytes otherwise: the last character of 43 has two bits that no byte needs."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = signature[:-1] + letters[letters.index(signature[-1]) + 1]
    assert base64.urlsafe_b64decode(other + "=") == base64.urlsafe_b64decode(signature + "=")
    return other


HEAD, PAYLOAD, SIGNATURE = token().split(".")
ATTACKERS_JWK = {"kty": "oct", "k": part(OTHER_SECRET)}
FORGED_TOKENS = {
    # who signed it
    "nobody has signed it (none)": unsigned("none"),
    "nobody has signed it (None)": unsigned("None"),
    "nobody has signed it (NONE)": unsigned("NONE"),
    "nobody has signed it (nOnE)": unsigned("nOnE"),
    "none is its algorithm and our signature is on it": made({"alg": "none"}),
    "HS256 is its algorithm and the signature is missing": f"{HEAD}.{PAYLOAD}.",
    "the signature and its dot are missing": f"{HEAD}.{PAYLOAD}",
    "another secret has signed it": token(key=OTHER_SECRET),
    "the secret and a newline have signed it": token(key=SECRET + "\n"),
    "a public key as text has signed it": made(key=PUBLIC_KEY),
    "an empty key has signed it": made(key=""),
    "the algorithm is missing": made({"typ": "JWT"}),
    "the algorithm is null": made({"alg": None}),
    "the algorithm is a list": made({"alg": ["HS256"]}),
    "the algorithm is an object": made({"alg": {"HS256": 1}}),
    "the algorithm is a number": made({"alg": 256}),
    "the algorithm is in lower case": made({"alg": "hs256"}),
    "the algorithm is HS384, with our secret": made({"alg": "HS384"}, digest="sha384"),
    "the algorithm is HS512, with our secret": made({"alg": "HS512"}, digest="sha512"),
    "the algorithm is RS256": made({"alg": "RS256"}),
    "the algorithm is ES256": made({"alg": "ES256"}),
    "the algorithm is EdDSA": made({"alg": "EdDSA"}),
    "the algorithm is unknown": made({"alg": "HS257"}),
    # which key it asks for
    "it brings the key that signed it": made({**HS256, "jwk": ATTACKERS_JWK}, key=OTHER_SECRET),
    "it brings a key and ours has signed it": headed(jwk=ATTACKERS_JWK),
    "it says where to fetch keys": headed(jku="http://127.0.0.1:9/jwks.json"),
    "it says where to fetch a certificate": headed(x5u="file:///etc/ssl/certs/ca-certificates.crt"),
    "it brings a certificate": headed(x5c=["MIIB"]),
    "its kid is an empty file and an empty key has signed it": made({**HS256, "kid": "/dev/null"}, key=""),
    "its kid is a path and ours has signed it": headed(kid="../../../etc/passwd"),
    "its kid is SQL": headed(kid="x' union select 'k' --"),
    "its kid is empty": headed(kid=""),
    "its kid is a number": headed(kid=7),
    "its kid is null": headed(kid=None),
    "an extension is critical that we do not know": headed(crit=["exp2"], exp2=1),
    "no extension is critical": headed(crit=[]),
    "its payload is said to be elsewhere": headed(crit=["b64"], b64=False),
    # what was done to it
    "another learner is named under our signature": f"{HEAD}.{part({**GOOD_CLAIMS, 'sub': BEN})}.{SIGNATURE}",
    "the header was exchanged": f"{part({'alg': 'HS256'})}.{PAYLOAD}.{SIGNATURE}",
    "a part is appended": f"{HEAD}.{PAYLOAD}.{SIGNATURE}.{SIGNATURE}",
    "it has the five parts of an encrypted token": f"{HEAD}.{PAYLOAD}.{SIGNATURE}.{PAYLOAD}.{SIGNATURE}",
    "it is dots": "..",
    "it is one word": "admin",
    "it is a megabyte": "a" * 1_000_000,
    "it is a megabyte of dots": "." * 1_000_000,
    "it has a space inside": f"{HEAD}. {PAYLOAD}.{SIGNATURE}",
    "it is not ASCII": f"{HEAD}.{PAYLOAD}.é",
    "its signature ends in other bits that no byte needs": HEAD + "." + PAYLOAD + "." + respelled(SIGNATURE),
    "its signature is padded": f"{HEAD}.{PAYLOAD}.{SIGNATURE}=",
    "its signature has a line break": f"{HEAD}.{PAYLOAD}.{SIGNATURE[:9]}\v{SIGNATURE[9:]}",
    "its signature is in the other base64": f"{HEAD}.{PAYLOAD}.{SIGNATURE[:-1]}+",
    "it is longer than any that we sign": claiming(groups="x" * 20_000),
    "it is in quotes": f'"{token()}"',
    "its header is no JSON": made("{"),
    "its header is a list": made([HS256]),
    "its header is nested without end": made("[" * 100_000),
    "its claims are no JSON": made(claims="{"),
    "its claims are a list": made(claims=[GOOD_CLAIMS]),
    "its claims are text": made(claims='"sub"'),
    "its claims are nested without end": made(claims="[" * 100_000),
    # until when
    "it never expires": without("exp"),
    "exp is null": claiming(exp=None),
    "exp is text": claiming(exp="tomorrow"),
    "exp is a number as text": claiming(exp=str(FAR_EXPIRY)),
    "exp is a list": claiming(exp=[FAR_EXPIRY]),
    "exp is no number": exp_written("NaN"),
    "exp is infinite": exp_written("Infinity"),
    "exp is infinite by its size": exp_written("1e400"),
    "exp is minus infinity": exp_written("-Infinity"),
    "exp is 10^18": claiming(exp=10**18),
    "exp has 5,000 digits": exp_written("9" * 5000),
    "exp is in the year 10000": claiming(exp=253_402_300_800),
    "it is not yet valid": claiming(nbf=now() + LATE),
    "nbf is text": claiming(nbf="now"),
    "nbf is null": claiming(nbf=None),
    "nbf is infinite": made(claims=f'{{"sub": "{ANA}", "exp": {FAR_EXPIRY}, "nbf": Infinity}}'),
    "it was issued in the future": claiming(iat=now() + LATE),
    "iat is a list": claiming(iat=[1]),
    # for whom
    "it names nobody": without("sub"),
    "sub is null": claiming(sub=None),
    "sub is empty": claiming(sub=""),
    "sub is true": claiming(sub=True),
    "sub is false": claiming(sub=False),
    "sub is a fraction": claiming(sub=7.0),
    "sub is a list": claiming(sub=[ANA]),
    "sub is an object": claiming(sub={"id": ANA}),
    "sub has 5,000 digits": made(claims=f'{{"sub": {"9" * 5000}, "exp": {FAR_EXPIRY}}}'),
}
FORGED_HEADERS = {f"a token: {name}": f"Bearer {forged}" for name, forged in FORGED_TOKENS.items()} | {
    "no header": None,
    "an empty header": "",
    "a scheme without a token": "Bearer",
    "a scheme and spaces": "Bearer   ",
    "a token without a scheme": token(),
    "a scheme glued to its token": f"Bearer{token()}",
    "a tab before the token": f"Bearer\t{token()}",
    "a colon after the scheme": f"Bearer: {token()}",
    "the scheme twice": f"Bearer Bearer {token()}",
    "Basic with a token": f"Basic {token()}",
    "Basic with a name and a password": "Basic YW5hOmFuYQ==",
    "an unknown scheme": f"JWT {token()}",
}
TWO_CREDENTIALS: dict[str, Mapping[str, str]] = {
    "a token and a key": {"Authorization": f"Bearer {token()}", "X-API-Key": "xntr-0123456789"},
    "a token and an empty key": {"Authorization": f"Bearer {token()}", "X-API-Key": ""},
    "an empty header and a key": {"Authorization": "", "X-API-Key": "xntr-0123456789"},
    "a forged token and a key": {"Authorization": f"Bearer {unsigned('none')}", "X-API-Key": "xntr-0123456789"},
    "a password and a key": {"Authorization": "Basic YW5hOmFuYQ==", "X-API-Key": "xntr-0123456789"},
    "two tokens": {"Authorization": f"Bearer {token(ANA)}, Bearer {token(BEN)}"},
    "two tokens without a space": {"Authorization": f"Bearer {token(ANA)},Bearer {token(BEN)}"},
    "the same token twice": {"Authorization": f"Bearer {token()},Bearer {token()}"},
    "a token and nothing": {"Authorization": f"Bearer {token()}, "},
    "nothing and a token": {"Authorization": f",Bearer {token()}"},
    "a comma in a token": {"Authorization": f"Bearer {token()[:20]},{token()[20:]}"},
    "a comma alone": {"Authorization": ","},
    "two keys": {"X-API-Key": "xntr-0123456789,xntr-0123456789"},
    "a key and nothing": {"X-API-Key": "xntr-0123456789,"},
}


def ask(client: FlaskClient, header: str | None) -> Any:
    return client.get(PATH, headers={} if header is None else {"Authorization": header})


REASONS = {
    Reason.MISSING: None,
    Reason.MALFORMED: "Bearer x",
    Reason.HEADER: f"Bearer {made({'alg': 'none'})}",
    Reason.SIGNATURE: f"Bearer {token(key=OTHER_SECRET)}",
    Reason.EXPIRED: f"Bearer {claiming(exp=1)}",
    Reason.NOT_YET_VALID: f"Bearer {claiming(nbf=FAR_EXPIRY)}",
    Reason.CLAIMS: f"Bearer {without('sub')}",
}
