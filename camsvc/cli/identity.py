"""``camsvc identity``: the key that signs evidence packages, and its certificate."""

from __future__ import annotations

import getpass
import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from camsvc.cli import tables
from camsvc.cli.options import ConfigOption, DataOption, JsonOption, Site, site
from camsvc.db.queries import audit, signing
from camsvc.db.queries.signing import StoredIdentity
from camsvc.domain.audit import Deed, Kind
from camsvc.domain.incident_json import time_json
from camsvc.errors import InputError
from camsvc.evidence import keeping
from camsvc.evidence.identity import SigningIdentity, parse_certificates

KEY_PASSWORD = "CAMSVC_KEY_PASSWORD"  # noqa: S105  the name of a variable

app = typer.Typer(
    no_args_is_help=True, help="The certificate that signs evidence packages: show it, bring your own, renew it."
)


@app.command("show")
def show(
    as_pem: Annotated[bool, typer.Option("--pem", help="Print the certificate alone, to hand it out.")] = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """The certificate in use; made now if there is none. Give its fingerprint to whoever receives packages.

    It proves that a package is yours only to people who have the fingerprint from you, not from the package.
    """
    with site(config_file, data) as here, here.database.session() as session:
        in_use = keeping.current(session, here.cipher, here.settings.evidence.organisation).fingerprint
        stored = next(each for each in signing.all_identities(session) if each.fingerprint == in_use)
    if as_pem:
        print(stored.certificate, end="")
    else:
        _print(stored, as_json=as_json)


@app.command("list")
def list_(config_file: ConfigOption = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Also those that were replaced: packages that they signed are still about."""
    with site(config_file, data) as here, here.database.session() as session:
        found = signing.all_identities(session)
    if as_json:
        print(json.dumps([_json(each) for each in found], ensure_ascii=False))
        return
    rows = [
        (each.fingerprint, time_json(each.created_at), time_json(each.retired_at) if each.retired_at else "in use")
        for each in found
    ]
    tables.show(("SHA-256 FINGERPRINT", "FROM", "UNTIL"), rows)


@app.command("bring")
def bring(
    certificate: Annotated[Path, typer.Argument(metavar="CERTIFICATE", help="PEM; its issuers' may follow in it.")],
    key: Annotated[Path, typer.Argument(metavar="KEY", help="Its private key, RSA, PEM.")],
    config_file: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign with a certificate of your own from now on, say one of your authority's.

    An encrypted key's password is asked for, or taken from CAMSVC_KEY_PASSWORD.
    """
    identity = SigningIdentity.load(_read(certificate), _read(key), _password(key))
    with site(config_file, data) as here:
        _record(here, "identity.brought", identity.fingerprint)
        with here.database.session() as session:
            stored = keeping.bring(session, here.cipher, identity)
    _print(stored, as_json=as_json)


@app.command("renew")
def renew(config_file: ConfigOption = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Sign with a new key from now on. Packages that were handed out stay as good as they are."""
    with site(config_file, data) as here:
        _record(here, "identity.renewed", None)
        with here.database.session() as session:
            stored = keeping.renew(session, here.cipher, here.settings.evidence.organisation)
    _print(stored, as_json=as_json)


def _record(here: Site, what: str, fingerprint: str | None) -> None:
    """Before it is done, and by itself: what cannot be recorded is not done."""
    details = {"operating_system_user": getpass.getuser(), **({"fingerprint": fingerprint} if fingerprint else {})}
    with here.database.session() as session:
        audit.append(session, Deed(Kind.ADMINISTER, what, details=details))


def _password(key: Path) -> bytes | None:
    if b"ENCRYPTED" not in _read(key):
        return None
    return str(os.environ.get(KEY_PASSWORD) or typer.prompt(f"Password of {key}", hide_input=True)).encode()


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}", cure="give a file that can be read") from error


def _print(stored: StoredIdentity, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_json(stored), ensure_ascii=False))
        return
    facts = _json(stored)
    tables.show_facts([(name, value) for name, value in facts.items() if name != "certificate"])


def _json(stored: StoredIdentity) -> dict[str, Any]:
    leaf = parse_certificates(stored.certificate.encode("ascii"))[0]
    return {
        "fingerprint": stored.fingerprint,
        "subject": leaf.subject.rfc4514_string(),
        "issuer": leaf.issuer.rfc4514_string(),
        "valid_from": time_json(leaf.not_valid_before_utc),
        "valid_until": time_json(leaf.not_valid_after_utc),
        "brought": stored.brought,
        "created_at": time_json(stored.created_at),
        "retired_at": time_json(stored.retired_at) if stored.retired_at else None,
        "certificate": stored.certificate,
    }
