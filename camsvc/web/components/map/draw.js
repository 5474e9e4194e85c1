// Drawing a shape and changing it: a circle, a box, a polygon, a route with its corridor.
//
// With a pointer: a circle and a box are dragged, corners are clicked (a click on the first, on the last again, or Enter
// ends; the map can be dragged meanwhile). With the keyboard: the map has the focus, the arrow keys move it under the
// cross in its middle, Space puts a point there, Enter ends. Backspace takes the last point back, Escape all of them.
import { leaflet as L } from "nicegui-leaflet";
import { distanceM, lengthText } from "camsvc-map/geometry.js";
import { handle } from "camsvc-map/handle.js";
import { POINTS_MAX, POINTS_MIN, extent, handles, paint } from "camsvc-map/shapes.js";

const CLICK_PX = 5; // a pointer that moved no further was clicked
const CLOSE_PX = 10; // as near to a first or last point is on it
const UNDO_MAX = 50;
const CLICK_AFTER_MS = 150; // of a pointer that went up

export class Drawing {
  static extent = extent;

  // `changed(shape | null)` when the user is done with a change, `state({undoable, drafting, drawn, done})` for buttons.
  constructor(map, { texts, locale, radiusM, changed, state }) {
    Object.assign(this, { map, texts, locale, radiusM, changed, state });
    this.tool = "";
    this.actedAt = -Infinity;
    this.shape = null;
    this.also = [];
    this.draft = null; // points of what is being drawn
    this.before = []; // shapes, for undo
    this.layer = L.layerGroup().addTo(map);
    this.others = L.layerGroup().addTo(map);
    this.knobs = L.layerGroup().addTo(map);
    this.sketch = L.layerGroup().addTo(map);
    this.box = map.getContainer();
    this.listen();
  }

  // What the page says. Nothing is told of it.
  show(shape, also) {
    if (!same(shape, this.shape)) {
      this.remember();
      this.shape = shape;
      this.sent = null;
      this.render();
    }
    this.also = also || [];
    this.others.clearLayers();
    for (const each of this.also) paint(each, this.map, this.others, " cam-map__shape--also");
    this.report();
  }

  isOurs(shape) {
    return same(shape, this.sent);
  }

  use(tool) {
    this.tool = tool || "";
    this.drop();
    this.box.classList.toggle("cam-map__ground--drawing", Boolean(tool));
    this.map.doubleClickZoom[tool ? "disable" : "enable"]();
    if (tool) this.box.focus({ preventScroll: true });
  }

  undo() {
    if (this.draft) return this.back();
    if (!this.before.length) return;
    this.set(this.before.pop(), { forget: true });
  }

  erase() {
    this.drop();
    if (this.shape) this.set(null);
  }

  // Making --------------------------------------------------------------------------------------------

  remember() {
    this.before.push(this.shape);
    if (this.before.length > UNDO_MAX) this.before.shift();
  }

  set(shape, { forget = false, done = false } = {}) {
    if (!forget) this.remember();
    this.shape = shape && rounded(shape);
    this.sent = this.shape;
    this.draft = null;
    this.render();
    this.report(done);
    this.changed(this.shape);
  }

  report(done = false) {
    this.state({ undoable: this.before.length > 0 || Boolean(this.draft?.length), drafting: Boolean(this.draft), drawn: Boolean(this.shape), done });
  }

  render() {
    const held = document.activeElement?.dataset?.handle && this.box.contains(document.activeElement) ? [...this.box.querySelectorAll("[data-handle]")].indexOf(document.activeElement) : -1;
    this.sketch.clearLayers();
    this.layer.clearLayers();
    this.knobs.clearLayers();
    if (!this.shape) return;
    paint(this.shape, this.map, this.layer);
    const knobs = handles(this.shape).map((each) => {
      let base = this.shape;
      const marker = handle(this.map, each.place(this.shape), {
        kind: each.kind,
        icon: each.icon,
        label: this.texts[each.text],
        begin: () => (base = this.shape),
        moving: (at) => this.follow(each.move(base, at), marker, knobs),
        moved: (at) => this.set(each.move(base, at)),
        removed: each.remove && (() => this.set(each.remove(this.shape))),
      });
      marker.each = each;
      marker.addTo(this.knobs);
      if (each.kind === "rim") this.measure(marker, this.shape);
      return marker;
    });
    if (held >= 0) this.box.querySelectorAll("[data-handle]")[held]?.focus();
  }

