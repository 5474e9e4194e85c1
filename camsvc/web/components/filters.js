// The conditions of a search. Holds what the user entered, tells the server each change, shows what the server refused.
// A time is sent when Enter is pressed or the field is left, never half typed.

export default {
  template: `
<form class="cam-rail" :aria-label="texts['filter.label']" @submit.prevent="typed" role="search">
  <fieldset class="cam-rail__group">
    <legend><span>{{ texts['filter.time'] }}</span><span class="cam-soft">{{ zone }}</span></legend>
    <div class="cam-chips" style="margin-bottom:8px">
      <button v-for="r in ranges" :key="r.value" type="button" class="cam-chip" :aria-pressed="String(range === r.value)" :data-range="r.value" @click="$emit('range', r.value)">{{ r.label }}</button>
    </div>
    <label v-for="edge in ['from', 'to']" :key="edge" class="cam-field" :class="{'cam-field--wrong': errors[edge]}">
      <span class="cam-field__label">{{ texts['filter.' + edge] }}</span>
      <input type="text" autocomplete="off" spellcheck="false" :name="edge" v-model="times[edge]" :placeholder="edge === 'from' ? texts['filter.from_hint'] : texts['filter.to_hint']"
        :aria-invalid="String(Boolean(errors[edge]))" :aria-describedby="errors[edge] ? 'cam-error-' + edge : null" @change="typed" />
      <span v-if="errors[edge]" class="cam-field__error" :id="'cam-error-' + edge" role="alert"><i class="material-icons" aria-hidden="true">error_outline</i>{{ errors[edge] }}</span>
    </label>
  </fieldset>
  <fieldset class="cam-rail__group">
    <legend><span>{{ texts['filter.place'] }}</span></legend>
    <q-select dense outlined multiple use-chips use-input input-debounce="0" options-dense emit-value map-options :options="shownAreas" :model-value="value.area" :placeholder="value.area.length ? undefined : texts['filter.area']"
      :aria-label="texts['filter.area']" popup-content-class="cam-options" @filter="filterAreas" @update:model-value="set('area', $event)" dropdown-icon="account_tree" behavior="menu" data-test="area">
      <template #option="o"><q-item v-bind="o.itemProps"><q-item-section :style="{paddingLeft: (o.opt.depth * 14) + 'px'}"><q-item-label>{{ o.opt.label }}</q-item-label></q-item-section></q-item></template>
      <template #no-option><q-item><q-item-section class="cam-soft">{{ texts['filter.none'] }}</q-item-section></q-item></template>
    </q-select>
    <q-select dense outlined multiple use-chips use-input input-debounce="0" options-dense emit-value map-options :options="shownCameras" :model-value="value.camera" :placeholder="value.camera.length ? undefined : texts['filter.camera']"
      :aria-label="texts['filter.camera']" popup-content-class="cam-options" @filter="filterCameras" @update:model-value="set('camera', $event)" dropdown-icon="videocam" behavior="menu" data-test="camera">
      <template #option="o"><q-item v-bind="o.itemProps"><q-item-section><q-item-label>{{ o.opt.label }}</q-item-label><q-item-label caption>{{ o.opt.value }}</q-item-label></q-item-section></q-item></template>
      <template #no-option><q-item><q-item-section class="cam-soft">{{ texts['filter.none'] }}</q-item-section></q-item></template>
    </q-select>
    <div v-if="place" class="cam-picked"><i class="material-icons" aria-hidden="true">place</i><span>{{ place }}</span>
      <button type="button" :title="texts['filter.place_edit']" :aria-label="texts['filter.place_edit']" @click="$emit('pick')"><i class="material-icons" aria-hidden="true">edit</i></button>
      <button type="button" :title="texts['filter.place_clear']" :aria-label="texts['filter.place_clear']" @click="$emit('unpick')"><i class="material-icons" aria-hidden="true">close</i></button></div>
    <button v-else type="button" class="cam-btn" style="width:100%" data-test="pick" @click="$emit('pick')"><i class="material-icons" aria-hidden="true">add_location_alt</i>{{ texts['filter.place_pick'] }}</button>
    <template v-for="name in ['near', 'radius_m', 'bbox', 'area', 'camera', 'link']" :key="name"><span v-if="errors[name]" class="cam-field__error" role="alert"><i class="material-icons" aria-hidden="true">error_outline</i><span>{{ errors[name] }}</span>
      <button v-if="!['area', 'camera'].includes(name)" type="button" class="cam-btn cam-btn--quiet cam-btn--icon" style="height:20px;width:20px;flex:none" :title="texts['filter.place_clear']" :aria-label="texts['filter.place_clear']" @click="$emit('unpick')"><i class="material-icons" aria-hidden="true">close</i></button></span></template>
  </fieldset>
  <fieldset v-for="group in groups" :key="group.name" class="cam-rail__group">
    <legend><span>{{ group.label }}</span><button v-if="value[group.name].length" type="button" class="cam-btn cam-btn--quiet" style="height:18px;font-size:11px;padding:0 2px" @click="set(group.name, [])">{{ texts['filter.any'] }}</button></legend>
    <div class="cam-chips">
      <button v-for="o in group.options" :key="o.value" type="button" class="cam-chip" :aria-pressed="String(value[group.name].includes(o.value))" :data-chip="group.name + ':' + o.value" @click="flip(group.name, o.value)"><i v-if="o.icon" class="material-icons" aria-hidden="true">{{ o.icon }}</i>{{ o.label }}</button>
    </div>
    <span v-if="errors[group.name]" class="cam-field__error" role="alert"><i class="material-icons" aria-hidden="true">error_outline</i>{{ errors[group.name] }}</span>
  </fieldset>
  <button type="button" class="cam-btn" style="width:100%" :disabled="!narrowed" @click="$emit('clear')"><i class="material-icons" aria-hidden="true">filter_alt_off</i>{{ texts['filter.clear'] }}</button>
</form>`,
  props: {
    value: Object, // {from, to: typed text; area, camera, kind, object, severity, state: lists}
    errors: Object, // field: sentence
    range: String,
    ranges: Array,
    place: String, // words for the picked area, null without
    narrowed: Boolean,
    areas: Array, // [{value, label, depth, path}]
    cameras: Array,
    groups: Array, // [{name, label, options: [{value, label, icon}]}]
    zone: String,
    texts: Object,
  },
  data() {
    return { times: { from: this.value.from, to: this.value.to }, shownAreas: this.areas, shownCameras: this.cameras };
  },
  watch: {
    value(now) {
      if (!this.errors.from) this.times.from = now.from;
      if (!this.errors.to) this.times.to = now.to;
      this.sent = null;
    },
    areas(now) {
      this.shownAreas = now;
    },
    cameras(now) {
      this.shownCameras = now;
    },
  },
  mounted() {
    this.$el.dataset.ready = "true";
  },
  methods: {
    set(name, value) {
      this.$emit("change", { [name]: value || [] });
    },
    flip(name, option) {
      const now = this.value[name];
      this.set(name, now.includes(option) ? now.filter((each) => each !== option) : [...now, option]);
    },
    typed() {
      if (this.times.from === this.sent?.from && this.times.to === this.sent?.to) return;
      this.sent = { ...this.times };
      this.$emit("change", { from: this.times.from, to: this.times.to });
    },
    // Vietnamese is found without its diacritics too: "bac ninh" finds "Bắc Ninh".
    plain(text) {
      return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/đ/g, "d").replace(/Đ/g, "D").toLowerCase();
    },
    filterAreas(text, update) {
      update(() => (this.shownAreas = this.found(this.areas, text)));
    },
    filterCameras(text, update) {
      update(() => (this.shownCameras = this.found(this.cameras, text)));
    },
    found(options, text) {
      const wanted = this.plain(text).split(/\s+/).filter(Boolean);
      return options.filter((o) => wanted.every((word) => this.plain(`${o.label} ${o.value} ${o.path || ""}`).includes(word)));
    },
  },
};
