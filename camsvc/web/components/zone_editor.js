// Zones and lines drawn on a camera's picture, in fractions of its width and height. Holds what is drawn, with undo;
// tells the server the whole after each change. Everything can be done with the keyboard.
const HISTORY = 100; // steps that can be undone
const FINE = 0.002; // an arrow key moves a point so far; with Shift ten times
const CLOSE_PX = 12; // a click so near to the first point closes the zone
const MAX_POINTS = 64; // as the configuration has it
const DIGITS = 4; // of a fraction: a tenth of a pixel in 1080p
const COLOURS = ["#ffd23f", "#4cc9f0", "#ff6b6b", "#80ed99", "#c77dff", "#ff9f1c"];

const clamp = (value) => Math.min(1, Math.max(0, Number(value.toFixed(DIGITS))));
const copy = (shapes) => JSON.parse(JSON.stringify(shapes));

function crosses([a, b], [c, d]) {
  const side = (p, q, r) => Math.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]));
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

export default {
  template: `
<div class="zone" @keydown="onKey">
  <div class="zone__tools" role="toolbar" :aria-label="texts['zone.tools']">
    <button type="button" class="cam-btn" data-test="add-zone" :aria-pressed="String(drawing?.kind === 'zone')" @click="begin('zone')"><i class="material-icons" aria-hidden="true">pentagon</i>{{ texts['zone.add_zone'] }}</button>
    <button type="button" class="cam-btn" data-test="add-line" :aria-pressed="String(drawing?.kind === 'line')" @click="begin('line')"><i class="material-icons" aria-hidden="true">polyline</i>{{ texts['zone.add_line'] }}</button>
    <span class="zone__space"></span>
    <button type="button" class="cam-btn cam-btn--icon" data-test="undo" :disabled="!past.length" :title="texts['zone.undo']" :aria-label="texts['zone.undo']" @click="undo"><i class="material-icons" aria-hidden="true">undo</i></button>
    <button type="button" class="cam-btn cam-btn--icon" data-test="redo" :disabled="!future.length" :title="texts['zone.redo']" :aria-label="texts['zone.redo']" @click="redo"><i class="material-icons" aria-hidden="true">redo</i></button>
    <button type="button" class="cam-btn cam-btn--icon" :title="texts['zone.picture']" :aria-label="texts['zone.picture']" @click="$emit('picture')"><i class="material-icons" aria-hidden="true">photo_camera</i></button>
  </div>
  <div ref="stage" class="zone__stage" :class="{'zone__stage--drawing': drawing}" :style="{aspectRatio: ratio}" @pointerdown="onStage" @pointermove="onMove" @dblclick.prevent="finish">
    <img v-if="src" :src="src" alt="" draggable="false" @load="measure" />
    <div v-else class="zone__blank"><i class="material-icons" aria-hidden="true">image_not_supported</i><span>{{ texts['zone.no_picture'] }}</span></div>
    <svg class="zone__ink" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
      <circle v-for="(m, i) in marks" :key="'m' + i" class="zone__mark" :cx="m[0]" :cy="m[1]" r="0.004" />
      <g v-for="(s, i) in shapes" :key="i" :style="{color: colour(i)}" :class="{'zone__shape--chosen': i === chosen}">
        <polygon v-if="s.kind === 'zone'" class="zone__area" :points="ink(s.points)" vector-effect="non-scaling-stroke" @pointerdown.stop="grabShape($event, i)" />
        <template v-else><polyline class="zone__grip" :points="ink(s.points)" vector-effect="non-scaling-stroke" @pointerdown.stop="grabShape($event, i)" /><polyline class="zone__line" :points="ink(s.points)" vector-effect="non-scaling-stroke" /></template>
      </g>
      <polyline v-if="drawing" class="zone__draft" :points="ink(drawing.cursor ? [...drawing.points, drawing.cursor] : drawing.points)" vector-effect="non-scaling-stroke" />
    </svg>
    <span v-for="(s, i) in shapes" :key="'n' + i" class="zone__name" :style="place(top(s.points), i)">{{ s.name }}</span>
    <template v-if="shapes[chosen] && !drawing">
      <button v-for="(p, j) in shapes[chosen].points" :key="'p' + j" type="button" class="zone__point" :class="{'zone__point--chosen': j === point}" :style="place(p, chosen)" :data-point="j" :aria-label="said(j)" :title="texts['zone.point_hint']"
        @pointerdown.stop="grabPoint($event, j)" @focus="point = j" @contextmenu.prevent="removePoint(j)"></button>
      <button v-for="(p, j) in middles(shapes[chosen])" :key="'e' + j" type="button" class="zone__middle" tabindex="-1" :style="place(p, chosen)" :aria-label="texts['zone.split']" :title="texts['zone.split']" @pointerdown.stop="split($event, j)"></button>
    </template>
    <span v-for="(p, j) in drawing ? drawing.points : []" :key="'d' + j" class="zone__dot" :style="place(p)"></span>
  </div>
  <p class="zone__hint cam-soft" aria-live="polite">{{ hint }}</p>
  <ul class="zone__list">
    <li v-for="(s, i) in shapes" :key="'l' + i" :class="{'zone__row--chosen': i === chosen}" :data-shape="s.name">
      <button type="button" class="zone__pick" :aria-pressed="String(i === chosen)" :aria-label="s.name" @click="choose(i)"><i class="material-icons" aria-hidden="true" :style="{color: colour(i)}">{{ s.kind === 'zone' ? 'pentagon' : 'polyline' }}</i></button>
      <input class="cam-input" :value="typing?.index === i ? typing.text : s.name" maxlength="60" :aria-label="texts['zone.name']" :aria-invalid="String(twice(s))" @focus="choose(i)" @input="typing = {index: i, text: $event.target.value}" @change="rename(i, $event.target.value)" @blur="typing = null" />
      <span class="cam-soft cam-num">{{ texts['zone.points'].replace('{n}', s.points.length) }}</span>
      <span v-if="used.includes(s.name)" class="zone__used" :title="texts['zone.used']"><i class="material-icons" aria-hidden="true">rule</i></span>
      <button v-if="s.kind === 'line'" type="button" class="cam-btn cam-btn--quiet cam-btn--icon" :title="texts['zone.turn']" :aria-label="texts['zone.turn']" @click="turn(i)"><i class="material-icons" aria-hidden="true">swap_horiz</i></button>
      <button type="button" class="cam-btn cam-btn--quiet cam-btn--icon" :title="texts['zone.remove']" :aria-label="texts['zone.remove']" data-test="remove-shape" @click="removeShape(i)"><i class="material-icons" aria-hidden="true">delete_outline</i></button>
      <span v-if="twisted(s)" class="cam-field__error"><i class="material-icons" aria-hidden="true">warning</i>{{ texts['zone.twisted'] }}</span>
      <span v-if="twice(s)" class="cam-field__error"><i class="material-icons" aria-hidden="true">error_outline</i>{{ texts['zone.twice'] }}</span>
    </li>
  </ul>
</div>`,
  emits: ["change", "picture"], // said, so that the fields' own "change" is not taken for ours
  props: {
    src: String,
    value: Array, // [{kind: "zone" | "line", name, points: [[x, y], …]}]
    marks: { type: Array, default: () => [] }, // feet of what was tracked, to see where things go
    used: { type: Array, default: () => [] }, // names that rules use
    epoch: Number, // rises when the server changed what is drawn; else what is drawn here counts
    texts: Object,
  },
  data() {
    return { shapes: copy(this.value), chosen: -1, point: -1, drawing: null, past: [], future: [], ratio: "16 / 9", typing: null };
  },
  watch: {
    epoch() {
      Object.assign(this, { shapes: copy(this.value), chosen: -1, point: -1, drawing: null, past: [], future: [] });
    },
  },
  computed: {
    hint() {
      if (this.drawing) return this.texts[this.drawing.kind === "zone" ? "zone.how_zone" : "zone.how_line"];
      if (this.chosen >= 0) return this.texts["zone.how_edit"];
      return this.texts[this.shapes.length ? "zone.how_choose" : "zone.how_empty"];
    },
  },
  mounted() {
    window.addEventListener("pointermove", this.drag);
    window.addEventListener("pointerup", this.drop);
    this.$el.dataset.ready = "true";
  },
  unmounted() {
    window.removeEventListener("pointermove", this.drag);
    window.removeEventListener("pointerup", this.drop);
  },
  methods: {
    measure(event) {
      if (event.target.naturalWidth) this.ratio = `${event.target.naturalWidth} / ${event.target.naturalHeight}`;
    },
    colour: (index) => COLOURS[index % COLOURS.length],
    ink: (points) => points.map((p) => p.join(",")).join(" "),
    place([x, y], index) {
      return { left: `${x * 100}%`, top: `${y * 100}%`, ...(index === undefined ? {} : { "--ink": this.colour(index) }) };
    },
    top: (points) => points.reduce((best, p) => (p[1] < best[1] ? p : best)),
    said(j) {
      const [x, y] = this.shapes[this.chosen].points[j];
      return this.texts["zone.point"].replace("{n}", j + 1).replace("{x}", Math.round(x * 100)).replace("{y}", Math.round(y * 100));
    },
    edges(shape) {
      const pairs = shape.points.slice(1).map((p, i) => [shape.points[i], p]);
      return shape.kind === "zone" ? [...pairs, [shape.points[shape.points.length - 1], shape.points[0]]] : pairs;
    },
    middles(shape) {
      return shape.points.length >= MAX_POINTS ? [] : this.edges(shape).map(([a, b]) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
    },
    twisted(shape) {
      if (shape.kind !== "zone") return false;
      const edges = this.edges(shape);
      return edges.some((a, i) => edges.some((b, j) => j > i && crosses(a, b)));
    },
    twice(shape) {
      return this.shapes.filter((each) => each.kind === shape.kind && each.name === shape.name).length > 1;
    },
    at(event) {
      const box = this.$refs.stage.getBoundingClientRect();
      return [clamp((event.clientX - box.left) / box.width), clamp((event.clientY - box.top) / box.height)];
    },
    // History -----------------------------------------------------------------------------------------------
    keep() {
      this.past = [...this.past.slice(1 - HISTORY), copy(this.shapes)];
      this.future = [];
    },
    tell() {
      this.$emit("change", copy(this.shapes));
    },
    change(edit) {
      this.keep();
      edit();
      this.tell();
    },
    undo() {
      if (this.drawing?.points.length) return this.drawing.points.pop();
      this.swap("past", "future");
    },
    redo() {
      this.swap("future", "past");
    },
    swap(from, to) {
      if (!this[from].length) return;
      this[to] = [...this[to], copy(this.shapes)];
      this.shapes = this[from][this[from].length - 1];
      this[from] = this[from].slice(0, -1);
      if (this.chosen >= this.shapes.length) this.chosen = -1;
      this.tell();
    },
    // Drawing -----------------------------------------------------------------------------------------------
    begin(kind) {
      this.drawing = this.drawing?.kind === kind ? null : { kind, points: [], cursor: null };
      this.chosen = this.point = -1;
      this.$refs.stage.scrollIntoView({ block: "nearest" });
    },
    onStage(event) {
      if (event.button !== 0) return;
      if (!this.drawing) {
        this.chosen = this.point = -1;
        return;
      }
      event.preventDefault();
      const p = this.at(event);
      const { points } = this.drawing;
      const box = this.$refs.stage.getBoundingClientRect();
      const first = points[0];
      if (this.drawing.kind === "zone" && points.length >= 3 && Math.hypot((p[0] - first[0]) * box.width, (p[1] - first[1]) * box.height) < CLOSE_PX) return this.finish();
      const last = points[points.length - 1];
      if (last && last[0] === p[0] && last[1] === p[1]) return; // the second click of a double click
      if (points.length < MAX_POINTS) points.push(p);
    },
    onMove(event) {
      if (this.drawing) this.drawing.cursor = this.at(event);
    },
    finish() {
      if (!this.drawing) return;
      const { kind, points } = this.drawing;
      if (points.length < (kind === "zone" ? 3 : 2)) return;
      this.drawing = null;
      this.change(() => this.shapes.push({ kind, name: this.fresh(kind), points }));
      this.chosen = this.shapes.length - 1;
    },
    fresh(kind) {
      const names = this.shapes.map((each) => each.name);
      for (let n = 1; ; n++) if (!names.includes(`${this.texts["zone.fresh_" + kind]}-${n}`)) return `${this.texts["zone.fresh_" + kind]}-${n}`;
    },
    // Editing -----------------------------------------------------------------------------------------------
    choose(index) {
      if (this.chosen !== index) this.point = -1;
      this.chosen = index;
      this.drawing = null;
    },
    grabShape(event, index) {
      if (this.drawing) return this.onStage(event);
      this.choose(index);
      this.held = { at: this.at(event), from: copy(this.shapes), moved: false };
    },
    grabPoint(event, j) {
      if (event.button !== 0) return;
      this.point = j;
      this.held = { point: j, from: copy(this.shapes), at: this.at(event), moved: false };
    },
    split(event, j) {
      const [x, y] = this.middles(this.shapes[this.chosen])[j];
      this.change(() => this.shapes[this.chosen].points.splice(j + 1, 0, [clamp(x), clamp(y)]));
      this.grabPoint(event, j + 1);
    },
    drag(event) {
      if (!this.held) return;
      const now = this.at(event);
      const by = [now[0] - this.held.at[0], now[1] - this.held.at[1]];
      if (!this.held.moved && !by[0] && !by[1]) return;
      this.held.moved = true;
      const before = this.held.from[this.chosen].points;
      const { points } = this.shapes[this.chosen];
      if (this.held.point !== undefined) points[this.held.point] = now;
      else this.shapes[this.chosen].points = this.shifted(before, by);
    },
    drop() {
      const held = this.held;
      this.held = null;
      if (!held?.moved) return;
      this.past = [...this.past.slice(1 - HISTORY), held.from];
      this.future = [];
      this.tell();
    },
    shifted(points, [dx, dy]) {
      const xs = points.map((p) => p[0]);
      const ys = points.map((p) => p[1]);
      const x = Math.min(1 - Math.max(...xs), Math.max(-Math.min(...xs), dx));
      const y = Math.min(1 - Math.max(...ys), Math.max(-Math.min(...ys), dy));
      return points.map((p) => [clamp(p[0] + x), clamp(p[1] + y)]);
    },
    removePoint(j) {
      const shape = this.shapes[this.chosen];
      if (shape.points.length <= (shape.kind === "zone" ? 3 : 2)) return this.removeShape(this.chosen);
      this.change(() => shape.points.splice(j, 1));
      this.point = Math.min(j, shape.points.length - 1);
      this.$nextTick(() => this.$el.querySelector(`[data-point="${this.point}"]`)?.focus());
    },
    removeShape(index) {
      this.change(() => this.shapes.splice(index, 1));
      this.chosen = this.point = -1;
    },
    rename(index, text) {
      const name = text.trim();
      if (name && name !== this.shapes[index].name) this.change(() => (this.shapes[index].name = name));
      else this.$forceUpdate();
    },
    turn(index) {
      this.change(() => this.shapes[index].points.reverse());
    },
    onKey(event) {
      if (event.target.tagName === "INPUT") return;
      const key = event.key;
      if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "z") this.eat(event, event.shiftKey ? this.redo : this.undo);
      else if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "y") this.eat(event, this.redo);
      else if (this.drawing) this.onDrawingKey(event);
      else if (this.chosen >= 0) this.onPointKey(event);
    },
    eat(event, act) {
      event.preventDefault();
      event.stopPropagation();
      act();
    },
    // With the keyboard alone: arrows move a cross, Space sets a point, Enter ends.
    onDrawingKey(event) {
      const by = this.arrow(event);
      if (by) this.eat(event, () => (this.drawing.cursor = this.drawing.cursor ? [clamp(this.drawing.cursor[0] + by[0]), clamp(this.drawing.cursor[1] + by[1])] : [0.5, 0.5]));
      else if (event.key === " " && this.drawing.cursor) this.eat(event, () => this.drawing.points.length < MAX_POINTS && this.drawing.points.push([...this.drawing.cursor]));
      else if (event.key === "Enter") this.eat(event, this.finish);
      else if (event.key === "Escape") this.eat(event, () => (this.drawing = null));
      else if (event.key === "Backspace") this.eat(event, () => this.drawing.points.pop());
    },
    onPointKey(event) {
      const isPoint = event.target.dataset.point !== undefined;
      const by = this.arrow(event);
      const shape = this.shapes[this.chosen];
      if (by && isPoint) this.eat(event, () => this.change(() => (shape.points[this.point] = [clamp(shape.points[this.point][0] + by[0]), clamp(shape.points[this.point][1] + by[1])])));
      else if (by && event.target.className === "zone__pick") this.eat(event, () => this.change(() => (shape.points = this.shifted(shape.points, by))));
      else if ((event.key === "Delete" || event.key === "Backspace") && isPoint) this.eat(event, () => this.removePoint(this.point));
      else if (event.key === "Insert" && isPoint && shape.points.length < MAX_POINTS) {
        const [x, y] = this.middles(shape)[Math.min(this.point, this.middles(shape).length - 1)];
        this.eat(event, () => this.change(() => shape.points.splice(this.point + 1, 0, [clamp(x), clamp(y)])));
      } else if (event.key === "Escape") this.eat(event, () => (this.chosen = this.point = -1));
    },
    arrow(event) {
      const step = event.shiftKey ? FINE * 10 : FINE;
      return { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    },
  },
};
