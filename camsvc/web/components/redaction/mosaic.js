// Hides boxes of a picture on a canvas much as the copy does: a few cells each, run into each other.

const CELLS = 6; // along the longer side
const CELL_PX_MIN = 6; // of the screen: of what is small anyway
const scratch = document.createElement("canvas");

// `box`: [left, top, width, height] in fractions; `place`: where the picture lies on the canvas, in its pixels.
export function hide(pen, picture, [left, top, width, height], place) {
  const [wide, high] = [picture.videoWidth, picture.videoHeight];
  const [w, h] = [width * place.width, height * place.height];
  if (!wide || w < 1 || h < 1) return;
  const cell = Math.max(CELL_PX_MIN, Math.max(w, h) / CELLS);
  const [columns, rows] = [Math.max(1, Math.round(w / cell)), Math.max(1, Math.round(h / cell))];
  [scratch.width, scratch.height] = [columns, rows];
  const small = scratch.getContext("2d");
  small.imageSmoothingEnabled = true;
  small.imageSmoothingQuality = "high";
  small.drawImage(picture, left * wide, top * high, width * wide, height * high, 0, 0, columns, rows);
  pen.imageSmoothingEnabled = true;
  pen.drawImage(scratch, 0, 0, columns, rows, place.left + left * place.width, place.top + top * place.height, w, h);
}