  // While a handle is dragged: the shape as it would be. The handles stay, for one of them is held.
  follow(shape, held, knobs) {
    this.layer.clearLayers();
    paint(shape, this.map, this.layer);
    const inserting = held.each.kind === "between";
    for (const knob of knobs) {
      if (knob !== held && !inserting) knob.setLatLng(knob.each.place(shape));
      if (knob.each.kind === "rim") this.measure(knob, shape);
    }
  }

  measure(knob, shape) {
    knob.unbindTooltip();
    knob.bindTooltip(lengthText(shape.radius_m, this.locale), { permanent: true, direction: "right", offset: [8, 0], className: "cam-map__tip" });
  }

  // Drawing -------------------------------------------------------------------------------------------

  listen() {
    const { box, map } = this;
    const free = (event) => !event.target.closest?.(".leaflet-control, .cam-map__bar, .cam-handle-box");
    map.on("zoomend", () => !this.draft && !this.knobs.getLayers().some((each) => each.busy) && this.render());
    map.on("zoomend", () => this.show(this.shape, this.also));
    box.addEventListener("pointerdown", (event) => {
      if (!this.tool || event.button !== 0 || !free(event)) return;
      this.from = { x: event.clientX, y: event.clientY, at: this.at(event) };
      if (this.dragged) map.dragging.disable();
    });
    window.addEventListener("pointermove", (this.onMove = (event) => this.move(event)));
    window.addEventListener("pointerup", (this.onUp = (event) => this.up(event)));
    window.addEventListener("pointercancel", (this.onCancel = () => this.letGo()));
    map.on("unload", () => {
      window.removeEventListener("pointermove", this.onMove);
      window.removeEventListener("pointerup", this.onUp);
      window.removeEventListener("pointercancel", this.onCancel);
    });
    box.addEventListener("keydown", (event) => this.key(event));
  }

  get dragged() {
    return this.tool === "radius" || this.tool === "box";
  }

  at(event) {
    const at = this.map.mouseEventToLatLng(event);
    return [at.lat, at.lng];
  }

  move(event) {
    if (this.from && this.dragged) this.outline(this.between(this.from.at, this.at(event)));
    else if (this.draft?.length && !this.dragged && this.box.contains(event.target)) this.trace(this.at(event));
  }

  // Whether the press that is going on has drawn something: its click comes after the pointer is up, and means no more.
  get hasActed() {
    return performance.now() - this.actedAt < CLICK_AFTER_MS;
  }

  up(event) {
    const from = this.from;
    this.letGo();
    if (!from || !this.tool) return;
    if (!this.dragged || !event.target.closest?.("[data-place]")) this.actedAt = performance.now();
    const moved = Math.hypot(event.clientX - from.x, event.clientY - from.y) > CLICK_PX;
    if (!this.dragged) {
      if (!moved) this.point(this.at(event));
    } else if (moved) this.finish(this.between(from.at, this.at(event)));
    else if (this.tool === "radius" && !event.target.closest?.("[data-place]")) this.finish(this.circle(from.at));
    else this.render();
  }

  letGo() {
    this.from = null;
    this.map.dragging.enable();
  }

  between(a, b) {
    if (this.tool === "radius") return { kind: "radius", lat: a[0], lon: a[1], radius_m: Math.max(1, Math.round(distanceM(a, b))) };
    const edges = L.latLngBounds(a, b);
    return { kind: "box", west: edges.getWest(), south: edges.getSouth(), east: edges.getEast(), north: edges.getNorth() };
  }

