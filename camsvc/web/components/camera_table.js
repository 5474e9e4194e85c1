// All cameras in a table, of which only the rows in sight are in the page: thousands scroll as a dozen do.
const ROW_PX = 44;
const SPARE = 12; // rows above and below what is seen
const NUMERIC = new Set(["since_ms", "last_ms", "fps", "rate", "clock_ms", "missing_s", "incident_ms"]);

export default {
  template: `
<div class="camtable" ref="box" @scroll.passive="onScroll" tabindex="-1">
  <table :aria-rowcount="sorted.length + 1">
    <thead><tr><th v-for="c in columns" :key="c.name" scope="col" :aria-sort="c.name === by ? (down ? 'descending' : 'ascending') : 'none'"><button type="button" :data-sort="c.name" @click="sort(c.name)">{{ texts[c.text] }}<i v-if="c.name === by" class="material-icons" aria-hidden="true">{{ down ? 'arrow_drop_down' : 'arrow_drop_up' }}</i></button></th></tr></thead>
    <tbody @keydown="onKey">
      <tr v-if="above" aria-hidden="true" :style="{height: above + 'px'}"></tr>
      <tr v-for="row in shown" :key="row.id" :data-id="row.id" :data-state="row.state" @click="open($event, row)">
        <td class="camtable__name"><a :href="row.href" :title="row.name">{{ row.name }}</a><span>{{ row.area }} · {{ row.id }}</span></td>
        <td><span class="cam-badge" :class="'cam-badge--' + row.state" :title="row.why"><i class="material-icons" aria-hidden="true">{{ row.icon }}</i>{{ row.state_text }}</span></td>
        <td>{{ span(row.since_ms) }}</td>
        <td :class="row.dark">{{ row.fresh ? texts['camlist.now'] : row.last_ms ? ago(row.last_ms) : texts['camlist.never'] }}</td>
        <td>{{ number(row.fps, row.fps % 1 ? 1 : 0) }}</td>
        <td>{{ number(row.rate, 1) }}</td>
        <td :class="row.clock_level">{{ row.clock }}</td>
        <td :class="row.missing_level" :title="row.missing_title">{{ row.missing }}</td>
        <td>{{ row.incident_ms ? ago(row.incident_ms) : texts['camlist.nothing'] }}</td>
      </tr>
      <tr v-if="below" aria-hidden="true" :style="{height: below + 'px'}"></tr>
      <tr v-if="!sorted.length"><td :colspan="columns.length" class="cam-soft" style="text-align:center">{{ texts['camlist.none'] }}</td></tr>
    </tbody>
  </table>
</div>`,
  props: { rows: Array, texts: Object, locale: String, serverMs: Number },
  data() {
    return { by: "trouble", down: true, first: 0, seen: 30, nowMs: this.serverMs };
  },
  created() {
    const names = ["name", "trouble", "since_ms", "last_ms", "fps", "rate", "clock_ms", "missing_s", "incident_ms"];
    const texts = ["name", "state", "since", "last", "fps", "rate", "clock", "missing", "incident"];
    this.columns = names.map((name, i) => ({ name, text: `camlist.${texts[i]}` }));
  },
  computed: {
    sorted() {
      const sign = this.down ? -1 : 1;
      const compare = new Intl.Collator(this.locale, { numeric: true }).compare;
      const value = (row) => row[this.by];
      return [...this.rows].sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        if ((x ?? null) === null || (y ?? null) === null) return ((x ?? null) === null ? 1 : 0) - ((y ?? null) === null ? 1 : 0) || compare(a.name, b.name);
        const order = typeof x === "number" ? x - y : compare(x, y);
        return sign * order || compare(a.name, b.name);
      });
    },
    from() {
      return Math.max(0, Math.min(this.first, this.sorted.length - this.seen) - SPARE);
    },
    shown() {
      return this.sorted.slice(this.from, this.from + this.seen + 2 * SPARE);
    },
    above() {
      return this.from * ROW_PX;
    },
    below() {
      return Math.max(0, this.sorted.length - this.from - this.shown.length) * ROW_PX;
    },
  },
  watch: {
    serverMs(now) {
      this.apart = now - Date.now();
      this.nowMs = now;
    },
  },
  mounted() {
    this.apart = this.serverMs - Date.now();
    this.timer = setInterval(() => (this.nowMs = Date.now() + this.apart), 1000);
    this.observer = new ResizeObserver(() => this.onScroll());
    this.observer.observe(this.$refs.box);
    this.$el.dataset.ready = "true";
  },
  unmounted() {
    clearInterval(this.timer);
    this.observer.disconnect();
  },
  methods: {
    onScroll() {
      const box = this.$refs.box;
      this.first = Math.floor(box.scrollTop / ROW_PX);
      this.seen = Math.ceil(Math.min(box.clientHeight, window.innerHeight) / ROW_PX);
    },
    sort(name) {
      if (this.by === name) this.down = !this.down;
      else [this.by, this.down] = [name, NUMERIC.has(name) && !name.endsWith("_ms") ? true : name === "trouble"];
      this.$refs.box.scrollTop = 0;
    },
    span(sinceMs) {
      const s = Math.max(0, Math.floor((this.nowMs - sinceMs) / 1000));
      const [n, unit] = s >= 172800 ? [Math.floor(s / 86400), "day"] : s >= 7200 ? [Math.floor(s / 3600), "hour"] : s >= 60 ? [Math.floor(s / 60), "minute"] : [s, "second"];
      return this.texts["unit." + unit].replace("{n}", n);
    },
    ago(ms) {
      return this.texts["camlist.ago"].replace("{ago}", this.span(ms));
    },
    number(value, digits) {
      return (value ?? null) === null ? "–" : value.toLocaleString(this.locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    },
    open(event, row) {
      if (event.target.closest("a")) return;
      if (!window.getSelection().toString()) window.location.assign(row.href);
    },
    onKey(event) {
      const links = [...this.$el.querySelectorAll("[data-id] a")];
      const target = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const next = links[links.indexOf(document.activeElement) + (target || 0)];
      if (!target || !next) return;
      event.preventDefault();
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    },
  },
};
