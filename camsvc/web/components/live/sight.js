// What one tile looks at: opens pictures, sees when they stop, opens others in their place, and says how it stands.
// A picture that is replaced stays on screen until the next one has its first frame; what is old is never shown as live.
import { Mp4Picture } from "./mp4.js";
import { RtcPicture } from "./rtc.js";
import { Refusal, Unreachable, waitMs } from "./trouble.js";

export const STALE_MS = 2000; // without a new frame for so long the picture is not live, and says so
const STALE_DEAD_MS = 700; // ... or for so long of a camera that is said to send nothing
const AGAIN_MS = 4000; // ... and for so long, of a camera that is said to be live: another attempt
const FIRST_MS = 6000; // for the first frame of an attempt: the camera's next key frame may be some seconds off
const SETTLED_MS = 10000; // a picture that ran so long begins anew with short waits when it breaks
const ASK_AGAIN_MS = 30000; // after a refusal that only a person can lift
const WEBRTC_AGAIN_MS = 10 * 60 * 1000; // a tile that fell back tries WebRTC anew when it must reopen after so long
const DEAD = ["removed", "retrying", "refused", "unassigned", "disabled", "connecting"]; // states of a camera that sends nothing

// How a tile stands. ``changed`` is called when it may have become another; ``tick`` is to be called four times a second.
//   empty       no camera
//   connecting  no picture yet
//   live        frames arrive
//   stale       none for two seconds, or the camera is known to be away: what is seen is the last one
//   refused     the server will not show it; ``trouble`` says why
//   asleep      nobody can see the tile: nothing is fetched
export class Sight {
  constructor(stage, net, { onFrame, changed }) {
    this.stage = stage;
    this.net = net;
    this.onFrame = onFrame;
    this.changed = changed;
    this.still = document.createElement("canvas");
    this.still.className = "cam-tile__still";
    stage.append(this.still);
    this.attempts = 0;
    this.phase = "empty";
    this.leadMs = 0;
  }

  // Show this camera from now on; the other stream of the same camera takes over without a gap.
  show(camera, stream) {
    const same = camera === this.camera;
    if (same && (stream === this.stream || this.hasOneStream)) return void (this.stream = stream);
    this.camera = camera;
    this.stream = stream;
    this.cancel();
    if (same && this.current?.stream === stream) return; // the other one had not come yet
    if (!same) {
      this.drop("current");
      this.forgetStill();
      this.trouble = null;
      this.attempts = 0;
      this.viaMp4Until = 0;
      this.cameraState = null;
      this.hasOneStream = false;
    }
    if (!camera) return this.become("empty");
    if (this.phase === "asleep") return;
    if (!same) this.become("connecting");
    this.attempt();
  }

  // ``state`` of the camera as its worker says it.
  heard(state) {
    const revived = DEAD.includes(this.cameraState) && !DEAD.includes(state);
    this.cameraState = state;
    if (!revived || this.next || !this.timer) return;
    this.attempts = 0; // what made it wait is over
    this.again(waitMs(0));
  }

  sleep() {
    if (!this.camera || this.phase === "asleep") return;
    this.cancel();
    this.keepStill();
    this.drop("current");
    this.become("asleep");
  }

  wake() {
    if (this.phase !== "asleep") return;
    this.attempts = 0;
    this.become("connecting");
    this.attempt();
  }

  // A tab that was hidden showed nothing: its last frame is old by no fault of the picture's.
  resume() {
    this.aliveMs = performance.now();
  }

  lead(ms) {
    if (Math.abs(ms - this.leadMs) < 60 && (ms === 0) === (this.leadMs === 0)) return;
    this.leadMs = ms;
    this.current?.lead(ms);
    this.next?.lead(ms);
  }

  close() {
    this.cancel();
    this.drop("current");
    this.camera = null;
  }

  get video() {
    return this.current?.video ?? null;
  }

  // For how long the last frame has been on screen; null before the first.
  get frozenMs() {
    const shownMs = this.current ? this.current.frames.shownMs : this.stillMs?.shownMs;
    return shownMs === undefined ? null : performance.now() - Math.max(shownMs, this.aliveMs || 0);
  }

  // Wall time of what is seen, live or not.
  get wallMs() {
    return this.current ? this.current.frames.wallMs : (this.stillMs?.wallMs ?? null);
  }

