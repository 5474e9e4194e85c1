"""What each route needs of who asks: the table of the matrix test. A new route that is not in it fails the test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from camsvc.domain.account import Action

HERE, BELOW, THERE = "bac-ninh/yen-phong", "bac-ninh/yen-phong/cho", "bac-ninh/tu-son"
"""Granted; below what is granted; and foreign."""
CLIP = b"footage" * 100


class Of(Enum):
    """Whose right is asked."""

    OPEN = auto()
    """Nobody's: answered to strangers."""
    ACCOUNT = auto()
    """Anybody's who is logged in: about their own account, or of no secret."""
    VIEWING = auto()
    """Of who began it. To all others it does not exist."""
    LIST = auto()
    """Anybody's with a grant; each sees what theirs reach."""
    SOMEWHERE = auto()
    """Who has the right anywhere; each sees what theirs reach."""
    CAMERA = auto()
    INCIDENT = auto()
    AREA = auto()
    NEW = auto()
    """What is to be made in an area that the body or the path names: a foreign one is forbidden, not hidden."""
    SYSTEM = auto()
    """Who has the right everywhere."""


@dataclass(frozen=True)
class Needs:
    of: Of
    right: Action | None = None
    """None: any grant."""
    ok: frozenset[int] = frozenset({200})
    """What the answer may be to who may."""
    query: str = ""
    body: Mapping[str, Any] | None = None
    """JSON; ``{area}`` and ``{camera}`` in it are filled in."""
    content: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}
BECAUSE = {"reason": "closed"}
LAYOUT = {"tiles": 4, "cameras": [], "cycle_s": None}
CAMERA = {"name": "New", "area": "{area}", "streams": {"main": "rtsp://192.0.2.7/new"}}
NO_LIVE_PROCESS = frozenset({503})
"""The matrix has none; who may not is refused before that is found out."""
NO_VIDEO = frozenset({422})
"""The matrix's clips are no video, which shows after the rights."""

