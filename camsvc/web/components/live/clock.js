// The server's clock as the page knows it, and the wall time of a frame. The browser's own clock, which may be hours off
// or be set while the page stands open, is never asked: only how much time has passed since the server last told its own.

const RTP_HZ = 90000;
const RTP_TICKS = 2 ** 32; // a time stamp comes round after 13 hours
const KEPT = 12; // answers of which the quickest is believed: it was delayed least

export class ServerClock {
  constructor(serverMs) {
    this.baseMs = serverMs - performance.now();
    this.answers = [];
  }

  now() {
    return performance.now() + this.baseMs;
  }

  // The server's time at a moment of ``performance.now()``.
  at(perfMs) {
    return perfMs + this.baseMs;
  }

  // The server said ``serverMs``; asked and heard at these moments of ``performance.now()``.
  heard(serverMs, askedMs, heardMs) {
    this.answers.push({ baseMs: serverMs - (askedMs + heardMs) / 2, tookMs: heardMs - askedMs });
    if (this.answers.length > KEPT) this.answers.shift();
    this.baseMs = this.answers.reduce((best, each) => (each.tookMs < best.tookMs ? each : best)).baseMs;
  }
}

// An RTP time stamp is the low 32 bits of the frame's UTC wall time in 90 kHz: the moment nearest to now is meant.
export function wallOfRtp(rtp, nowMs) {
  const now = Math.round(nowMs * (RTP_HZ / 1000)) % RTP_TICKS;
  const apart = ((((rtp - now + RTP_TICKS / 2) % RTP_TICKS) + RTP_TICKS) % RTP_TICKS) - RTP_TICKS / 2;
  return nowMs + apart / (RTP_HZ / 1000);
}
