// A picture of each track, cut out of the clip where it is seen best: by a second video that nobody sees, one part after
// another, one moment after another.
import { bestPoint, MEDIA_HZ } from "./paths.js";

const MOST = 150; // portraits of one clip: each is a seek
const SEEK_TIMEOUT_MS = 4000;
const HIGH = 120; // pixels
const SHAPE = 0.84; // width by height: of a standing person the upper half

const once = (target, name) =>
  new Promise((done) => {
    const timer = setTimeout(() => done(false), SEEK_TIMEOUT_MS);
    const end = () => {
      clearTimeout(timer);
      done(true);
    };
    target.addEventListener(name, end, { once: true });
  });

function cut(video, [, left, top, width, height]) {
  const [wide, high] = [video.videoWidth, video.videoHeight];
  const [x, y, w] = [left * wide, top * high, width * wide];
  const h = Math.min(height * high, w / SHAPE);
  const canvas = Object.assign(document.createElement("canvas"), { height: HIGH, width: Math.round(HIGH * Math.max(SHAPE, Math.min(2, w / h))) });
  canvas.getContext("2d").drawImage(video, x, y, w, h, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", 0.8);
}

// `parts`: with the address that this browser can play; `tell(key, url)` for each; `wanted()`: whether somebody looks still.
export async function portraits(paths, parts, tell, wanted) {
  const video = Object.assign(document.createElement("video"), { muted: true, preload: "auto" });
  const queue = paths.slice(0, MOST).map((path) => ({ path, point: bestPoint(path) }));
  for (const part of parts) {
    const ends = part.start_pts + part.duration_s * MEDIA_HZ;
    const mine = queue.filter(({ path, point }) => path.session === part.session && point[0] >= part.start_pts && point[0] <= ends);
    if (!mine.length || !wanted()) continue;
    const loaded = once(video, "loadeddata");
    video.src = part.playable;
    if (!(await loaded)) continue;
    for (const { path, point } of mine.sort((a, b) => a.point[0] - b.point[0])) {
      if (!wanted()) break;
      const seeked = once(video, "seeked");
      video.currentTime = (point[0] - part.start_pts) / MEDIA_HZ + 0.001;
      if (await seeked) tell(path.key, cut(video, point));
    }
  }
  video.removeAttribute("src");
  video.load();
}
