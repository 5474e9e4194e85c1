// Incidents as bars, a row for each camera; where there are too many for bars, how many as the depth of a colour.
// Times are ms since 1970, UTC. Wheel with Ctrl, buttons and +/- zoom; drag and arrows beyond the ends move.

import { Stretch, ZOOM } from "camsvc-stretch/stretch.js";

const CLICK_PX = 4;
const BAR_PX = 5; // an incident of a moment is still seen and hit
const TIP_PX = { width: 236, height: 210 };

export default {
  mixins: [Stretch],
  template: `
<section class="cam-lanes" :class="{'cam-lanes--busy': !lanes}" :aria-label="texts['lanes.label']">
  <div class="cam-lanes__head">
    <span class="cam-soft" aria-live="polite">{{ note }}</span>
    <span class="cam-header__space"></span>
    <button v-for="b in moves" :key="b.name" type="button" class="cam-btn cam-btn--icon cam-btn--quiet" :title="texts['brush.' + b.name]" :aria-label="texts['brush.' + b.name]" :data-lanes="b.name" @click="b.act"><i class="material-icons" aria-hidden="true">{{ b.icon }}</i></button>
  </div>
  <div class="cam-lanes__body" ref="body" @wheel="wheel" @pointerdown="press" @pointermove="move" @pointerup="release" @pointercancel="drag = null" @keydown="key">
    <div class="cam-lanes__axis" aria-hidden="true"><span class="cam-lanes__corner"></span><div class="cam-lanes__track"><span v-for="t in ticks" :key="t[0]" :style="{left: percent(t[0])}">{{ t[1] }}</span></div></div>
    <div v-for="(lane, row) in lanes || []" :key="lane.camera" class="cam-lanes__row" :data-lane="lane.camera">
      <button type="button" class="cam-lanes__name" :title="lane.name + ' · ' + lane.area" @click="$emit('camera', lane.camera)"><span>{{ lane.name }}</span><span class="cam-soft">{{ lane.number }}</span></button>
      <div class="cam-lanes__track">
        <i v-for="t in ticks" :key="t[0]" class="cam-lanes__line" :style="{left: percent(t[0])}"></i>
        <a v-for="bar in lane.bars || []" :key="bar.id" class="cam-lanes__bar" :class="['cam-lanes__bar--' + bar.severity, {'cam-lanes__bar--open': bar.state === 'open', 'cam-card--false': bar.false_alarm}]" :href="bar.href" :data-bar="bar.id" :data-row="row" :aria-label="bar.label" draggable="false"
          :style="{left: percent(bar.start), width: 'max(' + least + 'px, ' + 100 * (share(bar.end) - share(bar.start)) + '%)'}" @click="open($event, bar)" @mouseenter="show($event, bar)" @mouseleave="tip = null" @focus="show($event, bar)" @blur="tip = null"></a>
        <button v-for="cell in lane.cells || []" :key="cell[0]" type="button" class="cam-lanes__cell" :style="{left: percent(cell[0]), width: 100 * (share(cell[1]) - share(cell[0])) + '%', '--depth': depth(cell[2])}" :aria-label="cell[3]" :title="cell[3]" @click="into(cell)"></button>
      </div>
    </div>
    <p v-if="lanes && !lanes.length" class="cam-lanes__none cam-soft">{{ texts['lanes.none'] }}</p>
  </div>
  <div v-if="tip" class="cam-lanes__tip" :style="tip.style" aria-hidden="true">
    <img v-if="tip.bar.thumbnail" :src="tip.bar.thumbnail" alt="" />
    <strong>{{ tip.bar.what }}</strong><span>{{ tip.bar.time }}<template v-if="tip.bar.duration"> · {{ tip.bar.duration }}</template></span><span class="cam-soft">{{ tip.bar.camera_name }}</span>
  </div>
</section>`,
  props: {
    lanes: Array, // [{camera, name, area, number, bars: [card with start, end] or cells: [[start, end, number, label], …]}]; null: being read
    extent: Array,
    ticks: Array,
    note: String,
    texts: Object,
  },
  data() {
    return { tip: null, drag: null, least: BAR_PX };
  },
  computed: {
    most() {
      return (this.lanes || []).reduce((most, lane) => (lane.cells || []).reduce((m, cell) => Math.max(m, cell[2]), most), 1);
    },
  },
  watch: {
    lanes() {
      this.tip = null;
    },
  },
  methods: {
    // Few beside many are still seen.
    depth(number) {
      return (0.18 + 0.82 * Math.sqrt(number / this.most)).toFixed(2);
    },
    track() {
      return this.$refs.body.querySelector(".cam-lanes__track").getBoundingClientRect();
    },
    show(event, bar) {
      if (this.drag?.moved) return;
      const box = event.target.getBoundingClientRect();
      const below = box.bottom + TIP_PX.height < window.innerHeight;
      const left = Math.max(8, Math.min(box.left, window.innerWidth - TIP_PX.width - 8));
      this.tip = { bar, style: { left: `${left}px`, ...(below ? { top: `${box.bottom + 6}px` } : { bottom: `${window.innerHeight - box.top + 6}px` }) } };
    },
    open(event, bar) {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button === 1) return;
      event.preventDefault();
      this.tip = null;
      if (!this.moved) this.$emit("open", bar.id);
    },
    into(cell) {
      if (!this.moved) this.$emit("extent", [cell[0], cell[1]]);
    },
    press(event) {
      this.moved = false;
      if (event.button === 0 && !event.target.closest(".cam-lanes__name")) this.drag = { x: event.clientX, extent: this.extent };
    },
    move(event) {
      if (!this.drag || (!this.drag.moved && Math.abs(event.clientX - this.drag.x) < CLICK_PX)) return;
      this.drag.moved = this.moved = true;
      this.tip = null;
      this.drag.by = (this.drag.x - event.clientX) / this.track().width;
      this.$refs.body.style.setProperty("--drag", `${event.clientX - this.drag.x}px`);
    },
    release() {
      const by = this.drag?.moved ? this.drag.by : 0;
      this.drag = null;
      this.$refs.body.style.removeProperty("--drag");
      if (by) this.shift(by);
    },
    wheel(event) {
      if (!event.ctrlKey && !event.altKey) return; // the list itself scrolls
      this.turn(event, this.momentIn(this.track(), event));
    },
    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const bars = [...this.$el.querySelectorAll("[data-bar]")];
      const at = bars.indexOf(document.activeElement);
      const row = Number(document.activeElement?.dataset?.row);
      const beside = (step) => {
        const x = document.activeElement.getBoundingClientRect().left;
        const rows = [...new Set(bars.map((b) => Number(b.dataset.row)))].sort((a, b) => a - b);
        const next = rows[rows.indexOf(row) + step];
        const those = bars.filter((b) => Number(b.dataset.row) === next);
        return those.reduce((best, b) => (!best || Math.abs(b.getBoundingClientRect().left - x) < Math.abs(best.getBoundingClientRect().left - x) ? b : best), null);
      };
      const inRow = bars.filter((b) => Number(b.dataset.row) === row).sort((a, b) => a.getBoundingClientRect().left - b.getBoundingClientRect().left);
      const target = at < 0 ? null : { ArrowRight: () => inRow[inRow.indexOf(bars[at]) + 1], ArrowLeft: () => inRow[inRow.indexOf(bars[at]) - 1], ArrowDown: () => beside(1), ArrowUp: () => beside(-1) }[event.key]?.();
      if (event.key === "+" || event.key === "-") this.zoom(event.key === "+" ? 1 / ZOOM : ZOOM);
      else if (target) target.focus();
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
  },
};
