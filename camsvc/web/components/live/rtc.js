// One picture over WebRTC, by WHEP (RFC 9725): opened once, never used again. Another attempt is another picture.
import { wallOfRtp } from "./clock.js";
import { Frames } from "./frames.js";
import { Refusal, Unreachable, refusalOf } from "./trouble.js";

const CONNECT_MS = 4000; // ICE takes well under a second where packets get through at all
const ANSWER_MS = 10000; // for the server: it may have to open the camera's tap first
const FAREWELL_MS = 2000; // for the server to hear that the picture is no longer wanted
export const LEAD_MAX_MS = 2500; // beyond, waiting for boxes would make the picture too old

export class RtcPicture {
  constructor({ camera, stream, net, onFrame, onEnd }) {
    this.transport = "webrtc";
    this.camera = camera;
    this.net = net;
    this.url = `/api/v1/cameras/${encodeURIComponent(camera)}/whep?stream=${stream}`;
    this.onEnd = onEnd;
    this.stream = stream;
    this.rendition = null;
    this.video = videoElement();
    this.frames = new Frames(this.video, net.clock, (metadata) => this.wallOf(metadata), onFrame);
  }

  // Resolves when packets can flow. Raises Refusal, Unreachable, or what fetch raises.
  async open() {
    const pc = new RTCPeerConnection({ iceServers: await this.net.iceServers(), bundlePolicy: "max-bundle" });
    this.pc = pc;
    if (this.gone) return this.close();
    this.receiver = pc.addTransceiver("video", { direction: "recvonly" }).receiver;
    pc.ontrack = ({ track }) => {
      this.video.srcObject = new MediaStream([track]);
      this.video.play().catch(() => {});
    };
    this.lead(this.leadMs || 0);
    this.watchCandidates(pc);
    await pc.setLocalDescription();
    const answer = await fetch(this.url, {
      method: "POST",
      headers: { "Content-Type": "application/sdp" },
      body: pc.localDescription.sdp,
      credentials: "same-origin",
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (answer.status !== 201) throw await refusalOf(answer);
    this.session = answer.headers.get("Location");
    if (this.gone) return this.close();
    this.stream = answer.headers.get("Camsvc-Stream") || this.stream;
    this.rendition = answer.headers.get("Camsvc-Rendition");
    await pc.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    await this.connected(pc);
  }

  // How much later than it could each frame is shown, so that its boxes are here by then.
  lead(ms) {
    this.leadMs = ms;
    if (!this.receiver) return;
    if ("jitterBufferTarget" in this.receiver) this.receiver.jitterBufferTarget = this.leadMs || null;
    else if ("playoutDelayHint" in this.receiver) this.receiver.playoutDelayHint = this.leadMs / 1000;
  }

  close() {
    this.gone = true;
    this.frames.stop();
    this.video.srcObject = null;
    this.video.remove();
    const { pc, session } = this;
    this.pc = this.session = null;
    if (!session) return void pc?.close();
    // The server is told first: a connection that just ends is put on record as one that broke.
    const told = fetch(session, { method: "DELETE", credentials: "same-origin", keepalive: true, signal: AbortSignal.timeout(FAREWELL_MS) });
    told.catch(() => {}).finally(() => pc?.close());
  }

  wallOf(metadata) {
    // Where frames do not tell their time stamp (Firefox), the receiver knows the newest.
    const rtp = metadata.rtpTimestamp ?? this.receiver?.getSynchronizationSources?.()[0]?.rtpTimestamp;
    return rtp === undefined ? null : wallOfRtp(rtp, this.net.clock.now());
  }

  connected(pc) {
    return new Promise((done, fail) => {
      const timer = setTimeout(() => fail(new Unreachable("no packets got through")), CONNECT_MS);
      const look = () => {
        const state = pc.connectionState;
        if (state === "connected") {
          clearTimeout(timer);
          pc.onconnectionstatechange = () => ["failed", "closed"].includes(pc.connectionState) && !this.gone && this.onEnd();
          done();
        } else if (state === "failed" || state === "closed") {
          clearTimeout(timer);
          fail(this.gone ? new Refusal({ detail: "closed" }) : new Unreachable("ICE failed"));
        }
      };
      pc.onconnectionstatechange = look;
      look();
    });
  }

  // Most servers are reached without: they learn our address from our first packet. One behind a firewall that lets only
  // its own packets out must be told where we are. Host candidates hidden behind mDNS names would tell it nothing.
  watchCandidates(pc) {
    const told = [];
    pc.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate && !candidate.candidate.includes(".local")) told.push(candidate);
      if (candidate || !told.length || !this.session) return;
      const { iceUfrag, icePwd } = credentials(pc.localDescription.sdp);
      const lines = [`a=ice-ufrag:${iceUfrag}`, `a=ice-pwd:${icePwd}`, `m=video 9 UDP/TLS/RTP/SAVPF 0`, `a=mid:${told[0].sdpMid}`];
      const body = [...lines, ...told.map((each) => `a=${each.candidate}`), "a=end-of-candidates", ""].join("\r\n");
      fetch(this.session, { method: "PATCH", headers: { "Content-Type": "application/trickle-ice-sdpfrag" }, body, credentials: "same-origin" }).catch(() => {});
    };
  }
}

export function videoElement() {
  const video = document.createElement("video");
  Object.assign(video, { muted: true, playsInline: true, autoplay: true, disableRemotePlayback: true, disablePictureInPicture: true });
  video.setAttribute("aria-hidden", "true");
  video.tabIndex = -1;
  return video;
}

function credentials(sdp) {
  return { iceUfrag: /a=ice-ufrag:(\S+)/.exec(sdp)?.[1], icePwd: /a=ice-pwd:(\S+)/.exec(sdp)?.[1] };
}
