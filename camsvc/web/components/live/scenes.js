// What the analysis saw, in step with the frames: a box is drawn over the frame that it was found in, by wall time.

const KEPT_MS = 8000; // a replay brings its own moment, but boxes older than this are gone
const KEPT_MAX = 200;
const NEAR_MS = 150; // a box belongs to frames no further from its own than this ...
const JOIN_MS = 1200; // ... or, between two sightings of its track, anywhere on the line that joins them
const LATE_KEPT = 40; // the last few seconds tell how late boxes are
const LATE_SHARE = 0.9; // frames wait for nine of ten boxes; to wait for the slowest would make all pictures old
const LATE_SPARE_MS = 60;

export const COLOURS = { person: "#ffd54a", bicycle: "#8ee06b", motorcycle: "#5fe0c4", car: "#5cc3ff", bus: "#ff9d5c", truck: "#ff86b6" };

// The scenes of one camera.
export class Scenes {
  constructor() {
    this.list = []; // in order of time: {atMs, objects: Map(track -> object)}
    this.late = [];
  }

  // ``nowMs``: the server's time, at which the scene came.
  add(atMs, objects, nowMs) {
    const last = this.list[this.list.length - 1];
    if (last && atMs <= last.atMs) this.list = this.list.filter((each) => each.atMs < atMs); // the camera began anew
    this.list.push({ atMs, objects: new Map(objects.map((each) => [each.track, each])) });
    while (this.list.length > KEPT_MAX || this.list[0].atMs < atMs - KEPT_MS) this.list.shift();
    this.late.push(nowMs - atMs);
    if (this.late.length > LATE_KEPT) this.late.shift();
  }

  // How long after a frame was taken its boxes are here; 0 while none came.
  get lateMs() {
    if (!this.late.length) return 0;
    const sorted = [...this.late].sort((a, b) => a - b);
    return Math.max(0, sorted[Math.floor(sorted.length * LATE_SHARE)]) + LATE_SPARE_MS;
  }

  // [{track, kind, confidence, observed, box: [left, top, width, height] in fractions}] on the frame of that moment.
  at(wallMs) {
    const after = this.list.findIndex((each) => each.atMs > wallMs);
    const to = after < 0 ? null : this.list[after];
    const from = after < 0 ? this.list[this.list.length - 1] : this.list[after - 1];
    const found = new Map();
    for (const [scene, other] of [[from, to], [to, from]]) {
      if (!scene) continue;
      for (const [track, object] of scene.objects) {
        if (found.has(track)) continue;
        const partner = other?.objects.get(track);
        if (partner && Math.abs(other.atMs - scene.atMs) <= JOIN_MS) {
          const share = (wallMs - scene.atMs) / (other.atMs - scene.atMs);
          found.set(track, told(object, object.box.map((value, k) => value + (partner.box[k] - value) * share)));
        } else if (Math.abs(wallMs - scene.atMs) <= NEAR_MS) found.set(track, told(object, object.box));
      }
    }
    return [...found.values()];
  }
}

function told(object, box) {
  return { track: object.track, kind: object.class, confidence: object.confidence, observed: object.observed !== false, box };
}

// Draws ``boxes`` over a picture that is fitted into the canvas whole, as ``object-fit: contain`` does.
export function drawBoxes(canvas, video, boxes, labels) {
  const dpr = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const [pixelWidth, pixelHeight] = [Math.round(width * dpr), Math.round(height * dpr)];
  if (canvas.width !== pixelWidth || canvas.height !== pixelHeight) Object.assign(canvas, { width: pixelWidth, height: pixelHeight });
  const context = canvas.getContext("2d");
  context.setTransform(dpr, 0, 0, dpr, 0, 0);
  context.clearRect(0, 0, width, height);
  if (!boxes.length || !video?.videoWidth) return;
  const scale = Math.min(width / video.videoWidth, height / video.videoHeight);
  const [w, h] = [video.videoWidth * scale, video.videoHeight * scale];
  paintBoxes(context, [(width - w) / 2, (height - h) / 2, w, h], boxes, labels);
}

const WORDS_FROM_PX = 700; // on a smaller picture words would hide what they name

// ``frame``: left, top, width and height of the picture on the canvas.
export function paintBoxes(context, [x0, y0, w, h], boxes, labels) {
  const large = w > WORDS_FROM_PX;
  context.lineWidth = large ? 2 : 1.5;
  context.font = "600 12px Roboto, sans-serif";
  context.textBaseline = "middle";
  for (const { box, kind, confidence, observed } of boxes) {
    const colour = COLOURS[kind] || "#ffffff";
    const [x, y] = [x0 + box[0] * w, y0 + box[1] * h];
    context.setLineDash(observed ? [] : [4, 3]);
    context.strokeStyle = colour;
    context.strokeRect(x, y, box[2] * w, box[3] * h);
    if (!large) continue;
    const text = `${labels[kind] || kind} ${Math.round(confidence * 100)}%`;
    const wide = context.measureText(text).width + 8;
    const top = y >= 18 ? y - 18 : y;
    context.fillStyle = colour;
    context.fillRect(x - 1, top, wide, 18);
    context.fillStyle = "#10161d";
    context.fillText(text, x + 3, top + 9.5);
  }
}
