"""``camsvc verify``: checks an evidence package, anywhere: no installation, no network, no configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

from camsvc.evidence.checks import Outcome, Verdict
from camsvc.evidence.identity import read_certificates
from camsvc.evidence.verification import Trust, verify

EXIT_BROKEN = 1
_SIGNS = {Outcome.HOLDS: "holds", Outcome.FAILS: "FAILS", Outcome.UNCHECKED: "not checked"}


def command(
    package: Annotated[Path, typer.Argument(metavar="PACKAGE", help="The ZIP as it was received.")],
    certificate: Annotated[
        Path | None,
        typer.Option(metavar="PEM", help="Certificate of who should have signed, or of its issuer; not from the ZIP."),
    ] = None,
    tsa_certificate: Annotated[
        Path | None, typer.Option(metavar="PEM", help="Root certificate of the time-stamp authority.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check an evidence package: what holds, what does not, and what was not checked.

    Exit status 0: all that was checked holds; 1: something does not; 2: the file could not be checked at all.
    """
    trust = Trust(
        read_certificates(certificate, "--certificate") if certificate else (),
        read_certificates(tsa_certificate, "--tsa-certificate") if tsa_certificate else (),
    )
    console = Console(stderr=True)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, disable=as_json or not console.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=None)
        verdict = verify(package, trust, lambda done, all_: bar.update(task, completed=done, total=all_))
    if as_json:
        print(json.dumps(_json(verdict), ensure_ascii=False))
    else:
        _tell(verdict, package)
    if not verdict.holds:
        raise typer.Exit(EXIT_BROKEN)


def _tell(verdict: Verdict, package: Path) -> None:
    if verdict.package:
        print(f"package {verdict.package} of {verdict.organisation or '-'}, made {verdict.created_at}")
    for each in verdict.findings:
        file = f" {each.file}:" if each.file else ""
        print(f"{_SIGNS[each.outcome]:11}  {each.check.value:11} {file} {each.detail}".rstrip())
    if verdict.more:
        print(f"… and {verdict.more} more")
    print(f"{package}: {'everything that was checked HOLDS' if verdict.holds else 'does NOT hold'}")


def _json(verdict: Verdict) -> dict[str, Any]:
    return {
        "holds": verdict.holds,
        "package": verdict.package,
        "created_at": verdict.created_at,
        "organisation": verdict.organisation,
        "certificate_sha256": verdict.fingerprint,
        "files": verdict.files,
        "bytes": verdict.bytes,
        "checks": [
            {"check": each.check.value, "outcome": each.outcome.value, "file": each.file, "detail": each.detail}
            for each in verdict.findings
        ],
        "more": verdict.more,
    }
