"""``camsvc export``: evidence packages."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography import x509
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from camsvc.api.services.cases.footage import subjects_of
from camsvc.cli.options import ConfigOption, DataOption, JsonOption, incident_id, site
from camsvc.clock import SystemClock
from camsvc.db.filters import parse_time
from camsvc.db.queries import case_items, case_people, cases
from camsvc.domain.export_job import Contents, Span, Subjects
from camsvc.embedded.stack import resolve
from camsvc.errors import InputError, NotFoundError
from camsvc.evidence.contents import Request
from camsvc.evidence.identity import read_certificates
from camsvc.evidence.output import whole
from camsvc.evidence.package import Made, Means, Options, effective, export
from camsvc.evidence.recipient import EncryptedSink
from camsvc.evidence.words import LANGUAGES
from camsvc.storage.objects import ObjectStore

EXIT_PROBLEMS = 1
ENVELOPE, CONTENT = ".cms", ".enc"
"""Suffixes of the two files of an encrypted package."""

app = typer.Typer(no_args_is_help=True, help="Export evidence: signed packages that prove themselves.")


ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why it is exported; in the package and the audit log.")
]
OutOption = Annotated[Path, typer.Option("--out", metavar="FILE.zip", help="Where to; must not exist.")]
CaseOption = Annotated[str | None, typer.Option("--case", metavar="NO", help="Number of the case.")]
RecipientOption = Annotated[
    Path | None,
    typer.Option(
        "--encrypt-for",
        metavar="PEM",
        help="Certificate (RSA) of the only one who can open it: FILE.zip.cms and .enc.",
    ),
]
ViewingOption = Annotated[
    bool, typer.Option("--viewing", help="Add a copy for viewing of each incident: time, place, boxes burnt in.")
]
RedactedOption = Annotated[
    bool,
    typer.Option(
        "--redacted", help="Redacted copies instead of originals: people and vehicles hidden as was decided, else all."
    ),
]
NoOriginalsOption = Annotated[bool, typer.Option("--no-originals", help="Leave out the original clips.")]
NoThumbnailsOption = Annotated[bool, typer.Option("--no-thumbnails", help="Leave out the thumbnails.")]
NoTracksOption = Annotated[bool, typer.Option("--no-tracks", help="Leave out the boxes of what was detected.")]
NoC2paOption = Annotated[bool, typer.Option("--no-c2pa", help="Leave out the C2PA manifests.")]
NoStampOption = Annotated[
    bool, typer.Option("--no-time-stamp", help="Do not ask the time-stamp authority of the settings.")
]
LanguageOption = Annotated[
    list[str] | None,
    typer.Option("--language", metavar="vi|en", help="Of the reports; may be repeated. Default: both."),
]


@app.command("incident")
def incident(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of incidents, from a search.")],
    reason: ReasonOption,
    out: OutOption,
    case: CaseOption = None,
    encrypt_for: RecipientOption = None,
    viewing: ViewingOption = False,
    redacted: RedactedOption = False,
    no_originals: NoOriginalsOption = False,
    no_thumbnails: NoThumbnailsOption = False,
    no_tracks: NoTracksOption = False,
    no_c2pa: NoC2paOption = False,
    no_time_stamp: NoStampOption = False,
    language: LanguageOption = None,
    as_json: JsonOption = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Write the footage of incidents, with all that is known of it, into one signed ZIP.

    It can be checked without camsvc: by its own README.txt, or with `camsvc verify`. Exit status 1 when files are
    altered or missing in the store: the package is made, and says so.
    """
    contents = _contents(viewing, redacted, no_originals, no_thumbnails, no_tracks, no_c2pa, no_time_stamp, language)
    subjects = Subjects(tuple(incident_id(each) for each in ids))
    request = _request(subjects, reason, case)
    with _writing(config_file, data, out, encrypt_for, contents, as_json=as_json) as writing:
        writing.write(request)


