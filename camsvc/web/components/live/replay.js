// A look back into the ring: the last half minute again, over a live picture that goes on beneath.
import { Mp4Picture } from "./mp4.js";

export const BACK_S = 30; // the ring holds at least as much as it is made for by default

// ``phase``: loading, playing, paused, ended (all that the ring had was shown) or failed.
export class Replay {
  constructor(stage, net, { camera, stream, backS, onFrame, changed }) {
    this.net = net;
    this.phase = "loading";
    this.changed = changed;
    this.picture = new Mp4Picture({ camera, stream, net, backS, onFrame: (wallMs) => this.frame(wallMs, onFrame), onEnd: () => this.become(this.phase === "loading" ? "failed" : "ended") });
    this.picture.video.className = "cam-tile__video cam-tile__video--replay";
    stage.append(this.picture.video);
    this.picture.open().catch((error) => {
      this.trouble = error;
      this.become("failed");
    });
  }

  frame(wallMs, onFrame) {
    if (this.phase === "loading") this.become("playing");
    onFrame(wallMs);
  }

  toggle() {
    const { video } = this.picture;
    if (this.phase === "playing") {
      video.pause();
      this.become("paused");
    } else if (this.phase === "paused") {
      video.play().catch(() => {});
      this.become("playing");
    }
  }

  get video() {
    return this.picture.video;
  }

  get wallMs() {
    return this.picture.frames.wallMs;
  }

  get behindMs() {
    return this.wallMs === null ? null : Math.max(0, this.net.clock.now() - this.wallMs);
  }

  close() {
    this.picture.close();
  }

  become(phase) {
    this.phase = phase;
    this.changed();
  }
}
