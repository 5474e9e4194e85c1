// The list of cameras, the sick ones first, with how long each has been as it is. Text is only ever shown as text.
export default {
  template: `
<div class="cam-list" role="list" :aria-label="texts['cameras.list']" @keydown="onKey">
  <a v-for="row in rows" :key="row.id" role="listitem" class="cam-row" :class="{'cam-row--selected': row.id === selected, 'cam-row--pictured': row.picture}" :href="row.href" :data-id="row.id" :data-state="row.state"
     :aria-current="row.id === selected ? 'true' : null" @click="open($event, row)">
    <span v-if="row.picture" class="cam-row__picture"><img :src="row.picture" alt="" loading="lazy" decoding="async" /></span>
    <span class="cam-row__name">{{ row.name }}</span>
    <span style="text-align:right"><span class="cam-badge" :class="'cam-badge--' + row.state" :title="row.since_utc"><i class="material-icons" aria-hidden="true">{{ row.icon }}</i>{{ row.state_text }} · {{ span(row.since_ms) }}</span></span>
    <span class="cam-row__sub">{{ row.area }}<template v-if="row.about"> · {{ row.about }}</template></span>
    <span class="cam-row__when" :title="row.last_utc">{{ row.fresh ? texts['cameras.picture_now'] : row.last_ms ? texts['cameras.picture_ago'].replace('{ago}', span(row.last_ms)) : texts['cameras.no_picture'] }}</span>
    <span v-if="row.why" class="cam-row__why" :class="'cam-row__why--' + row.level">{{ row.why }}</span>
    <span v-if="row.gap" class="cam-row__gap">{{ row.gap }}</span>
  </a>
  <p v-if="!rows.length" class="cam-empty cam-soft">{{ texts[total ? 'cameras.none_match' : 'cameras.none'] }}</p>
</div>`,
  props: { rows: Array, total: Number, selected: String, texts: Object, locale: String, serverMs: Number },
  data() {
    return { nowMs: this.serverMs };
  },
  mounted() {
    // The server's clock counts, not the browser's, which may be hours off.
    this.apart = this.serverMs - Date.now();
    this.timer = setInterval(() => (this.nowMs = Date.now() + this.apart), 1000);
    this.$el.dataset.ready = "true";
  },
  unmounted() {
    clearInterval(this.timer);
  },
  watch: {
    serverMs(now) {
      this.apart = now - Date.now();
      this.nowMs = now;
    },
  },
  methods: {
    span(sinceMs) {
      const s = Math.max(0, Math.floor((this.nowMs - sinceMs) / 1000));
      const [n, unit] = s >= 172800 ? [Math.floor(s / 86400), "day"] : s >= 7200 ? [Math.floor(s / 3600), "hour"] : s >= 60 ? [Math.floor(s / 60), "minute"] : [s, "second"];
      return this.texts["unit." + unit].replace("{n}", n);
    },
    open(event, row) {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.$emit("pick", row.id);
    },
    onKey(event) {
      const links = [...this.$el.querySelectorAll("[data-id]")];
      const at = links.indexOf(document.activeElement);
      const target = { ArrowDown: links[at + 1], ArrowUp: links[at - 1], Home: links[0], End: links[links.length - 1] }[event.key];
      if (at < 0 || !target) return;
      event.preventDefault();
      target.focus();
    },
    focusOn(id) {
      this.$nextTick(() => this.$el.querySelector(`[data-id="${CSS.escape(id || "")}"]`)?.focus());
    },
  },
};
