"""``/api/v1/verification``: an evidence package is checked, and nothing of it is kept."""

from __future__ import annotations

from typing import BinaryIO

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from camsvc.api import verification_schemas as schemas
from camsvc.api.access import SignedIn, source_of
from camsvc.api.context import server_of
from camsvc.api.services import verification
from camsvc.api.services.verification import Verifier, inspection_json
from camsvc.evidence.identity import fingerprint_of

router = APIRouter(prefix="/api/v1", tags=["verification"])

PIECE_BYTES = 1024 * 1024
"""Written at once: what comes from the network is collected so far."""
ROOM_EVERY_BYTES = 256 * PIECE_BYTES
"""Of a package whose size was not said, how often the disk is asked for room."""
BODY = {
    "requestBody": {
        "required": True,
        "description": "The package as it was received",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/verification", response_model=schemas.Inspection, openapi_extra=BODY)
async def verify(request: Request, user: SignedIn) -> Response:
    """Check a package. For anybody with an account: no right to footage is needed, as who sends it has it.

    `curl -T case.zip -X POST …`: the body is the file itself, of any size up to `evidence.verify_max_bytes`.
    """
    server, source = server_of(request), source_of(request)
    size_bytes = _announced(request)
    if size_bytes > server.verifier.max_bytes:
        raise _too_large(server.verifier)
    with server.verifier.place(user.id, size_bytes) as file:
        await _take(request, server.verifier, file)
        # Not given up when the browser leaves: a thread cannot be; it ends by itself, and the file goes with it.
        found = await to_thread.run_sync(lambda: verification.check(server, user, file, source=source))
    return JSONResponse(inspection_json(found))


@router.post("/verification/certificates", response_model=schemas.Comparison)
def compare(user: SignedIn, body: schemas.Certificates) -> Response:
    """Whether a certificate that came by another way is the one in a package, or issued it."""
    del user
    vouches, brought = verification.compare(body.certificate.encode(), body.given.encode())
    return JSONResponse(
        {"vouches": vouches, "sha256": fingerprint_of(brought), "subject": brought.subject.rfc4514_string()}
    )


async def _take(request: Request, verifier: Verifier, file: BinaryIO) -> None:
    """The whole body, to the disk in pieces. A sender that stalls is given up by what is around every request."""
    waiting, taken, asked = bytearray(), 0, 0
    async for piece in request.stream():
        waiting += piece
        taken += len(piece)
        if taken > verifier.max_bytes:
            raise _too_large(verifier)
        if len(waiting) >= PIECE_BYTES:
            await to_thread.run_sync(file.write, bytes(waiting))
            waiting.clear()
        if taken - asked > ROOM_EVERY_BYTES:
            asked = taken
            verifier.require_room(0)
    await to_thread.run_sync(file.write, bytes(waiting))


def _announced(request: Request) -> int:
    value = request.headers.get("content-length", "0")
    return int(value) if value.isdecimal() else 0


def _too_large(verifier: Verifier) -> HTTPException:
    return HTTPException(
        413,
        f"The package is longer than {verifier.max_bytes} bytes: check it with `camsvc verify`, which has no limit.",
    )
