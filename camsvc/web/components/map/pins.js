// Cameras on the map with what they see; crowded ones as one mark with their number.
import { leaflet as L } from "nicegui-leaflet";
import { APART_ZOOM, grouped } from "camsvc-map/cluster.js";
import { element } from "camsvc-map/element.js";
import { metresPerPixel, sector } from "camsvc-map/geometry.js";

const CROWDED_PX = 27; // pins nearer than this lie on each other
const APART_MAX_PX = 30; // a pin is moved no further from its place than this
const APART_ROUNDS = 12;
const APART_PLACES = 400; // beyond, a map this full is for zooming in
const MARGIN = 0.25; // around what is seen, pins are there already
const REACH_DEFAULT_M = 60;
const SECTOR_MIN_PX = 7; // smaller, what a camera sees is hidden by its own pin
const NAMED_MAX = 6; // of a cluster's cameras
const COLOURS = { live: "--pin-live", connecting: "--pin-late", retrying: "--pin-late", refused: "--pin-bad", unassigned: "--pin-bad", found: "--pin-found" };

export class Pins {
  // `pick` hears which place was pressed, while `free()`: else a press draws.
  constructor(map, { texts, pick, free }) {
    this.map = map;
    this.texts = texts;
    this.pick = pick;
    this.free = free;
    this.places = [];
    this.markers = new Map();
    this.sectors = L.layerGroup().addTo(map);
    this.points = L.layerGroup().addTo(map);
    map.on("moveend zoomend resize", () => this.draw());
  }

  show(places, selected) {
    this.places = places;
    this.selected = selected;
    this.groups = null;
    this.draw();
  }

  // Only what is seen has elements: a province may have thousands of cameras.
  draw() {
    const { map } = this;
    const zoom = map.getZoom();
    if (!this.groups || this.zoom !== zoom) {
      this.zoom = zoom;
      const placed = this.places.map((place) => ({ place, ...map.project([place.lat, place.lon], zoom) }));
      this.groups = grouped(placed, zoom, this.selected);
    }
    const seen = map.getBounds().pad(MARGIN);
    const there = new Set();
    this.sectors.clearLayers();
    for (const group of this.groups) {
      const many = group.length > 1;
      const at = many ? middle(group) : [group[0].place.lat, group[0].place.lon];
      if (!seen.contains(at)) continue;
      const id = many ? `cluster ${group.map((each) => each.place.id).join()}` : group[0].place.id;
      there.add(id);
      const marker = this.markers.get(id) || this.marker(id, at);
      const drawing = JSON.stringify(group.map((each) => [each.place, each.place.id === this.selected]));
      if (marker.drawing !== drawing) {
        marker.drawing = drawing;
        marker.group = group;
        marker.setLatLng(at);
        if (many) this.dressCluster(marker, group);
        else this.dress(marker, group[0].place);
      }
      if (!many) this.sector(group[0].place, zoom);
    }
    for (const [id, marker] of this.markers) {
      if (there.has(id)) continue;
      marker.remove();
      this.markers.delete(id);
    }
    this.spread();
  }

  marker(id, at) {
    const icon = L.divIcon({ className: "cam-pin-box", iconSize: [28, 28] }); // else Leaflet fetches its own picture
    const marker = L.marker(at, { icon, keyboard: true, riseOnHover: true }).addTo(this.points);
    marker.on("click keypress", (event) => {
      if (event.type === "keypress" && event.originalEvent.key !== "Enter") return;
      if (!this.free()) return;
      if (marker.group.length > 1) this.open(marker.group);
      else this.pick(marker.group[0].place.id);
    });
    marker.bindTooltip(() => marker.label, { direction: "top", offset: [0, -14], className: "cam-map__tip cam-map__tip--pin" });
    this.markers.set(id, marker);
    return marker;
  }

  // Nearer, until its cameras stand apart.
  open(group) {
    const box = L.latLngBounds(group.map(({ place }) => [place.lat, place.lon]));
    const zoom = Math.min(APART_ZOOM, Math.max(this.map.getZoom() + 1, this.map.getBoundsZoom(box, false, L.point(60, 60))));
    this.map.setView(box.getCenter(), zoom);
    this.map.getContainer().focus({ preventScroll: true });
  }

  dress(marker, place) {
    const chosen = place.id === this.selected;
    const pin = element("div", `cam-pin cam-pin--${place.state}${chosen ? " cam-pin--selected" : ""}${place.count ? " cam-pin--count" : ""}`);
    if (place.count) pin.append(element("span", "cam-pin__count", place.count));
    else pin.append(element("i", "material-icons cam-pin__icon", place.icon));
    this.put(marker, pin, place.title, place.lines, chosen ? 1000 : place.rank || 0);
    const box = marker.getElement();
    if (box) box.dataset.place = place.id;
  }

