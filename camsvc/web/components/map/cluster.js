// Puts together places that would lie on each other at a zoom.

const REACH_PX = 46; // places nearer than this to the first of a cluster belong to it
const CLUSTER_MIN = 3; // two are moved apart a little instead
export const APART_ZOOM = 17; // from here on every place stands for itself

// `places` with their pixels {place, x, y}; returns groups of them: of one, or of CLUSTER_MIN and more. The same places
// give the same groups whatever their order. Of n places O(n): each is compared with those of the cells around it.
export function grouped(places, zoom, alone) {
  const order = [...places].sort((a, b) => (a.place.id < b.place.id ? -1 : 1));
  if (zoom >= APART_ZOOM) return order.map((each) => [each]);
  const cells = new Map();
  const cellOf = (each) => [Math.floor(each.x / REACH_PX), Math.floor(each.y / REACH_PX)];
  for (const each of order) {
    const key = cellOf(each).join();
    if (!cells.has(key)) cells.set(key, []);
    cells.get(key).push(each);
  }
  const taken = new Set();
  const groups = [];
  for (const first of order) {
    if (taken.has(first)) continue;
    taken.add(first);
    if (first.place.id === alone) {
      groups.push([first]);
      continue;
    }
    const group = [first];
    const [cx, cy] = cellOf(first);
    for (let x = cx - 1; x <= cx + 1; x++) {
      for (let y = cy - 1; y <= cy + 1; y++) {
        for (const other of cells.get(`${x},${y}`) || []) {
          if (taken.has(other) || other.place.id === alone) continue;
          if (Math.hypot(other.x - first.x, other.y - first.y) < REACH_PX) group.push(other);
        }
      }
    }
    if (group.length < CLUSTER_MIN) groups.push([first]);
    else {
      group.forEach((each) => taken.add(each));
      groups.push(group);
    }
  }
  return groups;
}
