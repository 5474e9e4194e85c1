// The map of the pages: cameras, incidents counted at them, heat, and a shape that the user draws.
import { leaflet as L } from "nicegui-leaflet";
import { Drawing } from "camsvc-map/draw.js";
import { FIT, Ground, styled } from "camsvc-map/ground.js";
import { HeatLayer } from "camsvc-map/heat.js";
import { Pins } from "camsvc-map/pins.js";

const ICONS = { radius: "radio_button_unchecked", box: "crop_square", polygon: "pentagon", route: "timeline" };

export default {
  template: `
<div class="cam-map" role="application" :aria-label="ground.texts['map.label']">
  <div ref="ground" class="cam-map__ground"></div>
  <div v-if="tools.length || offersHeat" class="cam-map__bar">
    <div v-if="tools.length" class="cam-seg" role="group" :aria-label="texts['map.draw.label']">
      <button v-for="each in tools" :key="each" type="button" :data-tool="each" :title="texts['map.draw.' + each]" :aria-label="texts['map.draw.' + each]" :aria-pressed="String(using === each)" @click="use(each)"><i class="material-icons" aria-hidden="true">{{ icons[each] }}</i></button>
      <button type="button" data-map="undo" :disabled="!undoable" :title="texts['map.draw.undo'] + ' (Ctrl+Z)'" :aria-label="texts['map.draw.undo']" @click="drawing.undo()"><i class="material-icons" aria-hidden="true">undo</i></button>
      <button type="button" data-map="erase" :disabled="!drawn && !drafting" :title="texts['map.draw.erase']" :aria-label="texts['map.draw.erase']" @click="drawing.erase()"><i class="material-icons" aria-hidden="true">delete</i></button>
    </div>
    <div v-if="offersHeat" class="cam-seg"><button type="button" data-map="heat" :aria-pressed="String(hot)" @click="warm"><i class="material-icons" aria-hidden="true">whatshot</i><span>{{ texts['map.heat'] }}</span></button></div>
  </div>
  <p v-if="using" class="cam-map__how" role="status">{{ texts['map.draw.' + how] }}</p>
  <div v-else-if="heat" class="cam-map__scale" role="status">
    <template v-if="most"><span>1</span><span class="cam-map__ramp" aria-hidden="true"></span><span>{{ heat.exact ? mostText : texts['map.heat_about'].replace('{n}', mostText) }}</span></template>
    <span v-else>{{ texts['map.heat_none'] }}</span>
  </div>
</div>`,
  props: {
    ground: Object, // map_modules.ground
    places: Array, // [{id, lat, lon, heading, fov, range, state, icon, title, lines: [], count, rank}]
    shape: Object, // web/shapes.py; null without
    also: Array, // shapes that are only shown
    tool: String, // "", or what a click or a drag draws
    tools: Array, // offered on the map
    selected: String,
    heat: Object, // {cells: [[lat, lon, number]], exact} | null
    offersHeat: Boolean,
    radiusM: Number, // of a circle or route that has none
    areas: Array, // paths of areas whose boundaries are marked
    locale: String,
    texts: Object,
    resourcePath: String,
  },
  data() {
    return { using: this.tool, undoable: false, drafting: false, drawn: Boolean(this.shape), hot: false, most: 0, icons: ICONS };
  },
  computed: {
    how() {
      return `${this.using}_how`;
    },
    mostText() {
      return new Intl.NumberFormat(this.locale).format(this.most);
    },
  },
  async mounted() {
    await this.$nextTick();
    await styled(`${window.path_prefix}${this.resourcePath}/leaflet/leaflet.css`);
    await styled(this.ground.style);
    if (!this.$refs.ground) return;
    this.base = new Ground(this.$refs.ground, this.ground, () => this.fit());
    const { map } = this.base;
    this.heats = new HeatLayer(map, (most) => (this.most = most));
    this.drawing = new Drawing(map, {
      texts: this.texts,
      locale: this.locale,
      radiusM: () => this.radiusM,
      changed: (shape) => this.$emit("draw", shape),
      state: ({ undoable, drafting, drawn, done }) => {
        this.drawn = drawn;
        this.undoable = undoable;
        this.drafting = drafting;
        if (done && !this.tool) this.using = ""; // the map is for moving about again
      },
    });
    this.pins = new Pins(map, { texts: this.ground.texts, pick: (id) => this.$emit("pick", id), free: () => !this.drawing.hasActed && (!this.using || (this.using === "radius" && !this.drafting)) });
    this.fit();
    this.pins.show(this.places, this.selected);
    this.drawing.show(this.shape, this.also);
    this.drawing.use(this.using);
    this.base.mark(this.areas);
    this.warmUp();
    const loading = this.base.loadLayers();
    this.$el.dataset.ready = "true";
    const extent = await loading;
    if (extent && !this.extent()) map.fitBounds(extent, FIT);
  },
  unmounted() {
    this.base?.remove();
  },
  watch: {
    places() {
      this.pins?.show(this.places, this.selected);
    },
    shape(now, before) {
      this.drawing?.show(now, this.also);
      if (now && !before && !this.drawing?.isOurs(now)) this.fit();
    },
    also() {
      this.drawing?.show(this.shape, this.also);
    },
    selected(id) {
      if (!this.base) return;
      this.pins.show(this.places, id);
      const place = this.places.find((each) => each.id === id);
      if (place && !this.base.map.getBounds().pad(-0.15).contains([place.lat, place.lon])) this.base.map.panTo([place.lat, place.lon]);
    },
    tool(now) {
      this.using = now;
    },
    using(now) {
      this.drawing?.use(now);
    },
    heat() {
      this.warmUp();
    },
    areas(now) {
      this.base?.mark(now);
    },
  },
  methods: {
    fit() {
      const box = this.extent();
      if (box) this.base.map.fitBounds(box, FIT);
    },
    extent() {
      const shape = this.shape || this.also[0];
      const box = shape && Drawing.extent(shape);
      if (box) return box;
      return this.places.length ? L.latLngBounds(this.places.map((each) => [each.lat, each.lon])) : null;
    },
    use(tool) {
      this.using = this.using === tool ? "" : tool;
    },
    warm() {
      this.hot = !this.hot;
      this.$emit("heat", this.hot);
    },
    warmUp() {
      if (!this.heats) return;
      this.heats.show(this.heat ? this.heat.cells : []);
      this.hot = Boolean(this.heat) || this.hot;
    },
  },
};