  dressCluster(marker, group) {
    const places = group.map((each) => each.place);
    const incidents = places.reduce((sum, place) => sum + (Number(place.count) || 0), 0);
    const mark = element("div", `cam-cluster${incidents ? " cam-cluster--found" : ""}`);
    mark.append(element("span", "cam-cluster__count", incidents || places.length));
    mark.style.setProperty("--ring", ring(places));
    mark.style.setProperty("--size", `${Math.round(30 + Math.min(16, 5 * Math.log10(incidents || places.length)))}px`);
    const title = this.texts["map.cameras"].replace("{n}", places.length);
    const lines = incidents ? [this.texts["map.incidents"].replace("{n}", incidents)] : [];
    const named = [...places].sort((a, b) => (b.rank || 0) - (a.rank || 0)).slice(0, NAMED_MAX);
    lines.push(...named.map((place) => place.title));
    if (places.length > named.length) lines.push(this.texts["map.cameras_more"].replace("{n}", places.length - named.length));
    this.put(marker, mark, title, lines, 600 + places.length);
    const box = marker.getElement();
    if (box) box.dataset.cluster = places.length;
  }

  put(marker, content, title, lines, above) {
    marker.setIcon(L.divIcon({ html: content, className: "cam-pin-box", iconSize: [28, 28] }));
    marker.setZIndexOffset(above);
    const label = element("div");
    label.append(element("strong", "", title));
    for (const line of lines) label.append(element("div", "", line));
    marker.label = label;
    const box = marker.getElement();
    if (!box) return;
    box.setAttribute("aria-label", [title, ...lines].join(", "));
    box.setAttribute("role", "button");
  }

  sector(place, zoom) {
    const reach = place.range || REACH_DEFAULT_M;
    const chosen = place.id === this.selected;
    if (place.heading === null || place.heading === undefined || !place.fov) return;
    if (!chosen && reach / metresPerPixel(place.lat, zoom) < SECTOR_MIN_PX) return;
    const className = `cam-map__sector cam-map__sector--${place.state}${chosen ? " cam-map__sector--selected" : ""}`;
    L.polygon(sector(place.lat, place.lon, place.heading, place.fov, reach), { interactive: false, className }).addTo(this.sectors);
  }

  // Moves pins that lie on each other apart, so that each can be seen and hit; a few pixels, never onto another street.
  spread() {
    const pins = [...this.markers.values()].map((marker) => ({ marker, at: this.map.latLngToLayerPoint(marker.getLatLng()), dx: 0, dy: 0 }));
    const rounds = pins.length > APART_PLACES ? 0 : APART_ROUNDS;
    for (let round = 0; round < rounds; round++) {
      let moved = false;
      for (let i = 0; i < pins.length; i++) {
        for (let j = i + 1; j < pins.length; j++) {
          const [a, b] = [pins[i], pins[j]];
          let x = b.at.x + b.dx - a.at.x - a.dx;
          let y = b.at.y + b.dy - a.at.y - a.dy;
          const apart = Math.hypot(x, y);
          if (apart >= CROWDED_PX) continue;
          if (apart < 0.5) [x, y] = [Math.cos(i + j), Math.sin(i + j)];
          const push = (CROWDED_PX - apart) / 2 / Math.max(Math.hypot(x, y), 0.5);
          [a.dx, a.dy, b.dx, b.dy] = [a.dx - x * push, a.dy - y * push, b.dx + x * push, b.dy + y * push];
          moved = true;
        }
      }
      if (!moved) break;
    }
    for (const { marker, dx, dy } of pins) {
      const far = Math.min(1, APART_MAX_PX / Math.max(Math.hypot(dx, dy), 1));
      const box = marker.getElement()?.firstElementChild;
      if (box) box.style.transform = `translate(${Math.round(dx * far)}px, ${Math.round(dy * far)}px)`;
    }
  }
}

function middle(group) {
  const sum = group.reduce(([lat, lon], { place }) => [lat + place.lat, lon + place.lon], [0, 0]);
  return [sum[0] / group.length, sum[1] / group.length];
}

// The states of a cluster's cameras as shares of its ring.
function ring(places) {
  const counts = new Map();
  for (const place of places) {
    const colour = `var(${COLOURS[place.state] || "--pin-quiet"})`;
    counts.set(colour, (counts.get(colour) || 0) + 1);
  }
  let from = 0;
  const shares = [...counts].sort().map(([colour, number]) => {
    const to = from + (number / places.length) * 100;
    const share = `${colour} ${from.toFixed(1)}% ${to.toFixed(1)}%`;
    from = to;
    return share;
  });
  return `conic-gradient(${shares.join(", ")})`;
}
