"""``README.txt``: what is in a package, and how to check it with openssl, sha256sum and unzip alone."""

from __future__ import annotations

import jinja2

from camsvc.evidence.contents import Package, Role
from camsvc.evidence.report_facts import grouped

VERIFY = "openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -verify public.pem -signature"
_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("camsvc.evidence"),
    autoescape=False,  # noqa: S701  plain text
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    undefined=jinja2.StrictUndefined,
)


def readme_text(package: Package, *, comment_bytes: int, is_stamped: bool) -> str:
    """``comment_bytes``: length of the signature at the end of the ZIP."""
    return _ENVIRONMENT.get_template("README.txt").render(
        package=package,
        organisation=package.organisation,
        fingerprint=grouped(str(package.installation["certificate_sha256"])),
        problems=package.problems,
        has_provenance=any(each.role is Role.PROVENANCE for each in package.files),
        roles={each.role.value for each in package.files if each.sha256},
        languages=package.contents.languages,
        comment_bytes=comment_bytes,
        verify=VERIFY,
        unlisted=4 if is_stamped else 3,
        is_stamped=is_stamped,
    )
