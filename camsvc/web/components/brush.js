// How many incidents when, and the stretch of time that is searched as a brush over it. Times are ms since 1970, UTC.
// Drag to choose a time, drag its ends or its middle to change it, double click to let it go; wheel and buttons zoom.
// The ends are sliders for the keyboard; the typed times beside the list do the same.

import { Stretch, ZOOM } from "camsvc-stretch/stretch.js";

const CLICK_PX = 4; // less is a click with an unsteady hand

export default {
  mixins: [Stretch],
  template: `
<section class="cam-brush" :class="{'cam-brush--busy': !columns}" :aria-label="texts['brush.label']">
  <div class="cam-brush__plot" ref="plot" @pointerdown="press" @pointermove="move" @pointerup="release" @pointercancel="cancel" @pointerleave="hover = null" @dblclick="$emit('select', null)" @wheel="wheel" data-test="brush">
    <svg v-if="columns" :viewBox="'0 0 ' + UNITS + ' 100'" preserveAspectRatio="none" aria-hidden="true">
      <rect v-for="c in drawn" :key="c.start" :x="c.x" :y="100 - c.height" :width="c.width" :height="c.height" :class="c.inside ? 'cam-brush__bar' : 'cam-brush__bar cam-brush__bar--outside'" />
    </svg>
    <span v-if="columns && !most" class="cam-brush__none">{{ texts['brush.none'] }}</span>
    <span v-if="most" class="cam-brush__most">{{ about(most) }}</span>
    <div v-if="shown" class="cam-brush__chosen" :style="{left: percent(shown[0]), width: (100 * (clampedEnd - clampedStart)) + '%'}"></div>
    <template v-if="shown">
      <span v-for="(edge, i) in shown" :key="i" class="cam-brush__edge" role="slider" tabindex="0" :aria-label="texts[i ? 'brush.to' : 'brush.from']" :aria-valuenow="Math.round(edge / 1000)"
        :aria-valuemin="Math.round(extent[0] / 1000)" :aria-valuemax="Math.round(extent[1] / 1000)" :aria-valuetext="moment(edge)" :style="{left: percent(edge)}" :data-edge="i ? 'to' : 'from'" @keydown="key($event, i)"></span>
    </template>
    <span v-if="tip" class="cam-brush__tip" :style="tip.style">{{ tip.text }}</span>
  </div>
  <div class="cam-brush__axis" aria-hidden="true"><span v-for="t in ticks" :key="t[0]" :style="{left: percent(t[0])}">{{ t[1] }}</span></div>
  <div class="cam-brush__tools">
    <button v-for="b in buttons" :key="b.name" type="button" class="cam-btn cam-btn--icon cam-btn--quiet" :title="texts['brush.' + b.name]" :aria-label="texts['brush.' + b.name]" :data-brush="b.name" :disabled="b.name === 'zoom_to' && !selection" @click="b.act"><i class="material-icons" aria-hidden="true">{{ b.icon }}</i></button>
  </div>
</section>`,
  props: {
    columns: Array, // [[start, end, number], …]; null while they are counted
    exact: Boolean,
    extent: Array, // [start, end]
    selection: Array, // [from or null, to or null]; null: all time
    ticks: Array, // [[at, text], …]
    zone: String, // IANA name
    locale: String,
    texts: Object,
  },
  data() {
    return { UNITS: 10000, drag: null, hover: null };
  },
  computed: {
    most() {
      return (this.columns || []).reduce((most, c) => Math.max(most, c[2]), 0);
    },
    chosen() {
      if (!this.selection) return null;
      return [this.selection[0] ?? this.extent[0], this.selection[1] ?? this.extent[1]];
    },
    middle() {
      return this.chosen && (this.chosen[0] + this.chosen[1]) / 2;
    },
    shown() {
      return this.drag?.span || this.chosen;
    },
    clampedStart() {
      return this.share(this.shown[0]);
    },
    clampedEnd() {
      return this.share(this.shown[1]);
    },
    drawn() {
      const span = this.shown;
      return this.columns.map(([start, end, number]) => {
        const x = this.share(start) * this.UNITS;
        // A single incident among thousands is still seen: a bar has a height of its own.
        return {
          start, x, width: Math.max(this.share(end) * this.UNITS - x - 12, 6), height: number ? 6 + (94 * number) / this.most : 0,
          inside: !span || (end > span[0] && start < span[1]),
        };
      });
    },
    tip() {
      const at = this.drag?.span ? this.share((this.drag.span[0] + this.drag.span[1]) / 2) : this.hover;
      if (at === null || at === undefined || !this.columns) return null;
      const style = at > 0.5 ? { right: `${100 - at * 100}%` } : { left: `${at * 100}%` };
      if (this.drag?.span) return { style, text: `${this.moment(this.drag.span[0])} – ${this.moment(this.drag.span[1])}` };
      const time = this.extent[0] + at * (this.extent[1] - this.extent[0]);
      const column = this.columns.find((c) => c[0] <= time && time < c[1]);
      return column ? { style, text: `${this.moment(column[0])} – ${this.moment(column[1])}: ${this.about(column[2])}` } : null;
    },
    buttons() {
      return [
        ...this.moves,
        { name: "zoom_to", icon: "fit_screen", act: () => this.chosen && this.$emit("extent", [...this.chosen]) },
      ];
    },
    format() {
      const seconds = this.extent[1] - this.extent[0] < 2 * 3600e3 ? { second: "2-digit" } : {};
      return new Intl.DateTimeFormat(this.locale, { timeZone: this.zone, day: "2-digit", month: "2-digit", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...seconds });
    },
  },
  methods: {
    moment(at) {
      return this.format.format(at).replace(",", "");
    },
    about(number) {
      return (this.exact ? "" : "≈ ") + number.toLocaleString(this.locale);
    },
    at(event) {
      return this.momentIn(this.$refs.plot.getBoundingClientRect(), event);
    },
    // The nearest edge of a bar; with Alt held, the very moment.
    snapped(at, event) {
      if (event.altKey || !this.columns?.length) return at;
      const edges = [this.columns[0][0], ...this.columns.map((c) => c[1])];
      return edges.reduce((best, edge) => (Math.abs(edge - at) < Math.abs(best - at) ? edge : best));
    },
    press(event) {
      if (event.button !== 0) return;
      this.$refs.plot.setPointerCapture(event.pointerId);
      const edge = event.target.dataset.edge;
      const inside = this.chosen && this.selection[0] !== null && this.selection[1] !== null && event.target.classList.contains("cam-brush__chosen");
      this.drag = { x: event.clientX, at: this.at(event), edge, inside, from: this.chosen, span: null };
    },
    move(event) {
      if (!this.drag) {
        this.hover = this.share(this.at(event));
        return;
      }
      if (!this.drag.span && Math.abs(event.clientX - this.drag.x) < CLICK_PX) return;
      const now = this.at(event);
      const { edge, inside, from, at } = this.drag;
      if (edge) this.drag.span = this.ordered(this.snapped(now, event), edge === "from" ? from[1] : from[0]);
      else if (inside && !event.shiftKey) this.drag.span = from.map((end) => end + this.snapped(from[0] + now - at, event) - from[0]);
      else this.drag.span = this.ordered(this.snapped(at, event), this.snapped(now, event));
    },
    release(event) {
      const drag = this.drag;
      this.drag = null;
      if (drag?.span && drag.span[1] > drag.span[0]) this.$emit("select", drag.span.map(Math.round));
      else if (drag && !drag.edge && !drag.inside) {
        // A click on a bar searches its time.
        const column = this.columns?.find((c) => c[0] <= drag.at && drag.at < c[1]);
        if (column && event.detail < 2) this.$emit("select", [column[0], column[1]]);
      }
    },
    cancel() {
      this.drag = null;
    },
    ordered(a, b) {
      return a < b ? [a, b] : [b, a];
    },
    key(event, edge) {
      const width = this.columns?.length ? this.columns[0][1] - this.columns[0][0] : (this.extent[1] - this.extent[0]) / 100;
      const by = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
      if (event.key === "+" || event.key === "-") this.zoom(event.key === "+" ? 1 / ZOOM : ZOOM);
      else if (event.key === "Escape" || event.key === "Delete") this.$emit("select", null);
      else if (by) {
        const span = [...this.chosen];
        span[edge] += by * width;
        if (span[1] > span[0]) this.$emit("select", span.map(Math.round));
      } else return;
      event.preventDefault();
      event.stopPropagation();
    },
    wheel(event) {
      if (!event.ctrlKey && Math.abs(event.deltaY) < Math.abs(event.deltaX)) return;
      this.turn(event, this.at(event));
    },
  },
};
