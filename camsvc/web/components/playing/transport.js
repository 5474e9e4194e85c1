// One transport for several pictures of a page: the player says which moment it shows, the others follow.
// Between two words of it the moment goes on by the browser's clock.

const AHEAD_MAX_MS = 500; // a player that says nothing for so long has stopped

class Transport {
  constructor() {
    this.state = { wallMs: 0, playing: false, rate: 1 };
    this.toldAt = performance.now();
    this.followers = new Set();
  }

  tell(state) {
    const began = state.playing !== this.state.playing || state.rate !== this.state.rate;
    const jumped = Math.abs(state.wallMs - this.nowMs()) > 50;
    this.state = state;
    this.toldAt = performance.now();
    if (began || jumped || !state.playing) for (const each of this.followers) each();
  }

  nowMs() {
    const { wallMs, playing, rate } = this.state;
    return playing ? wallMs + Math.min(AHEAD_MAX_MS, performance.now() - this.toldAt) * rate : wallMs;
  }

  // `heard` is called when it starts, stops or jumps; returns how to be left alone.
  follow(heard) {
    this.followers.add(heard);
    return () => this.followers.delete(heard);
  }
}

const transports = new Map();

// By name: whoever names the same shares one.
export function transport(name) {
  if (!transports.has(name)) transports.set(name, new Transport());
  return transports.get(name);
}