TABLE: Mapping[str, Needs] = {
    "GET /healthz": Needs(Of.OPEN),
    "GET /readyz": Needs(Of.OPEN),
    "POST /api/v1/auth/token": Needs(Of.OPEN, ok=frozenset({422})),
    "POST /api/v1/auth/login": Needs(Of.OPEN, ok=frozenset({422})),
    "POST /api/v1/auth/logout": Needs(Of.ACCOUNT, ok=frozenset({204})),
    "GET /api/v1/auth/me": Needs(Of.ACCOUNT),
    "POST /api/v1/auth/password": Needs(Of.ACCOUNT, ok=frozenset({422}), body={"old": "x", "new": "x"}),
    "GET /api/v1/auth/second-factor": Needs(Of.ACCOUNT),
    "POST /api/v1/auth/second-factor": Needs(Of.ACCOUNT, ok=frozenset({422}), body={"password": "x"}),
    "POST /api/v1/auth/second-factor/confirm": Needs(Of.ACCOUNT, ok=frozenset({404}), body={"code": "000000"}),
    "POST /api/v1/auth/second-factor/recovery-codes": Needs(Of.ACCOUNT, ok=frozenset({422}), body={"password": "x"}),
    "POST /api/v1/auth/second-factor/remove": Needs(
        Of.ACCOUNT, ok=frozenset({422}), body={"password": "x", "code": "000000"}
    ),
    "DELETE /api/v1/users/{name}/second-factor": Needs(Of.SYSTEM, Action.ADMINISTER, frozenset({404})),
    "GET /api/v1/tokens": Needs(Of.ACCOUNT),
    "POST /api/v1/tokens": Needs(Of.ACCOUNT, ok=frozenset({201, 422}), body={"name": "x", "actions": ["search"]}),
    "DELETE /api/v1/tokens/{token}": Needs(Of.ACCOUNT, ok=frozenset({404})),
    "GET /api/v1/sessions": Needs(Of.ACCOUNT),
    "DELETE /api/v1/sessions": Needs(Of.ACCOUNT),
    "DELETE /api/v1/sessions/{login}": Needs(Of.ACCOUNT, ok=frozenset({404})),
    "GET /api/v1/users": Needs(Of.SYSTEM, Action.ADMINISTER),
    "POST /api/v1/users": Needs(Of.SYSTEM, Action.ADMINISTER, frozenset({201}), body={"name": "{fresh}"}),
    "GET /api/v1/users/{user}": Needs(Of.SYSTEM, Action.ADMINISTER, frozenset({404})),
    "PATCH /api/v1/users/{user}": Needs(Of.SYSTEM, Action.ADMINISTER, frozenset({404}), body={"disabled": True}),
    "POST /api/v1/users/{user}/password": Needs(Of.SYSTEM, Action.ADMINISTER, frozenset({404})),
    "PUT /api/v1/users/{user}/grants/{role}": Needs(Of.SYSTEM, Action.ADMINISTER, frozenset({404})),
    "DELETE /api/v1/users/{user}/grants/{role}": Needs(Of.SYSTEM, Action.ADMINISTER, frozenset({404})),
    "GET /api/v1/audit": Needs(Of.SYSTEM, Action.ADMINISTER),
    "GET /api/v1/audit/head": Needs(Of.SYSTEM, Action.ADMINISTER),
    "GET /api/v1/audit/verify": Needs(Of.SYSTEM, Action.ADMINISTER),
    "GET /metrics": Needs(Of.SYSTEM, Action.ADMINISTER),
    "GET /api/v1/cameras": Needs(Of.LIST),
    "POST /api/v1/cameras": Needs(Of.NEW, Action.CONFIGURE, frozenset({201}), body={"id": "{fresh}", **CAMERA}),
    "POST /api/v1/cameras/import": Needs(
        Of.SOMEWHERE,
        Action.CONFIGURE,
        query="dry_run=true",
        content="id,name,area,main\nnew-1,New,a/b,rtsp://192.0.2.7/new\n",
        headers={"Content-Type": "text/csv"},
    ),
    "GET /api/v1/cameras/export.csv": Needs(Of.SOMEWHERE, Action.CONFIGURE),
    "GET /api/v1/cameras/template.csv": Needs(Of.ACCOUNT),
    "POST /api/v1/cameras/probe": Needs(
        Of.SOMEWHERE, Action.CONFIGURE, frozenset({422}), body={"url": "rtsp://127.0.0.1:1/nobody-is-there"}
    ),
    "POST /api/v1/cameras/{camera}/rules/test": Needs(Of.CAMERA, Action.CONFIGURE, body={"rules": []}),
    "GET /api/v1/cameras/{camera}": Needs(Of.CAMERA),
    "PUT /api/v1/cameras/{camera}": Needs(Of.NEW, Action.CONFIGURE, frozenset({200, 201}), body=CAMERA),
    "PATCH /api/v1/cameras/{camera}": Needs(Of.CAMERA, Action.CONFIGURE, body={"name": "x"}),
    "DELETE /api/v1/cameras/{camera}": Needs(Of.CAMERA, Action.CONFIGURE, frozenset({204})),
    "GET /api/v1/areas": Needs(Of.LIST),
    "GET /api/v1/areas/{path}": Needs(Of.AREA),
    "PUT /api/v1/areas/{path}": Needs(Of.NEW, Action.CONFIGURE, body={"name": "Renamed"}),
    "POST /api/v1/areas/{path}/move": Needs(Of.NEW, Action.CONFIGURE, body={"to": "{area}"}),
    "GET /api/v1/incidents": Needs(Of.SOMEWHERE, Action.SEARCH),
    "GET /api/v1/incidents/stream": Needs(Of.SOMEWHERE, Action.SEARCH),
    "GET /api/v1/incidents/count": Needs(Of.SOMEWHERE, Action.SEARCH),
    "GET /api/v1/incidents/histogram": Needs(Of.SOMEWHERE, Action.SEARCH),
    "GET /api/v1/incidents/heat": Needs(Of.SOMEWHERE, Action.SEARCH),
    "GET /api/v1/incidents/{id}": Needs(Of.INCIDENT, Action.SEARCH),
    "GET /api/v1/incidents/{id}/around": Needs(Of.INCIDENT, Action.SEARCH),
    "GET /api/v1/incidents/{id}/clip": Needs(Of.INCIDENT, Action.REPLAY),
    "GET /api/v1/incidents/{id}/thumbnail": Needs(Of.INCIDENT, Action.SEARCH),
    "GET /api/v1/incidents/{id}/tracks": Needs(Of.INCIDENT, Action.REPLAY),
    "GET /api/v1/incidents/{id}/redaction": Needs(Of.INCIDENT, Action.EXPORT),
    "PUT /api/v1/incidents/{id}/redaction": Needs(
        Of.INCIDENT, Action.EXPORT, frozenset({200, 409}), body={"revision": 0, "blur": "people"}
    ),
    "GET /api/v1/incidents/{id}/redaction/history": Needs(Of.INCIDENT, Action.EXPORT),
    "GET /api/v1/incidents/{id}/redaction/preview": Needs(Of.INCIDENT, Action.EXPORT, NO_VIDEO),
    "POST /api/v1/incidents/{id}/redaction/preview": Needs(
        Of.INCIDENT, Action.EXPORT, NO_VIDEO, body={"blur": "people", "part": 0, "at_s": 0}
    ),
    "GET /api/v1/agencies": Needs(Of.SYSTEM, Action.ADMINISTER),
    "POST /api/v1/agencies": Needs(Of.SYSTEM, Action.ADMINISTER, frozenset({201, 409}), body={"name": "Police"}),
    "PUT /api/v1/agencies/{agency}": Needs(
        Of.SYSTEM, Action.ADMINISTER, frozenset({200, 404, 409}), body={"name": "Police"}
    ),
    "DELETE /api/v1/agencies/{agency}": Needs(Of.SYSTEM, Action.ADMINISTER, frozenset({204, 404})),
    "GET /api/v1/searches": Needs(Of.ACCOUNT),
    "POST /api/v1/searches": Needs(Of.SOMEWHERE, Action.SEARCH, frozenset({201, 409}), body={"name": "Nightly"}),
    "GET /api/v1/searches/{search}": Needs(Of.VIEWING),
    "PUT /api/v1/searches/{search}": Needs(Of.VIEWING, body={"name": "Nightly"}),
    "DELETE /api/v1/searches/{search}": Needs(Of.VIEWING),
    "GET /api/v1/alerts": Needs(Of.SOMEWHERE, Action.SEARCH),
    "POST /api/v1/alerts/seen": Needs(Of.ACCOUNT, ok=frozenset({204}), body={"up_to": 0}),
    "GET /api/v1/incidents/tags": Needs(Of.LIST),
    "GET /api/v1/incidents/annotations": Needs(Of.INCIDENT, Action.REPLAY, query="id={id}"),
    "POST /api/v1/incidents/annotations": Needs(
        Of.INCIDENT, Action.REPLAY, body={"incidents": ["{id}"], "add_tags": ["bulk"]}
    ),
    "GET /api/v1/incidents/{id}/annotations": Needs(Of.INCIDENT, Action.REPLAY),
    "GET /api/v1/incidents/{id}/assignees": Needs(Of.INCIDENT, Action.REPLAY),
    "PUT /api/v1/incidents/{id}/tags/{tag}": Needs(Of.INCIDENT, Action.REPLAY),
    "DELETE /api/v1/incidents/{id}/tags/{tag}": Needs(Of.INCIDENT, Action.REPLAY, frozenset({204})),
    "POST /api/v1/incidents/{id}/notes": Needs(Of.INCIDENT, Action.REPLAY, frozenset({201}), body={"text": "x"}),
    "PUT /api/v1/incidents/{id}/notes/{note}": Needs(Of.INCIDENT, Action.REPLAY, frozenset({404}), body={"text": "x"}),
    "DELETE /api/v1/incidents/{id}/notes/{note}": Needs(Of.INCIDENT, Action.REPLAY, frozenset({404})),
    "PUT /api/v1/incidents/{id}/assignment": Needs(Of.INCIDENT, Action.REPLAY, body={"assignee": "admin"}),
    "DELETE /api/v1/incidents/{id}/assignment": Needs(Of.INCIDENT, Action.REPLAY, frozenset({204})),
    "PUT /api/v1/incidents/{id}/disposition": Needs(Of.INCIDENT, Action.REPLAY, body={"disposition": "true"}),
    "GET /api/v1/incidents/{id}/hold": Needs(Of.INCIDENT, Action.SEARCH),
    "GET /api/v1/holds": Needs(Of.SOMEWHERE, Action.HOLD),
    "POST /api/v1/holds": Needs(
        Of.INCIDENT, Action.HOLD, frozenset({201}), body={"incident": "{id}", "reason": "theft"}
    ),
    "GET /api/v1/holds/enforcement": Needs(Of.SOMEWHERE, Action.HOLD),
    "GET /api/v1/holds/{hold}": Needs(Of.SOMEWHERE, Action.HOLD, frozenset({404})),
    "POST /api/v1/holds/{hold}/release/request": Needs(Of.SOMEWHERE, Action.HOLD, frozenset({404}), body=BECAUSE),
    "POST /api/v1/holds/{hold}/release/refuse": Needs(Of.SOMEWHERE, Action.HOLD, frozenset({404}), body=BECAUSE),
    "POST /api/v1/holds/{hold}/release/confirm": Needs(Of.SOMEWHERE, Action.HOLD, frozenset({404}), body=BECAUSE),
    "GET /api/v1/cases": Needs(Of.LIST),
    "POST /api/v1/cases": Needs(
        Of.SOMEWHERE, Action.EXPORT, frozenset({201}), body={"number": "{fresh}", "title": "Theft"}
    ),
    "GET /api/v1/cases/{case}": Needs(Of.VIEWING),
    "PATCH /api/v1/cases/{case}": Needs(Of.VIEWING, body={"revision": 1, "title": "x"}),
    "POST /api/v1/cases/{case}/close": Needs(Of.VIEWING, body=BECAUSE),
    "POST /api/v1/cases/{case}/reopen": Needs(Of.VIEWING, body=BECAUSE),
    "GET /api/v1/cases/{case}/history": Needs(Of.VIEWING),
    "GET /api/v1/cases/{case}/candidates": Needs(Of.VIEWING),
    "PUT /api/v1/cases/{case}/people/{user_name}": Needs(Of.VIEWING, body={"role": "member"}),
    "DELETE /api/v1/cases/{case}/people/{user_name}": Needs(Of.VIEWING),
    "PUT /api/v1/cases/{case}/agencies/{agency}": Needs(Of.VIEWING, body={"role": "reader"}),
    "DELETE /api/v1/cases/{case}/agencies/{agency}": Needs(Of.VIEWING),
    "GET /api/v1/cases/{case}/notes": Needs(Of.VIEWING),
    "POST /api/v1/cases/{case}/notes": Needs(Of.VIEWING, body={"text": "x"}),
    "PUT /api/v1/cases/{case}/notes/{note}": Needs(Of.VIEWING, body={"text": "x"}),
    "DELETE /api/v1/cases/{case}/notes/{note}": Needs(Of.VIEWING),
    "PUT /api/v1/cases/{case}/hold": Needs(Of.VIEWING, body=BECAUSE),
    "POST /api/v1/cases/{case}/hold/release/request": Needs(Of.VIEWING, body=BECAUSE),
    "POST /api/v1/cases/{case}/hold/release/refuse": Needs(Of.VIEWING, body=BECAUSE),
    "POST /api/v1/cases/{case}/hold/release/confirm": Needs(Of.VIEWING, body=BECAUSE),
    "GET /api/v1/cases/{case}/items": Needs(Of.VIEWING),
    "POST /api/v1/cases/{case}/items": Needs(Of.VIEWING, body={"items": [{"incident": "{id}"}]}),
    "PATCH /api/v1/cases/{case}/items/{item}": Needs(Of.VIEWING, body={"comment": "x"}),
    "DELETE /api/v1/cases/{case}/items/{item}": Needs(Of.VIEWING),
    "POST /api/v1/cases/{case}/items/{item}/restore": Needs(Of.VIEWING),
    "POST /api/v1/cases/{case}/snapshots": Needs(
        Of.VIEWING,
        query="camera={camera}&at=2026-11-05T05:00:00Z",
        content="jpeg",
        headers={"Content-Type": "image/jpeg"},
    ),
    "GET /api/v1/cases/{case}/snapshots/{item}": Needs(Of.VIEWING),
    "GET /api/v1/cases/{case}/footage-requests": Needs(Of.VIEWING),
    "GET /api/v1/footage-requests": Needs(Of.LIST),
    "POST /api/v1/footage-requests": Needs(Of.VIEWING, body={"case": 0, "incident": "{id}", "reason": "theft"}),
    "GET /api/v1/footage-requests/{request_id}": Needs(Of.VIEWING),
    "POST /api/v1/footage-requests/{request_id}/decision": Needs(Of.VIEWING, body={"approve": True, **BECAUSE}),
    "POST /api/v1/footage-requests/{request_id}/withdraw": Needs(Of.VIEWING),
    "POST /api/v1/footage-requests/{request_id}/end": Needs(Of.VIEWING, body=BECAUSE),
    "GET /api/v1/footage-requests/{request_id}/incidents": Needs(Of.VIEWING),
    "GET /api/v1/exports": Needs(Of.SOMEWHERE, Action.EXPORT),
    "POST /api/v1/exports": Needs(Of.SOMEWHERE, Action.EXPORT, frozenset({422}), body=BECAUSE),
    "POST /api/v1/exports/preview": Needs(Of.INCIDENT, Action.EXPORT, body={"incidents": ["{id}"]}),
    "GET /api/v1/exports/quota": Needs(Of.SOMEWHERE, Action.EXPORT),
    "GET /api/v1/exports/{export}": Needs(Of.SOMEWHERE, Action.EXPORT, frozenset({404})),
    "POST /api/v1/exports/{export}/cancel": Needs(Of.SOMEWHERE, Action.EXPORT, frozenset({404})),
    "DELETE /api/v1/exports/{export}": Needs(Of.SOMEWHERE, Action.EXPORT, frozenset({404})),
    "GET /api/v1/exports/{export}/package": Needs(Of.SOMEWHERE, Action.EXPORT, frozenset({404})),
    "GET /api/v1/exports/{export}/envelope": Needs(Of.SOMEWHERE, Action.EXPORT, frozenset({404})),
    "GET /api/v1/notices": Needs(Of.ACCOUNT),
    "POST /api/v1/notices/read": Needs(Of.ACCOUNT, ok=frozenset({204}), body={"up_to": 0}),
    "GET /api/v1/storage": Needs(Of.SYSTEM, Action.ADMINISTER),
    "POST /api/v1/verification": Needs(Of.ACCOUNT, content="no package"),
    "POST /api/v1/verification/certificates": Needs(
        Of.ACCOUNT, ok=frozenset({422}), body={"certificate": "none", "given": "none"}
    ),
    "GET /api/v1/walls": Needs(Of.ACCOUNT),
    "GET /api/v1/walls/{name}": Needs(Of.ACCOUNT, ok=frozenset({404})),
    "PUT /api/v1/walls/{name}": Needs(Of.ACCOUNT, ok=frozenset({200, 201}), body=LAYOUT),
    "DELETE /api/v1/walls/{name}": Needs(Of.ACCOUNT, ok=frozenset({204, 404})),
    "POST /api/v1/cameras/{camera}/whep": Needs(
        Of.CAMERA, Action.LIVE, NO_LIVE_PROCESS, content="v=0\r\n", headers=SDP
    ),
    "OPTIONS /api/v1/cameras/{camera}/whep": Needs(Of.SOMEWHERE, Action.LIVE, frozenset({204})),
    "PATCH /api/v1/cameras/{camera}/whep/{session}": Needs(Of.VIEWING, content="a=x", headers=FRAGMENT),
    "DELETE /api/v1/cameras/{camera}/whep/{session}": Needs(Of.VIEWING),
    "GET /api/v1/cameras/{camera}/live.mp4": Needs(Of.CAMERA, Action.LIVE, NO_LIVE_PROCESS),
    "GET /api/v1/cameras/{camera}/snapshot.jpg": Needs(Of.CAMERA, Action.LIVE, NO_LIVE_PROCESS),
    "GET /api/v1/live/ice": Needs(Of.SOMEWHERE, Action.LIVE),
    "GET /api/v1/live/events": Needs(Of.CAMERA, Action.LIVE, query="camera={camera}"),
}
