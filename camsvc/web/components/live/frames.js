// Tells of every frame that a <video> shows: when it was taken (wall time), and when it was shown.
// Browsers without requestVideoFrameCallback are asked at every repaint whether the number of frames has grown.

const SMOOTH = 0.1; // share of a new frame in the delay that is shown: jitter of single frames is no news

export class Frames {
  // ``wallOf(metadata)`` gives the wall time in ms of a frame, or null where it cannot be told.
  constructor(video, clock, wallOf, seen) {
    this.video = video;
    this.clock = clock;
    this.wallOf = wallOf;
    this.seen = seen;
    this.shownMs = null; // performance.now() of the newest frame
    this.wallMs = null;
    this.delayMs = null;
    this.count = 0;
    if (video.requestVideoFrameCallback) this.ask();
    else this.poll(0);
  }

  stop() {
    this.gone = true;
  }

  ask() {
    this.video.requestVideoFrameCallback((now, metadata) => {
      if (this.gone) return;
      this.note(Math.max(now, metadata.expectedDisplayTime || 0), metadata);
      this.ask();
    });
  }

  poll(before) {
    requestAnimationFrame((now) => {
      if (this.gone) return;
      const shown = this.video.getVideoPlaybackQuality?.().totalVideoFrames ?? this.video.currentTime;
      if (shown !== before && this.video.readyState >= 2) this.note(now, { mediaTime: this.video.currentTime });
      this.poll(shown);
    });
  }

  note(displayMs, metadata) {
    this.count++;
    this.shownMs = performance.now();
    this.wallMs = this.wallOf(metadata);
    if (this.wallMs !== null) {
      const delayMs = this.clock.at(displayMs) - this.wallMs;
      this.delayMs = this.delayMs === null ? delayMs : this.delayMs + SMOOTH * (delayMs - this.delayMs);
    }
    this.seen(this.wallMs);
  }
}
