// The map: cameras with their state, incidents counted at their cameras, and an area that the user picks.
// Everything that comes from outside is put into the page as text, never as markup.
import { leaflet as L } from "nicegui-leaflet";
import { loadResource } from "../../static/utils/resources.js";

const CROWDED_PX = 27; // pins nearer than this lie on each other
const APART_MAX_PX = 30; // a pin is moved no further from its place than this
const APART_ROUNDS = 12;
const APART_PLACES = 400; // beyond, a map this full is for zooming in
const NAMES_MAX = 300; // of boundaries and roads
const NAME_PX = 9; // a letter of a name takes this, with some room
const FIT = { padding: [36, 36], maxZoom: 17 };
const SECTOR_STEPS = 24;
const EARTH_M_PER_DEG = 111195;

function lineKind(feature) {
  const kind = feature.properties?.kind;
  if (["water", "road", "street"].includes(kind)) return kind;
  return /Line/.test(feature.geometry?.type) ? "road" : "area";
}

function offset(lat, lon, bearingDeg, metres) {
  const b = (bearingDeg * Math.PI) / 180;
  const dLat = (metres * Math.cos(b)) / EARTH_M_PER_DEG;
  const dLon = (metres * Math.sin(b)) / (EARTH_M_PER_DEG * Math.cos((lat * Math.PI) / 180));
  return [lat + dLat, lon + dLon];
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined && text !== null) made.textContent = text;
  return made;
}

