"""``/metrics``: for Prometheus, with a bearer token (``authorization`` in its scrape configuration)."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client.exposition import choose_encoder

from camsvc.api.access import signed_in
from camsvc.api.context import server_of

router = APIRouter(tags=["metrics"], dependencies=[Depends(signed_in)])


@router.get(
    "/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}, "description": "Metrics"}}
)
def metrics(request: Request) -> Response:
    """HTTP, incidents, cameras by state, workers; OpenMetrics when asked for."""
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(server_of(request).metrics.registry), media_type=media_type)
