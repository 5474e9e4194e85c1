// One picture as fragmented MP4 over a web socket, played by Media Source Extensions: where WebRTC gets no packets
// through, and for looking back into the ring. A frame's media time is its UTC wall time in seconds.
import { Frames } from "./frames.js";
import { Refusal } from "./trouble.js";
import { videoElement } from "./rtc.js";

const ANSWER_MS = 10000; // for the first message
const CALM_S = 0.6; // so much ahead is enough to play without a stutter
const LATE_S = 1.0; // more: play a little faster until it is less
const LOST_S = 4.0; // much more (a tab that slept): jump
const CATCH_UP_RATE = 1.08; // nobody sees that people walk so little faster
const KEEP_BEHIND_S = 8;
const TRIM_BEHIND_S = 24; // what has been shown is given back to the browser in larger pieces
const AHEAD_MAX_S = 150; // a replay that is paused for long: it ends where this is full
const QUEUE_MAX_BYTES = 32 * 1024 * 1024; // nothing takes so much but a browser that no longer plays
const GAP_S = 0.05; // a jump from one piece of the time line to the next lands this far inside

export class Mp4Picture {
  // ``backS``: not live but from so many seconds ago.
  constructor({ camera, stream, net, onFrame, onEnd, backS = 0 }) {
    this.transport = backS ? "replay" : "mp4";
    this.camera = camera;
    this.net = net;
    this.backS = backS;
    this.onEnd = onEnd;
    this.stream = stream;
    this.rendition = null;
    this.queue = [];
    this.queuedBytes = 0;
    this.video = videoElement();
    this.frames = new Frames(this.video, net.clock, (metadata) => this.wallOf(metadata), onFrame);
  }

  // Resolves when the first message has come. Raises Refusal.
  async open() {
    const url = new URL(`/api/v1/cameras/${encodeURIComponent(this.camera)}/live.mp4`, window.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("stream", this.stream);
    if (this.backS) url.searchParams.set("start", `-${this.backS}s`);
    this.source = new MediaSource();
    this.objectUrl = URL.createObjectURL(this.source);
    this.video.src = this.objectUrl;
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    await Promise.all([
      new Promise((done) => this.source.addEventListener("sourceopen", done, { once: true })),
      new Promise((done, fail) => {
        const timer = setTimeout(() => fail(new Refusal({ detail: "no answer" })), ANSWER_MS);
        socket.onmessage = ({ data }) => {
          clearTimeout(timer);
          const refusal = refusedBy(data);
          if (refusal) return fail(refusal);
          socket.onmessage = (message) => this.take(message.data);
          this.take(data);
          done();
        };
        socket.onclose = () => {
          clearTimeout(timer);
          fail(new Refusal({ detail: "no connection" }));
        };
      }),
    ]);
    socket.onclose = () => !this.gone && !this.full && this.onEnd(this.refusal);
    this.timer = setInterval(() => this.steer(), 250);
    this.feed();
  }

  close() {
    this.gone = true;
    clearInterval(this.timer);
    this.frames.stop();
    this.socket?.close();
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
    this.video.remove();
    if (this.objectUrl) URL.revokeObjectURL(this.objectUrl);
    this.queue = [];
  }

  lead() {} // it is late enough for its boxes as it is

  wallOf(metadata) {
    return metadata.mediaTime * 1000;
  }

  take(data) {
    this.refusal = refusedBy(data);
    if (this.refusal) return; // the socket closes now
    this.queue.push(typeof data === "string" ? JSON.parse(data) : data);
    this.queuedBytes += data.byteLength ?? 0;
    if (this.queuedBytes > QUEUE_MAX_BYTES) return this.onEnd();
    this.feed();
  }

  feed() {
    const buffer = this.buffer;
    if (this.gone || this.source?.readyState !== "open" || buffer?.updating || !this.queue.length) return;
    const next = this.queue[0];
    if (!(next instanceof ArrayBuffer)) {
      this.queue.shift();
      this.describe(next);
      return this.feed();
    }
    if (!buffer) return void this.queue.shift(); // nothing said what it is
    const behindS = buffer.buffered.length ? this.video.currentTime - buffer.buffered.start(0) : 0;
    if (behindS > TRIM_BEHIND_S) return buffer.remove(0, this.video.currentTime - KEEP_BEHIND_S);
    let count = this.queue.findIndex((each) => !(each instanceof ArrayBuffer));
    if (count < 0) count = this.queue.length;
    const pieces = this.queue.splice(0, count);
    this.queuedBytes = 0;
    try {
      buffer.appendBuffer(pieces.length === 1 ? pieces[0] : joined(pieces));
    } catch (error) {
      if (error.name !== "QuotaExceededError" || !buffer.buffered.length) return this.onEnd();
      this.queue.unshift(...pieces); // full: give back all that was shown, and try again
      buffer.remove(0, Math.max(buffer.buffered.start(0) + GAP_S, this.video.currentTime - 1));
    }
  }

  // What follows: codecs, stream, and whether it is the camera's own picture.
  describe(info) {
    this.stream = info.stream || this.stream;
    this.rendition = info.rendition || null;
    if (!info.codecs || info.codecs === this.codecs) return;
    this.codecs = info.codecs;
    const type = `video/mp4; codecs="${info.codecs}"`;
    if (this.buffer) return this.buffer.changeType(type);
    this.buffer = this.source.addSourceBuffer(type);
    this.buffer.addEventListener("updateend", () => this.feed());
    this.buffer.addEventListener("error", () => !this.gone && this.onEnd());
  }

  // Keeps the picture near the newest that has come; over a hole in the time line to what lies behind it.
  steer() {
    const { video, buffer } = this;
    if (!buffer?.buffered.length) return;
    const ranges = buffer.buffered;
    const end = ranges.end(ranges.length - 1);
    if (video.currentTime < ranges.start(0)) video.currentTime = this.backS ? ranges.start(0) : Math.max(ranges.start(0), end - CALM_S);
    const aheadS = end - video.currentTime;
    for (let i = 1; i < ranges.length; i++) {
      const atEnd = video.currentTime >= ranges.end(i - 1) - GAP_S && video.currentTime < ranges.start(i);
      if (atEnd) video.currentTime = ranges.start(i) + GAP_S;
    }
    if (this.backS) {
      if (aheadS > AHEAD_MAX_S && !this.full) {
        this.full = true;
        this.socket.close();
      }
      return;
    }
    if (aheadS > LOST_S) video.currentTime = end - CALM_S;
    else video.playbackRate = aheadS > LATE_S || (video.playbackRate > 1 && aheadS > CALM_S) ? CATCH_UP_RATE : 1;
    if (video.paused) video.play().catch(() => {});
  }
}

// A text message may be a problem document: then nothing more comes.
function refusedBy(data) {
  const message = typeof data === "string" ? JSON.parse(data) : null;
  if (message?.type !== "error") return null;
  return new Refusal({ status: message.status, name: message.problem, detail: message.detail, retryS: message.retry_after_s ?? null });
}

function joined(pieces) {
  const whole = new Uint8Array(pieces.reduce((sum, each) => sum + each.byteLength, 0));
  let at = 0;
  for (const each of pieces) {
    whole.set(new Uint8Array(each), at);
    at += each.byteLength;
  }
  return whole;
}
