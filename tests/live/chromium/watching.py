"""A page that watches over WHEP-like signalling, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from camsvc.domain.camera import StreamRole
from tests.browser import Chromium
from tests.live.broadcast import CAMERA, LiveThread

SITE = "http://localhost/"
PAGE = """<!doctype html><video id=v muted autoplay playsinline></video><script>
const frames = [];
let pc, video = document.getElementById('v');
async function watch(wait) {
  const begun = performance.now();
  pc = new RTCPeerConnection();
  pc.addTransceiver('video', {direction: 'recvonly'});
  pc.ontrack = (event) => { video.srcObject = new MediaStream([event.track]); };
  await pc.setLocalDescription(await pc.createOffer());
  const answer = await fetch('/whep', {method: 'POST', body: pc.localDescription.sdp});
  if (!answer.ok) throw new Error(await answer.text());
  await pc.setRemoteDescription({type: 'answer', sdp: await answer.text()});
  const answered = performance.now() - begun;
  const first = await new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('no picture in 10 s, connection ' + pc.connectionState)), 10000);
    function seen(now, about) {
      if (!frames.length) resolve(performance.now() - begun);
      frames.push({at: performance.timeOrigin + performance.now(), rtp: about.rtpTimestamp,
                   width: about.videoWidth, capture: about.captureTime ?? null});
      video.requestVideoFrameCallback(seen);
    }
    video.requestVideoFrameCallback(seen);
  });
  return {answered, first};
}
async function stats() {
  for (const each of (await pc.getStats()).values())
    if (each.type === 'inbound-rtp' && each.kind === 'video') return each;
}
</script>"""


@contextmanager
def page(browser: Chromium, live: LiveThread, user: str = "an") -> Iterator[Any]:
    """``page.evaluate("watch()")`` answers in milliseconds; ``page.peer`` is the peer's id."""
    context = browser.new_context()
    opened = context.new_page()
    opened.peers = []

    def whep(route: Any) -> None:  # noqa: ANN401
        peer, answer = live.do(live.peers.offer(route.request.post_data, CAMERA, StreamRole.MAIN, user))
        opened.peers.append(peer)
        route.fulfill(status=201, content_type="application/sdp", body=answer.sdp)

    context.route(SITE + "whep", whep)
    context.route(SITE, lambda route: route.fulfill(content_type="text/html", body=PAGE))
    opened.goto(SITE)
    try:
        yield opened
    finally:
        context.close()
