"""What is answered about a package that was checked, for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from camsvc.api.services.verification import ChainState, Ruling, Signer
from camsvc.evidence.checks import Outcome

PEM_MAX = 64 * 1024
"""Characters: a certificate with all its issuers."""
Pem = Annotated[str, Field(min_length=1, max_length=PEM_MAX)]


class Certificates(BaseModel):
    model_config = {"extra": "forbid"}
    certificate: Pem = Field(description="In the package: `certificate.pem` of the verification's answer")
    given: Pem = Field(description="That came by another way; PEM")


class Comparison(BaseModel):
    vouches: bool = Field(description="The given one is the package's, or issued it")
    sha256: str
    subject: str


class Certificate(BaseModel):
    signer: Signer = Field(description="`current`, `past`: this installation's own")
    sha256: str
    subject: str
    not_before: str
    not_after: str
    pem: str


class Chain(BaseModel):
    state: ChainState
    records: int = Field(description="Of the custody log that were compared with this installation's audit chain")
    wrong: int | None = Field(description="Number of the first that is another here")


class Finding(BaseModel):
    check: str
    outcome: Outcome
    file: str | None
    detail: str


class InsideFile(BaseModel):
    name: str
    role: str
    state: str
    size_bytes: int
    offset: int | None = Field(description="Where its bytes begin in the package; null: not where they should be")


class Inspection(BaseModel):
    ruling: Ruling = Field(description="`unknown_signer`: all that was checked holds, but whose key it is is not known")
    package: str | None
    created_at: str | None
    organisation: str | None
    files: int
    bytes: int
    certificate: Certificate | None = Field(description="In the package; null: none, or none that can be read")
    chain: Chain
    checks: list[Finding]
    more: int = Field(description="Findings that are not listed")
    request: dict[str, str] = Field(description="Who asked for it and why, as the package says")
    incidents: list[dict[str, object]] = Field(description="As the package says")
    contents: list[InsideFile] = Field(description="As the package's manifest lists them")