  // Around a point that was only clicked: as wide as before.
  circle([lat, lon]) {
    return { kind: "radius", lat, lon, radius_m: this.shape?.kind === "radius" ? this.shape.radius_m : this.radiusM() };
  }

  point(at) {
    const points = this.draft || [];
    const near = (other) => other && this.map.latLngToLayerPoint(other).distanceTo(this.map.latLngToLayerPoint(at)) < CLOSE_PX;
    const enough = points.length >= POINTS_MIN[this.tool];
    if (near(points[points.length - 1]) || (this.tool === "polygon" && enough && near(points[0]))) return this.end();
    if (points.length >= POINTS_MAX) return;
    this.draft = [...points, at];
    this.trace(null);
    this.report();
  }

  end() {
    if (!this.draft || this.draft.length < POINTS_MIN[this.tool]) return;
    const radius = this.shape?.kind === "route" ? this.shape.radius_m : this.radiusM();
    this.finish(this.tool === "route" ? { kind: "route", points: this.draft, radius_m: radius } : { kind: "polygon", points: this.draft });
  }

  finish(shape) {
    if (shape.kind === "box" && (shape.south === shape.north || shape.west === shape.east)) return this.render();
    this.set(shape, { done: true });
  }

  back() {
    this.draft = this.draft.slice(0, -1);
    if (!this.draft.length) this.drop();
    else this.trace(null);
    this.report();
  }

  drop() {
    this.draft = null;
    this.sketch.clearLayers();
    this.report();
  }

  outline(shape) {
    this.sketch.clearLayers();
    paint(shape, this.map, this.sketch);
    if (shape.kind === "radius") this.sketch.getLayers()[0].bindTooltip(lengthText(shape.radius_m, this.locale), { permanent: true, direction: "center", className: "cam-map__tip" }).openTooltip();
  }

  // The points so far, and the line to the pointer.
  trace(at) {
    this.sketch.clearLayers();
    const points = at ? [...this.draft, at] : this.draft;
    const line = { interactive: false, className: "cam-map__shape cam-map__shape--line" };
    if (this.tool === "polygon" && points.length > 2) L.polygon(points, { ...line, className: "cam-map__shape" }).addTo(this.sketch);
    else L.polyline(points, line).addTo(this.sketch);
    this.draft.forEach((each, i) => L.circleMarker(each, { radius: i ? 4 : 6, interactive: false, className: "cam-map__shape-point" }).addTo(this.sketch));
  }

  key(event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") this.undo();
    else if (!this.tool || event.ctrlKey || event.altKey || event.metaKey) return;
    else if (event.key === " " && event.target === this.box) this.pin();
    else if (event.key === "Enter" && this.draft && event.target === this.box) this.dragged ? this.pin() : this.end();
    else if (event.key === "Backspace" && this.draft) this.back();
    else if (event.key === "Escape" && this.draft) this.drop();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // A point at the cross in the middle.
  pin() {
    const centre = this.map.getCenter();
    const at = [centre.lat, centre.lng];
    if (!this.dragged) return this.point(at);
    if (!this.draft) {
      this.draft = [at];
      this.sketch.clearLayers();
      L.circleMarker(at, { radius: 6, interactive: false, className: "cam-map__shape-point" }).addTo(this.sketch);
      return this.report();
    }
    const [first] = this.draft;
    if (distanceM(first, at) >= 1) this.finish(this.between(first, at));
    else if (this.tool === "radius") this.finish(this.circle(first));
  }
}

function rounded(shape) {
  const six = (value) => (typeof value === "number" ? Math.round(value * 1e6) / 1e6 : value);
  const made = Object.fromEntries(Object.entries(shape).map(([name, value]) => [name, six(value)]));
  if (shape.points) made.points = shape.points.map((pair) => pair.map(six));
  return made;
}

// Whatever the order of their members: the server's are in its own.
function same(a, b) {
  const flat = (shape) => shape && JSON.stringify(Object.entries(rounded(shape)).sort());
  return flat(a ?? null) === flat(b ?? null);
}