@app.command("span")
def span(
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="Id of the camera.")],
    from_: Annotated[str, typer.Argument(metavar="FROM", help="Time, as `camsvc incidents search --from` takes it.")],
    to: Annotated[str, typer.Argument(metavar="TO", help="Exclusive.")],
    reason: ReasonOption,
    out: OutOption,
    case: CaseOption = None,
    encrypt_for: RecipientOption = None,
    viewing: ViewingOption = False,
    redacted: RedactedOption = False,
    no_originals: NoOriginalsOption = False,
    no_thumbnails: NoThumbnailsOption = False,
    no_tracks: NoTracksOption = False,
    no_c2pa: NoC2paOption = False,
    no_time_stamp: NoStampOption = False,
    language: LanguageOption = None,
    as_json: JsonOption = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Write all footage that a camera has of a span of time; what it does not have is said.

    Whole files go in, as they were recorded: they may begin before FROM and end after TO.
    """
    contents = _contents(viewing, redacted, no_originals, no_thumbnails, no_tracks, no_c2pa, no_time_stamp, language)
    with _writing(config_file, data, out, encrypt_for, contents, as_json=as_json) as writing:
        zone = writing.means.settings.timezone
        wanted = Span(camera, parse_time(from_, "FROM", zone), parse_time(to, "TO", zone))
        writing.write(_request(Subjects(spans=(wanted,)), reason, case))


@app.command("case")
def case(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Number of a case, as `camsvc cases list` shows it.")],
    reason: ReasonOption,
    out: OutOption,
    encrypt_for: RecipientOption = None,
    viewing: ViewingOption = False,
    redacted: RedactedOption = False,
    no_originals: NoOriginalsOption = False,
    no_thumbnails: NoThumbnailsOption = False,
    no_tracks: NoTracksOption = False,
    no_c2pa: NoC2paOption = False,
    no_time_stamp: NoStampOption = False,
    language: LanguageOption = None,
    as_json: JsonOption = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Write all items of a case: incidents, spans of time, snapshots. Its notes stay inside."""
    contents = _contents(viewing, redacted, no_originals, no_thumbnails, no_tracks, no_c2pa, no_time_stamp, language)
    with _writing(config_file, data, out, encrypt_for, contents, as_json=as_json) as writing:
        with writing.means.database.session() as session:
            found = cases.of_number(session, number)
            if found is None:
                raise NotFoundError(
                    f"there is no case {number!r}", parameter="NUMBER", cure="`camsvc cases list` names all cases"
                )
            subjects = subjects_of(case_items.of_case(session, found.id))
            people = tuple(f"{each.user_name} ({each.role.value})" for each in case_people.people(session, found.id))
        request = _request(subjects, reason, found.number)
        writing.write(replace(request, case_title=found.title, case_people=people))


def _contents(
    viewing: bool,
    redacted: bool,
    no_originals: bool,
    no_thumbnails: bool,
    no_tracks: bool,
    no_c2pa: bool,
    no_time_stamp: bool,
    language: list[str] | None,
) -> Contents:
    wanted = Contents(
        originals=not (no_originals or redacted),
        thumbnails=not no_thumbnails,
        tracks=not no_tracks,
        viewing=viewing,
        redacted=redacted,
        provenance=not no_c2pa,
        time_stamp=not no_time_stamp,
        languages=tuple(language) if language else LANGUAGES,
    )
    return effective(wanted)


def _request(subjects: Subjects, reason: str, case_number: str | None) -> Request:
    number = _said(case_number, "--case") if case_number is not None else None
    return Request(subjects, _said(reason, "--reason"), getpass.getuser(), number)


@dataclass(frozen=True, slots=True)
class _Writing:
    means: Means
    options: Options
    out: Path
    recipient: x509.Certificate | None
    as_json: bool

    def write(self, request: Request) -> None:
        """Makes the package, tells what it is; ends the command with EXIT_PROBLEMS when files in it are not sound."""
        if self.recipient is None:
            files = [self.out]
            with whole(self.out) as file:
                made = export(self.means, request, file, self.options)
        else:
            files = [self.out.with_name(self.out.name + suffix) for suffix in (ENVELOPE, CONTENT)]
            with whole(files[0]) as envelope, whole(files[1]) as content:
                sink = EncryptedSink(content, self.recipient)
                made = export(self.means, request, sink, self.options)
                sink.finish()
                envelope.write(sink.envelope)
        _tell(made, files, as_json=self.as_json)
        if made.problems:
            raise typer.Exit(EXIT_PROBLEMS)


@contextmanager
def _writing(
    config_file: Path | None,
    data: Path | None,
    out: Path,
    encrypt_for: Path | None,
    contents: Contents,
    *,
    as_json: bool,
) -> Iterator[_Writing]:
    recipient = read_certificates(encrypt_for, "--encrypt-for")[0] if encrypt_for is not None else None
    with ExitStack() as stack:
        here = stack.enter_context(site(config_file, data))
        store = ObjectStore.of(resolve(here.settings))
        stack.callback(store.close)
        means = Means(here.database, store, here.cipher, here.settings, SystemClock())
        progress = stack.enter_context(_progress(quiet=as_json))
        yield _Writing(means, Options(contents, out.parent, progress), out, recipient, as_json)


def _said(text: str, option: str) -> str:
    if not text.strip():
        raise InputError("nothing is said", parameter=option, cure="it is kept with the evidence")
    return text.strip()


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
