// States of cameras and boxes of their tracks, as the server tells them over one web socket for the whole page.

const CHANGE_MS = 250; // several tiles change at once when a wall is loaded
const PING_MS = 4000; // the answer tells the server's time as well
const SILENT_MS = 10000; // two pings without an answer: a dead connection
const SETTLED_MS = 10000; // a connection that held so long begins anew with short waits when it breaks
const WAITS_MS = [500, 1000, 2000, 5000, 10000];

export class Events {
  // ``state`` and ``tracks`` are called with each message, ``open`` when the connection comes or goes.
  constructor(clock, { state, tracks, open }) {
    this.clock = clock;
    this.handlers = { state, tracks, open };
    this.attempts = 0;
    this.cameras = [];
    this.tracks = false;
  }

  // From now on of these cameras, with boxes or without. The server refuses what this user may not see: name no others.
  follow(cameras, tracks) {
    const wanted = [...new Set(cameras)].sort();
    if (wanted.join() === this.cameras.join() && tracks === this.tracks) return;
    this.cameras = wanted;
    this.tracks = tracks;
    if (this.timer && !this.socket) return; // what is wanted is told when the connection is there
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.isOpen ? this.watch() : this.connect()), CHANGE_MS);
  }

  close() {
    this.gone = true;
    clearTimeout(this.timer);
    this.leave();
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  watch() {
    if (!this.cameras.length) return this.leave();
    this.send({ type: "watch", cameras: this.cameras, tracks: this.tracks ? this.cameras : [] });
  }

  send(message) {
    if (this.isOpen) this.socket.send(JSON.stringify(message));
  }

  leave() {
    clearInterval(this.pulse);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  connect() {
    this.timer = null;
    this.leave();
    if (this.gone || !this.cameras.length) return;
    const url = new URL("/api/v1/live/events", window.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.search = new URLSearchParams({ camera: this.cameras.join(), ...(this.tracks ? { tracks: "true" } : {}) });
    const asked = `${this.cameras} ${this.tracks}`;
    const socket = new WebSocket(url);
    this.socket = socket;
    this.heardMs = this.begunMs = performance.now();
    socket.onopen = () => {
      this.handlers.open(true);
      this.ping();
      if (asked !== `${this.cameras} ${this.tracks}`) this.watch();
    };
    socket.onmessage = ({ data }) => socket === this.socket && this.take(JSON.parse(data));
    socket.onclose = ({ code }) => socket === this.socket && this.lost(code);
    this.pulse = setInterval(() => {
      const now = performance.now();
      if (now - this.heardMs > SILENT_MS) this.lost(0); // a dead connection may take minutes to close by itself
      else if (this.isOpen && now - this.askedMs > PING_MS) this.ping();
    }, 1000);
  }

  lost(code) {
    this.leave();
    this.handlers.open(false);
    if (code === 4401) window.camSessionEnded?.();
    if (performance.now() - this.begunMs > SETTLED_MS) this.attempts = 0;
    const wait = WAITS_MS[Math.min(this.attempts++, WAITS_MS.length - 1)] * (0.6 + 0.8 * Math.random());
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  ping() {
    this.askedMs = performance.now();
    this.send({ type: "ping", sent: this.askedMs });
  }

  take(message) {
    this.heardMs = performance.now();
    if (message.type === "time" && message.sent != null) this.clock.heard(Date.parse(message.at), message.sent, this.heardMs);
    else if (message.type === "state") this.handlers.state(message);
    else if (message.type === "tracks") this.handlers.tracks({ camera: message.camera, atMs: Date.parse(message.at), objects: message.objects });
  }
}

// A message ``state`` in the words of the page: ``words`` by state {text, why, icon}.
export function stateOf({ state, detail }, words) {
  const known = words[state] ?? { text: state, why: "", icon: "videocam" };
  return { state, state_text: known.text, why: known.why && detail ? `${known.why} (${detail})` : known.why, icon: known.icon, told: true };
}
