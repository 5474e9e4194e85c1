"""``/metrics``: for Prometheus, with a bearer token of an account that may administer everything
(``authorization`` in its scrape configuration): they name every camera."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client.exposition import choose_encoder

from camsvc.api.access import administrator
from camsvc.api.context import server_of

router = APIRouter(tags=["metrics"], dependencies=[Depends(administrator)])


@router.get(
    "/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}, "description": "Metrics"}}
)
def metrics(request: Request) -> Response:
    """HTTP, incidents, cameras by state, workers; OpenMetrics when asked for."""
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(server_of(request).metrics.registry), media_type=media_type)
