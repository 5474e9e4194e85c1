// Shapes (web/shapes.py): how each is drawn, and the points by which it is changed. A change is a function of the shape
// before and of where its point is now, so that a drag can be followed and forgotten.
import { leaflet as L } from "nicegui-leaflet";
import { between, distanceM, metresPerPixel, offset } from "camsvc-map/geometry.js";

const BETWEEN_MAX = 60; // points beyond which there are no handles to add one: they would cover the line
export const POINTS_MAX = 200; // db/filters.py
export const POINTS_MIN = { polygon: 3, route: 2 };
const EAST = 90;

export function extent(shape) {
  if (shape.kind === "radius") return L.latLng(shape.lat, shape.lon).toBounds(shape.radius_m * 2);
  if (shape.kind === "box") return L.latLngBounds([shape.south, shape.west], [shape.north, eastOf(shape)]);
  const box = L.latLngBounds(shape.points);
  if (shape.kind === "route") for (const [lat, lon] of shape.points) box.extend(L.latLng(lat, lon).toBounds(shape.radius_m * 2));
  return box;
}

export function paint(shape, map, layer, look = "") {
  const line = { interactive: false, className: `cam-map__shape${look}` };
  if (shape.kind === "radius") L.circle([shape.lat, shape.lon], { ...line, radius: shape.radius_m }).addTo(layer);
  else if (shape.kind === "box") L.rectangle([[shape.south, shape.west], [shape.north, eastOf(shape)]], line).addTo(layer);
  else if (shape.kind === "polygon") L.polygon(shape.points, line).addTo(layer);
  else {
    // The corridor is as wide as the line is thick.
    const weight = Math.max(2, (2 * shape.radius_m) / metresPerPixel(shape.points[0][0], map.getZoom()));
    L.polyline(shape.points, { interactive: false, weight, className: `cam-map__corridor${look}` }).addTo(layer);
    L.polyline(shape.points, { ...line, className: `cam-map__shape cam-map__shape--line${look}` }).addTo(layer);
  }
}

// [{kind, icon, text, place(shape), move(shape, at), remove(shape)?}]
export function handles(shape) {
  if (shape.kind === "radius") return circleHandles();
  if (shape.kind === "box") return boxHandles();
  return pointHandles(shape);
}

function circleHandles() {
  const rim = (of) => offset(of.lat, of.lon, EAST, of.radius_m);
  return [
    { kind: "centre", icon: "open_with", text: "map.draw.centre", place: (of) => [of.lat, of.lon], move: (of, [lat, lon]) => ({ ...of, lat, lon }) },
    { kind: "rim", text: "map.draw.radius_handle", place: rim, move: (of, at) => ({ ...of, radius_m: metres(distanceM([of.lat, of.lon], at)) }) },
  ];
}

function boxHandles() {
  const edges = [["north", "west"], ["north", "east"], ["south", "east"], ["south", "west"]];
  return edges.map(([ns, ew]) => ({
    kind: "corner",
    text: "map.draw.corner",
    place: (of) => [of[ns], ew === "east" ? eastOf(of) : of.west],
    move: (of, [lat, lon]) => upright({ ...of, east: eastOf(of), [ns]: lat, [ew]: lon }),
  }));
}

function pointHandles(shape) {
  const { kind, points } = shape;
  const made = points.map((_, i) => ({
    kind: "corner",
    text: "map.draw.corner",
    place: (of) => of.points[i],
    move: (of, at) => ({ ...of, points: of.points.map((each, k) => (k === i ? at : each)) }),
    remove: points.length > POINTS_MIN[kind] ? (of) => ({ ...of, points: of.points.filter((_each, k) => k !== i) }) : undefined,
  }));
  const sides = kind === "polygon" ? points.length : points.length - 1;
  if (points.length < BETWEEN_MAX) {
    for (let i = 0; i < sides; i++) {
      made.push({
        kind: "between",
        text: "map.draw.between",
        place: (of) => between(of.points[i], of.points[(i + 1) % of.points.length]),
        move: (of, at) => ({ ...of, points: [...of.points.slice(0, i + 1), at, ...of.points.slice(i + 1)] }),
      });
    }
  }
  if (kind === "route") made.push(widthHandle());
  return made;
}

function widthHandle() {
  const side = (of) => {
    const [a, b] = of.points;
    const middle = [a[0] + (b[0] - a[0]) / 4, a[1] + (b[1] - a[1]) / 4]; // not on the handle between two points
    const across = (Math.atan2(b[1] - a[1], b[0] - a[0]) * 180) / Math.PI + EAST;
    return { middle, across };
  };
  return {
    kind: "rim",
    text: "map.draw.width_handle",
    place: (of) => offset(...side(of).middle, side(of).across, of.radius_m),
    move: (of, at) => ({ ...of, radius_m: metres(distanceM(side(of).middle, at)) }),
  };
}

const eastOf = (box) => (box.east < box.west ? box.east + 360 : box.east);
const metres = (value) => Math.max(1, Math.round(value));

// A corner may be dragged over its opposite.
function upright({ south, north, west, east, ...rest }) {
  return { ...rest, south: Math.min(south, north), north: Math.max(south, north), west: Math.min(west, east), east: Math.max(west, east) };
}