export default {
  template: `<div class="cam-map" role="application" :aria-label="texts['map.label']"><div ref="ground" class="cam-map__ground"></div></div>`,
  props: {
    places: Array, // [{id, lat, lon, heading, fov, range, state, icon, title, lines: [], count, severity}]
    shape: Object, // {kind: "radius", lat, lon, radius_m} | {kind: "box", west, south, east, north} | null
    tool: String, // "" | "radius" | "box": what a click or a drag on the map draws
    selected: String,
    centre: Array, // [lat, lon, zoom] where there is nothing to fit to
    tiles: String,
    attribution: String,
    boundaries: String,
    texts: Object,
    resourcePath: String,
  },
  async mounted() {
    this.markers = new Map();
    await this.$nextTick();
    await loadResource(`${window.path_prefix}${this.resourcePath}/leaflet/leaflet.css`);
    if (!this.$refs.ground) return;
    const map = L.map(this.$refs.ground, { zoomControl: false, attributionControl: Boolean(this.tiles && this.attribution), boxZoom: false, maxZoom: 20 });
    this.map = map;
    L.control.zoom({ zoomInTitle: this.texts["map.zoom_in"], zoomOutTitle: this.texts["map.zoom_out"] }).addTo(map);
    L.control.scale({ imperial: false, maxWidth: 120 }).addTo(map);
    if (map.attributionControl) map.attributionControl.setPrefix(false);
    if (this.tiles) L.tileLayer(this.tiles, { attribution: this.attribution, maxZoom: 20, maxNativeZoom: 19 }).addTo(map);
    this.sectors = L.layerGroup().addTo(map);
    this.drawn = L.layerGroup().addTo(map);
    this.points = L.layerGroup().addTo(map);
    map.setView([this.centre[0], this.centre[1]], this.centre[2]);
    this.fit();
    this.drawPlaces();
    this.drawShape();
    this.listen();
    this.observer = new ResizeObserver(() => map.invalidateSize({ pan: false }));
    this.observer.observe(this.$el);
    if (this.boundaries) this.loadBoundaries();
    this.$el.dataset.ready = "true";
  },
  unmounted() {
    this.observer?.disconnect();
    this.map?.remove();
  },
  watch: {
    places() {
      this.drawPlaces();
    },
    shape() {
      this.drawShape();
    },
    selected(id) {
      this.drawPlaces();
      const place = this.places.find((p) => p.id === id);
      if (place && this.map && !this.map.getBounds().pad(-0.15).contains([place.lat, place.lon])) this.map.panTo([place.lat, place.lon]);
    },
    tool() {
      this.$refs.ground.classList.toggle("cam-map__ground--drawing", Boolean(this.tool));
    },
  },
  methods: {
    fit() {
      const box = this.extent();
      if (box) this.map.fitBounds(box, FIT);
    },
    extent() {
      if (this.shape?.kind === "box") return L.latLngBounds([this.shape.south, this.shape.west], [this.shape.north, this.shape.east]);
      if (this.shape?.kind === "radius") return L.latLng(this.shape.lat, this.shape.lon).toBounds(this.shape.radius_m * 2);
      if (!this.places.length) return null;
      return L.latLngBounds(this.places.map((p) => [p.lat, p.lon]));
    },
    async loadBoundaries() {
      const answer = await fetch(this.boundaries, { credentials: "same-origin" });
      if (!answer.ok) return;
      const names = [];
      this.map.createPane("names").style.zIndex = 450; // above the lines, below the pins
      const layer = L.geoJSON(await answer.json(), {
        interactive: false,
        style: (feature) => ({ className: `cam-map__line cam-map__line--${lineKind(feature)}` }),
        pointToLayer: (_, at) => L.circleMarker(at, { radius: 2, className: "cam-map__line" }),
        onEachFeature: (feature, drawn) => {
          const name = feature.properties?.name;
          if (!name || !drawn.getBounds || names.length >= NAMES_MAX) return;
          const kind = lineKind(feature);
          drawn.bindTooltip(element("span", "", name), { permanent: true, direction: "center", className: `cam-map__name cam-map__name--${kind}`, interactive: false, pane: "names" });
          names.push({ drawn, chars: String(name).length });
        },
      }).addTo(this.map);
      // A name is shown where its line or area is about as long as the name.
      const show = () => {
        for (const { drawn, chars } of names) {
          const box = drawn.getBounds();
          const long = this.map.latLngToLayerPoint(box.getNorthWest()).distanceTo(this.map.latLngToLayerPoint(box.getSouthEast()));
          if (long > chars * NAME_PX) drawn.openTooltip();
          else drawn.closeTooltip();
        }
      };
      this.map.on("zoomend", show);
      show();
      layer.bringToBack();
      if (!this.places.length && !this.shape && layer.getBounds().isValid()) this.map.fitBounds(layer.getBounds(), FIT);
    },
    drawPlaces() {
      if (!this.map) return;
      const seen = new Set();
      this.sectors.clearLayers();
      for (const place of this.places) {
        seen.add(place.id);
        const drawing = JSON.stringify([place, place.id === this.selected]);
        let marker = this.markers.get(place.id);
        if (!marker) {
          const icon = L.divIcon({ className: "cam-pin-box", iconSize: [28, 28] }); // else Leaflet fetches its own picture
          marker = L.marker([place.lat, place.lon], { icon, keyboard: true, riseOnHover: true }).addTo(this.points);
          marker.on("click keypress", (e) => {
            if (e.type === "keypress" && e.originalEvent.key !== "Enter") return;
            this.$emit("pick", place.id);
          });
          marker.bindTooltip(() => marker.label, { direction: "top", offset: [0, -14], className: "cam-map__tip" });
          this.markers.set(place.id, marker);
        }
        if (marker.drawing !== drawing) this.dress(marker, place, drawing);
        if (place.heading !== null && place.heading !== undefined && place.fov) this.sector(place);
      }
      for (const [id, marker] of this.markers) {
        if (seen.has(id)) continue;
        marker.remove();
        this.markers.delete(id);
      }
      this.spread();
    },
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
    },
    dress(marker, place, drawing) {
      marker.drawing = drawing;
      const pin = element("div", `cam-pin cam-pin--${place.state}${place.id === this.selected ? " cam-pin--selected" : ""}${place.count ? " cam-pin--count" : ""}`);
      if (place.count) pin.append(element("span", "cam-pin__count", place.count));
      else pin.append(element("i", "material-icons cam-pin__icon", place.icon));
      marker.setLatLng([place.lat, place.lon]);
      marker.setIcon(L.divIcon({ html: pin, className: "cam-pin-box", iconSize: [28, 28] }));
      marker.setZIndexOffset(place.id === this.selected ? 1000 : place.rank || 0);
      const label = element("div");
      label.append(element("strong", "", place.title));
      for (const line of place.lines) label.append(element("div", "", line));
      marker.label = label;
      const box = marker.getElement();
      if (box) {
        box.setAttribute("aria-label", [place.title, ...place.lines].join(", "));
        box.setAttribute("role", "button");
        box.dataset.place = place.id;
      }
    },
    sector(place) {
      const reach = place.range || 60;
      const from = place.heading - place.fov / 2;
      const corners = place.fov >= 360 ? [] : [[place.lat, place.lon]];
      for (let i = 0; i <= SECTOR_STEPS; i++) corners.push(offset(place.lat, place.lon, from + (place.fov * i) / SECTOR_STEPS, reach));
      L.polygon(corners, { interactive: false, className: `cam-map__sector cam-map__sector--${place.state}` }).addTo(this.sectors);
    },
    drawShape(shape = this.shape) {
      if (!this.map) return;
      this.drawn.clearLayers();
      if (!shape) return;
      if (shape.kind === "box") {
        L.rectangle([[shape.south, shape.west], [shape.north, shape.east]], { interactive: false, className: "cam-map__shape" }).addTo(this.drawn);
      } else {
        L.circle([shape.lat, shape.lon], { radius: shape.radius_m, interactive: false, className: "cam-map__shape" }).addTo(this.drawn);
        L.circleMarker([shape.lat, shape.lon], { radius: 3, interactive: false, className: "cam-map__shape-centre" }).addTo(this.drawn);
      }
    },
    listen() {
      const map = this.map;
      let start = null;
      const shapeTo = (at) => {
        if (this.tool === "box") {
          const b = L.latLngBounds(start, at);
          return { kind: "box", west: b.getWest(), south: b.getSouth(), east: b.getEast(), north: b.getNorth() };
        }
        return { kind: "radius", lat: start.lat, lon: start.lng, radius_m: Math.round(start.distanceTo(at)) };
      };
      map.on("zoomend", () => this.spread());
      map.on("mousedown", (e) => {
        if (!this.tool || e.originalEvent.button !== 0) return;
        start = e.latlng;
        map.dragging.disable();
      });
      map.on("mousemove", (e) => start && this.drawShape(shapeTo(e.latlng)));
      const finish = (at) => {
        if (!start) return;
        map.dragging.enable();
        const moved = map.latLngToContainerPoint(start).distanceTo(map.latLngToContainerPoint(at)) > 4;
        const centre = start;
        const shape = moved ? shapeTo(at) : null;
        start = null;
        // A click without a drag sets the centre and keeps the radius that the field beside the map holds.
        if (shape && (shape.kind === "box" || shape.radius_m > 0)) this.$emit("draw", shape);
        else if (this.tool === "radius") this.$emit("draw", { kind: "radius", lat: centre.lat, lon: centre.lng, radius_m: null });
        else this.drawShape();
      };
      map.on("mouseup", (e) => finish(e.latlng));
      map.getContainer().addEventListener("mouseleave", () => {
        if (!start) return;
        start = null;
        map.dragging.enable();
        this.drawShape();
      });
    },
  },
};
