// One camera: where it stands, where it looks, how wide and how far; each set with a handle.
import { leaflet as L } from "nicegui-leaflet";
import { bearingDeg, distanceM, lengthText, offset, sector } from "camsvc-map/geometry.js";
import { FIT, Ground, styled } from "camsvc-map/ground.js";
import { handle } from "camsvc-map/handle.js";
import { Pins } from "camsvc-map/pins.js";

const AROUND = 4; // ranges to each side of a camera that the map shows at first
const FOV_MIN_DEG = 4; // as narrow as the edges can be drawn together
const turn = (deg) => ((deg % 360) + 360) % 360;

export default {
  template: `<div class="cam-map" role="application" :aria-label="ground.texts['map.label']"><div ref="ground" class="cam-map__ground"></div><p class="cam-map__how">{{ texts['map.camera.how'] }}</p></div>`,
  props: {
    ground: Object, // map_modules.ground
    location: Object, // {lat, lon, heading_deg, fov_deg, range_m} | null
    others: Array, // places, for orientation
    rangeM: Number, // where none is known
    fovDeg: Number,
    locale: String,
    texts: Object,
    resourcePath: String,
  },
  async mounted() {
    await this.$nextTick();
    await styled(`${window.path_prefix}${this.resourcePath}/leaflet/leaflet.css`);
    await styled(this.ground.style);
    if (!this.$refs.ground) return;
    this.base = new Ground(this.$refs.ground, this.ground, () => this.fit());
    const { map } = this.base;
    this.seen = L.layerGroup().addTo(map);
    this.pins = new Pins(map, { texts: this.ground.texts, pick: () => {}, free: () => true });
    this.pins.show(this.others, null);
    this.handles = L.layerGroup().addTo(map);
    this.now = this.location;
    this.fit();
    this.draw();
    map.on("click", (event) => {
      if (!this.now) this.tell({ lat: event.latlng.lat, lon: event.latlng.lng, heading_deg: 0, fov_deg: this.fovDeg, range_m: this.rangeM });
    });
    await this.base.loadLayers();
    this.$el.dataset.ready = "true";
  },
  unmounted() {
    this.base?.remove();
  },
  watch: {
    location(now) {
      if (JSON.stringify(now) === JSON.stringify(this.now)) return;
      this.now = now;
      this.draw();
      if (now && this.base && !this.base.map.getBounds().contains([now.lat, now.lon])) this.fit();
    },
    others(now) {
      this.pins?.show(now, null);
    },
  },
  methods: {
    fit() {
      const { map } = this.base;
      if (this.now) map.fitBounds(L.latLng(this.now.lat, this.now.lon).toBounds((this.now.range_m || this.rangeM) * 2 * AROUND), FIT);
      else if (this.others.length) map.fitBounds(L.latLngBounds(this.others.map((each) => [each.lat, each.lon])), FIT);
    },
    whole(location) {
      return { ...location, heading_deg: location.heading_deg ?? 0, fov_deg: location.fov_deg ?? this.fovDeg, range_m: location.range_m ?? this.rangeM };
    },
    // Handles are made anew when a move is done, not while one is held.
    draw() {
      if (!this.handles) return;
      this.handles.clearLayers();
      this.sight();
      if (!this.now) return;
      const turned = (at) => (base) => {
        const half = Math.abs(((turn(bearingDeg([base.lat, base.lon], at) - base.heading_deg) + 180) % 360) - 180);
        return { ...base, fov_deg: Math.round(Math.min(360, Math.max(FOV_MIN_DEG, half * 2))) };
      };
      const aimed = (at) => (base) => ({ ...base, heading_deg: turn(Math.round(bearingDeg([base.lat, base.lon], at))), range_m: Math.max(1, Math.round(distanceM([base.lat, base.lon], at))) });
      const knowing = (change) => (base, at) => change(at)(this.whole(base)); // what was not known is what is drawn
      this.places = [
        ["position", "videocam", "position", (of) => [of.lat, of.lon], (base, at) => ({ ...base, lat: at[0], lon: at[1] })],
        ["aim", "navigation", "aim", (of) => offset(of.lat, of.lon, of.heading_deg, of.range_m), knowing(aimed)],
        ["edge", "", "left", (of) => offset(of.lat, of.lon, of.heading_deg - of.fov_deg / 2, of.range_m * 0.8), knowing(turned)],
        ["edge", "", "right", (of) => offset(of.lat, of.lon, of.heading_deg + of.fov_deg / 2, of.range_m * 0.8), knowing(turned)],
      ].map(([kind, icon, text, place, move]) => {
        let base = null;
        const made = handle(this.base.map, place(this.whole(this.now)), {
          kind,
          icon,
          label: this.texts["map.camera." + text],
          begin: () => (base = this.now),
          moving: (at) => this.follow(move(base, at), made),
          moved: (at) => this.tell(move(base, at)),
        });
        made.addTo(this.handles);
        made.place = place;
        return made;
      });
      this.face();
    },
    face() {
      const arrow = this.places?.[1]?.getElement()?.querySelector(".material-icons");
      if (arrow) arrow.style.transform = `rotate(${this.whole(this.now).heading_deg}deg)`;
    },
    follow(location, held) {
      this.now = location;
      this.sight();
      for (const each of this.places) if (each !== held) each.setLatLng(each.place(this.whole(location)));
      this.face();
    },
    sight() {
      this.seen.clearLayers();
      if (!this.now) return;
      const of = this.whole(this.now);
      const known = this.now.heading_deg !== null && this.now.fov_deg !== null;
      const className = `cam-map__sector cam-map__sector--${known ? "edited" : "unknown"}`;
      const shape = L.polygon(sector(of.lat, of.lon, of.heading_deg, of.fov_deg, of.range_m), { interactive: false, className }).addTo(this.seen);
      if (!known) return;
      shape.bindTooltip(`${Math.round(of.heading_deg)}° · ${Math.round(of.fov_deg)}° · ${lengthText(of.range_m, this.locale)}`, { permanent: true, direction: "bottom", className: "cam-map__tip" });
    },
    tell(location) {
      const held = document.activeElement?.dataset?.handle ? [...this.$el.querySelectorAll("[data-handle]")].indexOf(document.activeElement) : -1;
      this.now = location;
      this.draw();
      if (held >= 0) this.$el.querySelectorAll("[data-handle]")[held]?.focus();
      this.$emit("change", location);
    },
  },
};
