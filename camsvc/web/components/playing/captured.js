// Pictures taken from what plays, kept until it is known into which case they go.

const KEPT_MAX = 8; // a few megabytes; who takes more without choosing a case loses the first
const QUALITY = 0.95; // of the JPEG: nothing of what can be recognised is lost, at a fifth of the size of a PNG
const kept = new Map();
let count = 0;

// ``picture``: a <video> or a <canvas> of which a frame is seen, taken without boxes in its own size. Resolves to a
// token for ``pictureOf``; null where there is no picture.
export async function capture(picture) {
  const [width, height] = [picture?.videoWidth ?? picture?.width, picture?.videoHeight ?? picture?.height];
  if (!width) return null;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d").drawImage(picture, 0, 0, width, height);
  const file = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  if (!file) return null;
  const token = `picture-${++count}`;
  kept.set(token, file);
  if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value);
  return token;
}

export const pictureOf = (token) => kept.get(token) ?? null;

export const letGo = (token) => kept.delete(token);