  tick() {
    if (!this.camera || document.hidden || this.phase === "asleep" || this.phase === "empty") return;
    const now = performance.now();
    if (this.current) {
      this.become(this.frozenMs > (this.isDead ? STALE_DEAD_MS : STALE_MS) ? "stale" : "live");
      if (this.phase === "live" && now - this.firstMs > SETTLED_MS) this.attempts = 0;
    }
    if (this.next && this.nextOpenMs && now - Math.max(this.nextOpenMs, this.aliveMs || 0) > FIRST_MS && !this.isDead) this.failed(this.next, null);
    const waits = this.next || this.timer;
    if (this.phase === "stale" && !waits && !this.isDead && this.frozenMs > AGAIN_MS) this.attempt();
    this.changed();
  }

  get isDead() {
    return DEAD.includes(this.cameraState);
  }

  // Attempts -------------------------------------------------------------------------------------------------
  async attempt() {
    this.cancel();
    const viaMp4 = this.net.transport === "mp4" || performance.now() < (this.viaMp4Until || 0);
    const Kind = viaMp4 && this.net.hasMp4 ? Mp4Picture : RtcPicture;
    const picture = new Kind({
      camera: this.camera,
      stream: this.stream,
      net: this.net,
      onFrame: (wallMs) => this.frame(picture, wallMs),
      onEnd: (error) => this.failed(picture, error ?? null),
    });
    this.next = picture;
    this.nextOpenMs = null;
    picture.lead(this.leadMs);
    picture.video.className = "cam-tile__video cam-tile__video--next";
    this.stage.append(picture.video); // a video that is nowhere in the page shows no frames
    try {
      await picture.open();
      if (picture === this.next) this.nextOpenMs = performance.now();
      if (picture.transport === "webrtc") this.net.webrtcWorks();
    } catch (error) {
      this.failed(picture, error);
    }
  }

  frame(picture, wallMs) {
    if (picture === this.next) this.promote(picture);
    if (picture === this.current) this.onFrame(wallMs);
  }

  promote(picture) {
    this.next = null;
    this.drop("current");
    this.current = picture;
    this.firstMs = performance.now();
    this.trouble = null;
    picture.video.className = "cam-tile__video";
    this.hasOneStream = this.stream === "sub" && picture.stream === "main";
    this.forgetStill();
    this.become("live");
  }

  failed(picture, error) {
    if (picture !== this.next && picture !== this.current) return void picture.close();
    if (picture === this.next) this.drop("next");
    else {
      this.keepStill();
      this.drop("current");
      this.become("stale");
    }
    if (error instanceof Unreachable) {
      this.net.webrtcFailed();
      this.viaMp4Until = performance.now() + WEBRTC_AGAIN_MS;
      if (this.net.hasMp4) return void this.attempt();
    }
    if (this.next) return;
    let wait = waitMs(this.attempts++);
    if (error instanceof Refusal && error.status) {
      this.trouble = error;
      if (error.status === 401) window.camSessionEnded?.();
      if (!this.current) this.become("refused");
      wait = error.isFinal ? ASK_AGAIN_MS : Math.max(wait, (error.retryS || 0) * 1000);
    } else this.trouble = null;
    this.again(wait);
  }

  again(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      if (this.camera && this.phase !== "asleep") this.attempt();
    }, wait);
  }

  cancel() {
    clearTimeout(this.timer);
    this.timer = null;
    this.drop("next");
  }

  drop(which) {
    const picture = this[which];
    this[which] = null;
    picture?.close();
  }

  become(phase) {
    if (phase === this.phase) return;
    this.phase = phase;
    this.changed();
  }

  // The last frame of a picture that is closed, so that it can be shown, greyed, for what it is.
  keepStill() {
    const video = this.current?.video;
    if (!video?.videoWidth) return;
    this.still.width = Math.min(video.videoWidth, 1280);
    this.still.height = Math.round((this.still.width * video.videoHeight) / video.videoWidth);
    this.still.getContext("2d").drawImage(video, 0, 0, this.still.width, this.still.height);
    this.stillMs = { shownMs: this.current.frames.shownMs, wallMs: this.current.frames.wallMs };
  }

  forgetStill() {
    this.still.width = this.still.height = 0;
    this.stillMs = null;
  }
}
