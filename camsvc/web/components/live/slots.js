// Which camera is in which tile: plain functions on a list of cameras (null: an empty tile), page after page.

export const TILES = [1, 4, 9, 16, 25];
export const CYCLES_S = [5, 10, 20, 30, 60];
export const CAMERAS_MAX = 500; // of one wall

export function pagesOf(cameras, tiles) {
  return Math.max(1, Math.ceil(trimmed(cameras).length / tiles));
}

export function pageOf(cameras, tiles, page) {
  return Array.from({ length: tiles }, (_, i) => cameras[page * tiles + i] ?? null);
}

export function trimmed(cameras) {
  let end = cameras.length;
  while (end && cameras[end - 1] == null) end--;
  return cameras.slice(0, end);
}

// ``camera`` at ``index`` of the whole list. Where it stood before on the same page comes what it displaces.
export function put(cameras, tiles, index, camera) {
  const made = padded(cameras, Math.max(cameras.length, index + 1));
  const page = Math.floor(index / tiles);
  const before = made.findIndex((each, i) => each === camera && Math.floor(i / tiles) === page);
  if (before >= 0) made[before] = made[index];
  made[index] = camera;
  return trimmed(made);
}

export function swapped(cameras, a, b) {
  const made = padded(cameras, Math.max(cameras.length, a + 1, b + 1));
  [made[a], made[b]] = [made[b], made[a]];
  return trimmed(made);
}

// The first empty tile of the page; -1 when it is full.
export function firstEmpty(cameras, tiles, page) {
  return pageOf(cameras, tiles, page).findIndex((each) => each === null);
}

function padded(cameras, length) {
  return [...cameras, ...Array(Math.max(0, length - cameras.length)).fill(null)];
}
