// Regions drawn by hand: hidden from the first key box to the last, moving straight between; one box alone: the whole part.

export const SAME_S = 0.02; // two key boxes nearer than this are of the same picture
const DIGITS = 4; // of a fraction: a tenth of a pixel in 1080p

const rounded = (value, digits) => Number(value.toFixed(digits));

// Within the picture, with sides of at least `side`.
export function fitted(box, side) {
  const width = Math.min(1, Math.max(side, box.width));
  const height = Math.min(1, Math.max(side, box.height));
  const left = Math.min(1 - width, Math.max(0, box.left));
  const top = Math.min(1 - height, Math.max(0, box.top));
  const made = { left: rounded(left, DIGITS), top: rounded(top, DIGITS) };
  return { ...made, width: rounded(Math.min(width, 1 - made.left), DIGITS), height: rounded(Math.min(height, 1 - made.top), DIGITS) };
}

// Its box at a player time of a part; null where it hides nothing.
export function boxOf(region, part, atS) {
  const { boxes } = region;
  if (region.part !== part) return null;
  if (boxes.length === 1) return boxes[0];
  const last = boxes[boxes.length - 1];
  if (atS < boxes[0].at_s - SAME_S || atS > last.at_s + SAME_S) return null;
  const next = boxes.findIndex((each) => each.at_s >= atS);
  if (next <= 0) return next === 0 ? boxes[0] : last;
  const [from, to] = [boxes[next - 1], boxes[next]];
  const share = (atS - from.at_s) / (to.at_s - from.at_s);
  const between = (name) => from[name] + (to[name] - from[name]) * share;
  return { left: between("left"), top: between("top"), width: between("width"), height: between("height") };
}

// The one that is nearest: where a region that hides nothing now would be taken up.
export function nearestBox(region, atS) {
  return region.boxes.reduce((best, each) => (Math.abs(each.at_s - atS) < Math.abs(best.at_s - atS) ? each : best));
}

export const isKey = (region, atS) => region.boxes.some((each) => Math.abs(each.at_s - atS) < SAME_S);

// With a key box at that time, in place of one that is of the same picture.
export function keyed(region, atS, box) {
  const others = region.boxes.filter((each) => Math.abs(each.at_s - atS) >= SAME_S);
  const boxes = [...others, { at_s: rounded(Math.max(0, atS), 3), ...box }].sort((a, b) => a.at_s - b.at_s);
  return { ...region, boxes };
}

export function unkeyed(region, atS) {
  const boxes = region.boxes.filter((each) => Math.abs(each.at_s - atS) >= SAME_S);
  return boxes.length ? { ...region, boxes } : null;
}

// One box for the whole part, as it is at that time.
export function still(region, atS) {
  const { at_s: _, ...box } = { ...(boxOf(region, region.part, atS) ?? nearestBox(region, atS)) };
  return { ...region, boxes: [{ at_s: rounded(Math.max(0, atS), 3), ...fitted(box, 0) }] };
}
