"""What a call of the API can fail by, each made one of our errors: where, what, and the remedy."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from proxmoxer.backends.https import AuthenticationError  # type: ignore[import-untyped]  # it ships no types
from proxmoxer.core import ResourceException  # type: ignore[import-untyped]  # it ships no types

from provisioner.errors import ApiError, Problem

_ADOPT = "run `teranga node adopt` for this site"
_CLOCKS = "compare the clocks of the node and of this machine; if both are right the node needs a new certificate"
# X509_V_ERR_CERT_NOT_YET_VALID, _HAS_EXPIRED, _HOSTNAME_MISMATCH and _IP_ADDRESS_MISMATCH of OpenSSL's x509_vfy.h
_CERTIFICATE = {
    9: ("its certificate is not valid yet by this machine's clock", _CLOCKS),
    10: ("its certificate has expired by this machine's clock", _CLOCKS),
    62: ("its certificate is for another name", "adopt the node by a name of its certificate"),
    64: ("its certificate is for another address", "adopt the node by a name of its certificate"),
}


@contextmanager
def errors(where: str, host: str) -> Iterator[None]:
    """Raise ApiError for whatever the call in the block fails by. `where` is its path."""
    try:
        yield
    except ResourceException as error:
        raise ApiError(_refused(where, host, error)) from error
    except AuthenticationError as error:
        what = f"the credential was refused: {error}"
        raise ApiError(Problem(where=host, what=what, hint="check the user and the password file")) from error
    except requests.exceptions.SSLError as error:
        raise ApiError(_certificate(host, error)) from error
    except requests.exceptions.RequestException as error:
        what = f"the API does not answer: {_reason(error)}"
        raise ApiError(Problem(where=host, what=what, hint="is the node up? in the lab: `teranga lab status`")) from error
    except OSError as error:  # requests: the file with the pinned certificate is not there
        raise ApiError(Problem(where=host, what=f"the certificate to pin cannot be read: {error}", hint=_ADOPT)) from error


def _refused(where: str, host: str, error: ResourceException) -> Problem:
    named = error.errors if isinstance(error.errors, dict) else {}
    fields = "; ".join(f"{name}: {text}" for name, text in named.items() if text)
    what = f"{error.status_code} {error.content or error.status_message}".strip()
    return Problem(where=f"{host}{where}", what=f"{what} {fields}".strip(), hint=_ADOPT if error.status_code in (401, 403) else "")


def _certificate(host: str, error: requests.exceptions.SSLError) -> Problem:
    found = _root(error)
    what, hint = _CERTIFICATE.get(
        found.verify_code if isinstance(found, ssl.SSLCertVerificationError) else 0,
        (
            f"its certificate is not the pinned one: {_reason(error)}",
            "adopt the node again if it was reinstalled; otherwise somebody stands between",
        ),
    )
    return Problem(where=host, what=what, hint=hint)


def _root(error: BaseException) -> BaseException:
    """Return the innermost cause that libraries wrapped: by `reason`, by an argument, by the chain."""
    seen = {id(error)}
    while True:
        inner = getattr(error, "reason", None)
        candidates = (inner, *error.args, error.__cause__, error.__context__)
        found = next((one for one in candidates if isinstance(one, BaseException) and id(one) not in seen), None)
        if found is None:
            return error
        seen.add(id(found))
        error = found


def _reason(error: BaseException) -> str:
    """Return the innermost cause in its own words."""
    root = _root(error)
    if isinstance(root, ssl.SSLCertVerificationError):
        return root.verify_message
    return (root.strerror if isinstance(root, OSError) else None) or str(root)
