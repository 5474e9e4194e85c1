// The conditions of a search. Holds what the user entered, tells the server each change, shows what the server refused
// and, beside each choice, how many incidents it would find. A text is sent when Enter is pressed or the field is left,
// never half typed.

const WINDS = ["n", "ne", "e", "se", "s", "sw", "w", "nw"];
const LASTING = [[null, 10], [10, 60], [60, 300], [300, null]]; // seconds: the spans that people name

const wedge = (i) => {
  const point = (r, deg) => [50 + r * Math.sin((deg * Math.PI) / 180), 50 - r * Math.cos((deg * Math.PI) / 180)].map((n) => n.toFixed(2));
  const [from, to] = [45 * i - 21.5, 45 * i + 21.5];
  return `M${point(16, from)} L${point(46, from)} A46 46 0 0 1 ${point(46, to)} L${point(16, to)} A16 16 0 0 0 ${point(16, from)}Z`;
};

export default {
  template: `
<form class="cam-rail" :aria-label="texts['filter.label']" @submit.prevent="typed" role="search">
  <fieldset class="cam-rail__group">
    <legend><span>{{ texts['filter.time'] }}</span><span class="cam-soft">{{ zone }}</span></legend>
    <div class="cam-chips" style="margin-bottom:8px">
      <button v-for="r in ranges" :key="r.value" type="button" class="cam-chip" :aria-pressed="String(range === r.value)" :data-range="r.value" @click="$emit('range', r.value)">{{ r.label }}</button>
    </div>
    <div class="cam-rail__pair">
    <label v-for="edge in ['from', 'to']" :key="edge" class="cam-field" :class="{'cam-field--wrong': errors[edge]}">
      <span class="cam-field__label">{{ texts['filter.' + edge] }}</span>
      <input type="text" autocomplete="off" spellcheck="false" :name="edge" v-model="times[edge]" :placeholder="edge === 'from' ? texts['filter.from_hint'] : texts['filter.to_hint']"
        :aria-invalid="String(Boolean(errors[edge]))" :aria-describedby="errors[edge] ? 'cam-error-' + edge : null" @change="typed" />
    </label>
    </div>
    <template v-for="edge in ['from', 'to']" :key="edge"><span v-if="errors[edge]" class="cam-field__error" :id="'cam-error-' + edge" role="alert"><i class="material-icons" aria-hidden="true">error_outline</i>{{ errors[edge] }}</span></template>
  </fieldset>
  <fieldset class="cam-rail__group">
    <legend><span>{{ texts['filter.place'] }}</span></legend>
    <q-select v-for="s in selects" :key="s.name" dense outlined multiple use-chips use-input input-debounce="0" options-dense emit-value map-options :options="shown[s.name]" :model-value="value[s.name]" :placeholder="value[s.name].length ? undefined : texts['filter.' + s.name]"
      :aria-label="texts['filter.' + s.name]" popup-content-class="cam-options" @filter="(text, update) => offer(s.name, text, update)" @update:model-value="set(s.name, $event)" :dropdown-icon="s.icon" behavior="menu" :data-test="s.name">
      <template #option="o"><q-item v-bind="o.itemProps"><q-item-section :style="{paddingLeft: ((o.opt.depth || 0) * 14) + 'px'}"><q-item-label>{{ o.opt.label }}</q-item-label><q-item-label v-if="s.name === 'camera'" caption>{{ o.opt.value }}</q-item-label></q-item-section>
        <q-item-section side class="cam-rail__count">{{ counts[s.name]?.[o.opt.value] || (counted ? '0' : '') }}</q-item-section></q-item></template>
      <template #no-option><q-item><q-item-section class="cam-soft">{{ texts['filter.none'] }}</q-item-section></q-item></template>
    </q-select>
    <div v-if="place" class="cam-picked"><i class="material-icons" aria-hidden="true">place</i><span>{{ place }}</span>
      <button type="button" :title="texts['filter.place_edit']" :aria-label="texts['filter.place_edit']" @click="$emit('pick')"><i class="material-icons" aria-hidden="true">edit</i></button>
      <button type="button" :title="texts['filter.place_clear']" :aria-label="texts['filter.place_clear']" @click="$emit('unpick')"><i class="material-icons" aria-hidden="true">close</i></button></div>
    <button v-else type="button" class="cam-btn" style="width:100%" data-test="pick" @click="$emit('pick')"><i class="material-icons" aria-hidden="true">add_location_alt</i>{{ texts['filter.place_pick'] }}</button>
    <label v-if="place" class="cam-rail__check"><input type="checkbox" :checked="value.sees" data-test="sees" @change="$emit('change', {sees: $event.target.checked})" />{{ texts['filter.sees'] }}</label>
    <template v-for="name in ['near', 'route', 'radius_m', 'bbox', 'polygon', 'area', 'camera', 'link']" :key="name"><span v-if="errors[name]" class="cam-field__error" role="alert"><i class="material-icons" aria-hidden="true">error_outline</i><span>{{ errors[name] }}</span>
      <button v-if="!['area', 'camera'].includes(name)" type="button" class="cam-btn cam-btn--quiet cam-btn--icon" style="height:20px;width:20px;flex:none" :title="texts['filter.place_clear']" :aria-label="texts['filter.place_clear']" @click="$emit('unpick')"><i class="material-icons" aria-hidden="true">close</i></button></span></template>
  </fieldset>
  <fieldset v-for="group in groups" :key="group.name" class="cam-rail__group">
    <legend><span>{{ group.label }}</span><button v-if="value[group.name].length" type="button" class="cam-btn cam-btn--quiet cam-rail__any" @click="set(group.name, [])">{{ texts['filter.any'] }}</button></legend>
    <div class="cam-chips">
      <button v-for="o in group.options" :key="o.value" type="button" class="cam-chip" :class="{'cam-chip--none': counted && !counts[group.name]?.[o.value] && !value[group.name].includes(o.value) && group.counted}" :aria-pressed="String(value[group.name].includes(o.value))" :data-chip="group.name + ':' + o.value" @click="flip(group.name, o.value)"><i v-if="o.icon" class="material-icons" aria-hidden="true">{{ o.icon }}</i><span v-if="o.swatch" class="cam-swatch" :class="'cam-swatch--' + o.swatch"></span>{{ o.label }}<span v-if="counts[group.name]?.[o.value]" class="cam-chip__count">{{ counts[group.name][o.value] }}</span></button>
    </div>
    <span v-if="errors[group.name]" class="cam-field__error" role="alert"><i class="material-icons" aria-hidden="true">error_outline</i>{{ errors[group.name] }}</span>
  </fieldset>
  <div class="cam-rail__two">
    <fieldset v-if="has_directions || value.direction.length" class="cam-rail__group">
      <legend><span>{{ texts['filter.direction'] }}</span><button v-if="value.direction.length" type="button" class="cam-btn cam-btn--quiet cam-rail__any" @click="set('direction', [])">{{ texts['filter.any'] }}</button></legend>
      <svg class="cam-rose" viewBox="0 0 100 100" role="group" :aria-label="texts['filter.direction']" @keydown="turn">
        <g v-for="(w, i) in winds" :key="w" role="checkbox" :tabindex="i === needle ? 0 : -1" :aria-checked="String(value.direction.includes(w))" :aria-label="directions[w]" :data-chip="'direction:' + w" @click="flip('direction', w)" @focus="needle = i">
          <title>{{ directions[w] }}</title><path :d="wedge(i)" /><text v-if="i % 2 === 0" :x="50 + 32 * Math.sin(i * Math.PI / 4)" :y="50 - 32 * Math.cos(i * Math.PI / 4)">{{ texts['filter.wind.' + w] }}</text>
        </g>
      </svg>
    </fieldset>
    <fieldset class="cam-rail__group cam-rail__lasting">
      <legend><span>{{ texts['filter.duration'] }}</span></legend>
      <div class="cam-chips"><button v-for="(l, i) in lasting" :key="i" type="button" class="cam-chip" :aria-pressed="String(l[0] === value.min_duration_s && l[1] === value.max_duration_s)" :data-lasting="i" @click="last(l)">{{ texts['filter.lasting.' + i] }}</button></div>
      <div class="cam-rail__pair"><label v-for="edge in ['min_duration_s', 'max_duration_s']" :key="edge" class="cam-field" :class="{'cam-field--wrong': errors[edge]}"><span class="cam-hidden">{{ texts['filter.' + edge] }}</span>
        <input type="text" inputmode="decimal" :name="edge" v-model="durations[edge]" :placeholder="texts['filter.' + edge]" :title="texts['filter.' + edge]" @change="typedDuration" /></label></div>
      <template v-for="edge in ['min_duration_s', 'max_duration_s']" :key="edge"><span v-if="errors[edge]" class="cam-field__error" role="alert"><i class="material-icons" aria-hidden="true">error_outline</i>{{ errors[edge] }}</span></template>
    </fieldset>
  </div>
  <fieldset class="cam-rail__group">
    <legend><span>{{ texts['filter.said'] }}</span></legend>
    <label class="cam-field" :class="{'cam-field--wrong': errors.text}"><span class="cam-hidden">{{ texts['filter.text'] }}</span><input type="text" name="text" autocomplete="off" v-model="words" :placeholder="texts['filter.text']" @change="typedWords" /></label>
    <q-select v-for="s in given" :key="s.name" dense outlined multiple use-chips use-input input-debounce="0" options-dense :options="shown[s.name]" :model-value="value[s.name]" :placeholder="value[s.name].length ? undefined : texts['filter.' + s.name]" new-value-mode="add-unique" hide-dropdown-icon
      :aria-label="texts['filter.' + s.name]" popup-content-class="cam-options" @filter="(text, update) => offer(s.name, text, update)" @update:model-value="set(s.name, $event)" behavior="menu" :data-test="s.name"><template #prepend><i class="material-icons cam-soft" aria-hidden="true">{{ s.icon }}</i></template></q-select>
    <template v-for="name in ['text', 'tag', 'assignee']" :key="name"><span v-if="errors[name]" class="cam-field__error" role="alert"><i class="material-icons" aria-hidden="true">error_outline</i>{{ errors[name] }}</span></template>
  </fieldset>
  <button type="button" class="cam-btn" style="width:100%" :disabled="!narrowed" @click="$emit('clear')"><i class="material-icons" aria-hidden="true">filter_alt_off</i>{{ texts['filter.clear'] }}</button>
</form>`,
  props: {
    value: Object, // {from, to, text: as typed; min_duration_s, max_duration_s: numbers or null; sees; the others: lists}
    errors: Object, // field: sentence
    range: String,
    ranges: Array,
    place: String, // words for the picked area, null without
    narrowed: Boolean,
    areas: Array, // [{value, label, depth, path}]
    cameras: Array,
    tags: Array, // that people have given, the most used first
    accounts: Array,
    groups: Array, // [{name, label, counted, options: [{value, label, icon, swatch}]}]
    counts: Object, // field: {value: number as text}
    counted: Boolean, // whether counts are there: then what has none has 0
    has_directions: Boolean, // whether of anything found it is known which way it went
    directions: Object, // wind: name
    zone: String,
    texts: Object,
  },
  data() {
    return {
      times: { from: this.value.from, to: this.value.to },
      durations: this.seconds(this.value),
      words: this.value.text || "",
      shown: { area: this.areas, camera: this.cameras, tag: this.tags, assignee: this.accounts },
      selects: [{ name: "area", icon: "account_tree" }, { name: "camera", icon: "videocam" }],
      given: [{ name: "tag", icon: "sell" }, { name: "assignee", icon: "assignment_ind" }],
      winds: WINDS,
      lasting: LASTING,
      needle: 0,
    };
  },
  watch: {
    value(now) {
      if (!this.errors.from) this.times.from = now.from;
      if (!this.errors.to) this.times.to = now.to;
      if (!this.errors.min_duration_s && !this.errors.max_duration_s) this.durations = this.seconds(now);
      if (!this.errors.text) this.words = now.text || "";
      this.sent = null;
    },
    areas(now) {
      this.shown.area = now;
    },
    cameras(now) {
      this.shown.camera = now;
    },
  },
  mounted() {
    this.$el.dataset.ready = "true";
  },
  methods: {
    wedge,
    seconds(value) {
      return Object.fromEntries(["min_duration_s", "max_duration_s"].map((edge) => [edge, value[edge] === null || value[edge] === undefined ? "" : String(value[edge])]));
    },
    set(name, value) {
      this.$emit("change", { [name]: value || [] });
    },
    flip(name, option) {
      const now = this.value[name];
      this.set(name, now.includes(option) ? now.filter((each) => each !== option) : [...now, option]);
    },
    turn(event) {
      if (event.key === " " || event.key === "Enter") this.flip("direction", WINDS[this.needle]);
      else if (event.key === "ArrowRight" || event.key === "ArrowDown") this.needle = (this.needle + 1) % 8;
      else if (event.key === "ArrowLeft" || event.key === "ArrowUp") this.needle = (this.needle + 7) % 8;
      else return;
      event.preventDefault();
      this.$el.querySelectorAll(".cam-rose g")[this.needle].focus();
    },
    last([min, max]) {
      const off = this.value.min_duration_s === min && this.value.max_duration_s === max;
      this.$emit("change", { min_duration_s: off || min === null ? "" : String(min), max_duration_s: off || max === null ? "" : String(max) });
    },
    typed() {
      if (this.times.from === this.sent?.from && this.times.to === this.sent?.to) return;
      this.sent = { ...this.times };
      this.$emit("change", { from: this.times.from, to: this.times.to });
    },
    typedDuration() {
      this.$emit("change", { ...this.durations });
    },
    typedWords() {
      this.$emit("change", { text: this.words });
    },
    // Vietnamese is found without its diacritics too: "bac ninh" finds "Bắc Ninh".
    plain(text) {
      return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/đ/g, "d").replace(/Đ/g, "D").toLowerCase();
    },
    offer(name, text, update) {
      const all = { area: this.areas, camera: this.cameras, tag: this.tags, assignee: this.accounts }[name];
      const wanted = this.plain(text).split(/\s+/).filter(Boolean);
      const fits = (o) => typeof o === "string" ? this.plain(o) : this.plain(`${o.label} ${o.value} ${o.path || ""}`);
      update(() => (this.shown[name] = all.filter((o) => wanted.every((word) => fits(o).includes(word)))));
    },
  },
};
