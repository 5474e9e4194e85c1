// What all pictures of a page share: the clock, the ICE servers, and whether WebRTC gets through at all.

const ICE_FRESH_MS = 5 * 60 * 1000; // credentials of a TURN server may be short-lived
const REMEMBERED = "camsvc.live.transport"; // in the session's storage: another day may have another network

export class Net {
  constructor(clock) {
    this.clock = clock;
    this.hasWebrtc = "RTCPeerConnection" in window;
    this.hasMp4 = "MediaSource" in window;
    this.provenWebrtc = false;
    this.asMp4 = sessionStorage.getItem(REMEMBERED) === "mp4";
    this.iceServers(); // now, so that the first picture does not wait for it
  }

  get transport() {
    return this.hasWebrtc && !(this.asMp4 && this.hasMp4) ? "webrtc" : "mp4";
  }

  webrtcWorks() {
    this.provenWebrtc = true;
  }

  // No picture of this page ever came by WebRTC: then the network is why, and the other tiles need not wait for it.
  webrtcFailed() {
    if (this.provenWebrtc || !this.hasMp4) return;
    this.asMp4 = true;
    sessionStorage.setItem(REMEMBERED, "mp4");
  }

  async iceServers() {
    if (!this.ice || performance.now() - this.iceAtMs > ICE_FRESH_MS) {
      this.iceAtMs = performance.now();
      this.ice = fetch("/api/v1/live/ice", { credentials: "same-origin" })
        .then((answer) => (answer.ok ? answer.json() : { iceServers: [] }))
        .then((found) => found.iceServers || [])
        .catch(() => []);
    }
    return this.ice;
  }
}
