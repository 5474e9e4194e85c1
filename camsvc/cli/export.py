"""``camsvc export``: evidence packages."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from cryptography import x509
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from camsvc import config
from camsvc.cli.options import ConfigOption, DataOption, JsonOption, site
from camsvc.clock import SystemClock
from camsvc.domain.export_job import Contents, Subjects
from camsvc.embedded.stack import resolve
from camsvc.errors import InputError
from camsvc.evidence.contents import Request
from camsvc.evidence.identity import parse_certificates
from camsvc.evidence.output import whole
from camsvc.evidence.package import Made, Means, Options, export
from camsvc.evidence.recipient import EncryptedSink
from camsvc.storage.objects import ObjectStore

EXIT_PROBLEMS = 1
ENVELOPE, CONTENT = ".cms", ".enc"
"""Suffixes of the two files of an encrypted package."""

app = typer.Typer(no_args_is_help=True, help="Export evidence: signed packages that prove themselves.")


@app.callback()
def group() -> None:
    """Keeps ``incident`` a word of its own while it is the only one."""


@app.command("incident")
def incident(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of incidents, from a search.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why it is exported; in the package and the audit log.")],
    out: Annotated[Path, typer.Option(metavar="FILE.zip", help="Where to; must not exist.")],
    case: Annotated[str | None, typer.Option(metavar="NO", help="Number of the case.")] = None,
    encrypt_for: Annotated[
        Path | None,
        typer.Option(metavar="PEM", help="Certificate (RSA) of the only one who can open it: FILE.zip.cms and .enc."),
    ] = None,
    no_c2pa: Annotated[bool, typer.Option("--no-c2pa", help="Leave out the C2PA manifests.")] = False,
    no_time_stamp: Annotated[
        bool, typer.Option("--no-time-stamp", help="Do not ask the time-stamp authority of the settings.")
    ] = False,
    as_json: JsonOption = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Write the footage of incidents, with all that is known of it, into one signed ZIP.

    It can be checked without camsvc: by its own README.txt, or with `camsvc verify`. Exit status 1 when files are
    altered or missing in the store: the package is made, and says so.
    """
    request = Request(
        Subjects(tuple(_id(each) for each in ids)),
        _said(reason, "--reason"),
        getpass.getuser(),
        _said(case, "--case") if case is not None else None,
    )
    recipient = _recipient(encrypt_for) if encrypt_for is not None else None
    settings = resolve(config.load(config_file, data=data))
    with ExitStack() as stack:
        here = stack.enter_context(site(config_file, data))
        store = ObjectStore.of(settings)
        stack.callback(store.close)
        means = Means(here.database, store, here.cipher, here.settings, SystemClock())
        progress = stack.enter_context(_progress(quiet=as_json))
        contents = Contents(provenance=not no_c2pa, time_stamp=not no_time_stamp)
        options = Options(contents, out.parent, progress)
        if recipient is None:
            files = [out]
            with whole(out) as file:
                made = export(means, request, file, options)
        else:
            files = [out.with_name(out.name + suffix) for suffix in (ENVELOPE, CONTENT)]
            with whole(files[0]) as envelope, whole(files[1]) as content:
                sink = EncryptedSink(content, recipient)
                made = export(means, request, sink, options)
                sink.finish()
                envelope.write(sink.envelope)
    _tell(made, files, as_json=as_json)
    if made.problems:
        raise typer.Exit(EXIT_PROBLEMS)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise InputError(f"{text!r} is not an incident's id", parameter="ID", cure="copy it from a search") from error


def _said(text: str, option: str) -> str:
    if not text.strip():
        raise InputError("nothing is said", parameter=option, cure="it is kept with the evidence")
    return text.strip()


def _recipient(file: Path) -> x509.Certificate:
    try:
        return parse_certificates(file.read_bytes())[0]
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}", parameter="--encrypt-for", cure="give a PEM file") from error


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal's standard error; nothing in a pipe."""
    console = Console(stderr=True)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, all_: bar.update(task, completed=done, total=all_)


def _tell(made: Made, files: list[Path], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_json(made, files), ensure_ascii=False))
        return
    for packed in made.problems:
        print(f"{packed.state.value.upper():10} {packed.name}: {packed.detail or ''}", file=sys.stderr)
    for note in made.notes:
        print(f"note: {note}", file=sys.stderr)
    names = ", ".join(map(str, files))
    print(f"{names}: {made.incidents} incidents, {made.files} files, {made.size_bytes} bytes")
    print(f"signed by the certificate with the SHA-256 fingerprint {made.fingerprint}")
    print("give that fingerprint to the recipient by another way than the package")


def _json(made: Made, files: list[Path]) -> dict[str, Any]:
    return {
        "package": str(made.id),
        "files": [str(file) for file in files],
        "size_bytes": made.size_bytes,
        "incidents": made.incidents,
        "manifest_sha256": made.manifest_sha256,
        "certificate_sha256": made.fingerprint,
        "sound": not made.problems,
        "problems": [{"file": each.name, "state": each.state.value, "detail": each.detail} for each in made.problems],
        "notes": list(made.notes),
    }
