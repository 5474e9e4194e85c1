// What a search found: as cards, or as a table. Keeps what it was given; the server keeps only the cursor.
// Of long lists only the rows in view are in the document: ten thousand scroll as lightly as fifty. Several may be
// chosen, to say something of all of them. All texts are rendered by Vue as text: nothing from outside becomes markup.

import { markRaw, toRaw } from "vue";

const NEAR_TOP_PX = 80; // scrolled further than this, new incidents wait behind a button and the list does not jump
const MAX_WAITING = 200; // more than this is no news but a new search: the button reloads
const MAX_SHOWN = 20000; // some twenty megabytes: the user is told to narrow the search
const WHOLE = 240; // so many are all in the document: the browser's own search finds them
const OVERSCAN_PX = 900; // above and below what is in view
const MAX_CHOSEN = 200; // what the server takes at once
const TYPING = "input, textarea, select, [contenteditable=true]";

// An item never changes once it came: another takes its place. Nobody need watch its parts.
const still = (item) => markRaw(toRaw(item));

export default {
  template: `
<div class="cam-results" :class="['cam-results--' + layout, {'cam-results--choosing': chosen.size}]" ref="scroller" :aria-busy="String(stale)" @scroll.passive="onScroll" @keydown="onKey" tabindex="-1">
  <div class="cam-results__news" aria-live="polite">
    <button v-if="waiting.length" type="button" class="cam-news" @click="showWaiting">
      <i class="material-icons" aria-hidden="true">arrow_upward</i>{{ newsText }}
    </button>
  </div>
  <div v-if="layout !== 'table'" ref="list" class="cam-cards" role="list" :aria-setsize="items.length" :style="spacing">
    <div v-for="item in visible" :key="item.id" role="listitem" class="cam-cell" :class="{'cam-cell--chosen': chosen.has(item.id)}">
      <a class="cam-card" :class="{'cam-card--open': item.state === 'open', 'cam-card--fresh': fresh.has(item.id), 'cam-card--current': item.id === current, 'cam-card--false': item.false_alarm}"
         :href="item.href" :data-id="item.id" :aria-label="item.label" @click="open($event, item)">
        <span class="cam-card__picture">
          <img v-if="item.thumbnail && !broken.has(item.thumbnail)" :src="item.thumbnail" alt="" loading="lazy" decoding="async" @error="broken.add(item.thumbnail)" />
          <span v-else class="cam-card__none"><i class="material-icons" aria-hidden="true">image_not_supported</i><span>{{ texts['results.no_picture'] }}</span></span>
          <span class="cam-badge" :class="'cam-badge--' + item.state"><i class="material-icons" aria-hidden="true">{{ item.state_icon }}</i>{{ item.state_text }}</span>
          <span v-if="item.marks.length" class="cam-card__marks"><span v-for="m in item.marks" :key="m.text" class="cam-mark" :class="m.kind ? 'cam-mark--' + m.kind : ''" :title="m.text"><i v-if="m.icon" class="material-icons" aria-hidden="true">{{ m.icon }}</i><span>{{ m.text }}</span></span></span>
          <span v-if="item.duration" class="cam-card__duration">{{ item.duration }}</span>
        </span>
        <span class="cam-card__body">
          <span class="cam-card__title"><span class="cam-sev" :class="'cam-sev--' + item.severity" :title="item.severity_text"></span>{{ item.what }}</span>
          <span class="cam-card__time" :title="item.utc">{{ item.time }}</span>
          <span class="cam-card__where" :title="item.camera_name + ' · ' + item.area_name">{{ item.camera_name }}<span class="cam-soft"> · {{ item.area_name }}</span></span>
        </span>
      </a>
      <label class="cam-tick" :title="texts['results.choose']"><input type="checkbox" :checked="chosen.has(item.id)" :aria-label="texts['results.choose'] + ': ' + item.label" :data-choose="item.id" @click="choose($event, item)" /></label>
    </div>
  </div>
  <table v-else class="cam-table" :aria-rowcount="items.length">
    <colgroup><col style="width:34px" /><col style="width:84px" /><col style="width:164px" /><col style="width:64px" /><col /><col style="width:20%" /><col style="width:12%" /><col style="width:100px" /><col style="width:124px" /></colgroup>
    <thead><tr>
      <th scope="col"><span class="cam-hidden">{{ texts['results.choose'] }}</span></th>
      <th scope="col" class="cam-table__thumb"><span class="cam-hidden">{{ texts['results.picture'] }}</span></th>
      <th scope="col">{{ texts['results.time'] }} <span class="cam-soft">({{ zone }})</span></th>
      <th scope="col">{{ texts['results.duration'] }}</th>
      <th scope="col">{{ texts['results.what'] }}</th>
      <th scope="col">{{ texts['results.camera'] }}</th>
      <th scope="col">{{ texts['results.area'] }}</th>
      <th scope="col">{{ texts['results.severity'] }}</th>
      <th scope="col">{{ texts['results.state'] }}</th>
    </tr></thead>
    <tbody ref="list">
      <tr v-if="above" aria-hidden="true" :style="{height: above + 'px'}"></tr>
      <tr v-for="item in visible" :key="item.id" :data-row="item.id" :class="{'cam-card--fresh': fresh.has(item.id), 'cam-table__row--current': item.id === current, 'cam-table__row--chosen': chosen.has(item.id), 'cam-card--false': item.false_alarm}" @click="open($event, item)">
        <td class="cam-table__tick" @click.stop><label><input type="checkbox" :checked="chosen.has(item.id)" :aria-label="texts['results.choose'] + ': ' + item.label" :data-choose="item.id" @click="choose($event, item)" /></label></td>
        <td class="cam-table__thumb"><img v-if="item.thumbnail && !broken.has(item.thumbnail)" :src="item.thumbnail" alt="" loading="lazy" decoding="async" @error="broken.add(item.thumbnail)" /></td>
        <td class="cam-num" :title="item.utc"><a :href="item.href" :data-id="item.id" :aria-label="item.label" @click.stop="open($event, item)">{{ item.time }}</a></td>
        <td class="cam-num">{{ item.duration }}</td>
        <td :title="item.what">{{ item.what }} <span v-for="m in item.marks" :key="m.text" class="cam-mark" :class="m.kind ? 'cam-mark--' + m.kind : ''" :title="m.text"><i v-if="m.icon" class="material-icons" aria-hidden="true">{{ m.icon }}</i><span>{{ m.text }}</span></span></td>
        <td :title="item.camera_name">{{ item.camera_name }}</td>
        <td :title="item.area_name">{{ item.area_name }}</td>
        <td><span class="cam-sev" :class="'cam-sev--' + item.severity"></span>{{ item.severity_text }}</td>
        <td><span class="cam-badge" :class="'cam-badge--' + item.state"><i class="material-icons" aria-hidden="true">{{ item.state_icon }}</i>{{ item.state_text }}</span></td>
      </tr>
      <tr v-if="below" aria-hidden="true" :style="{height: below + 'px'}"></tr>
    </tbody>
  </table>
  <div ref="sentinel" class="cam-results__end">
    <template v-if="items.length">
      <span v-if="items.length >= limit">{{ texts['results.too_many'] }}</span>
      <button v-else-if="more" type="button" class="cam-more" :disabled="loading" @click="askMore">{{ loading ? texts['results.loading'] : texts['results.more'] }}</button>
      <span v-else>{{ texts['results.end'] }}</span>
    </template>
  </div>
  <div v-if="chosen.size" class="cam-bulk" role="toolbar" :aria-label="texts['bulk.label']">
    <strong aria-live="polite">{{ chosenText }}</strong>
    <button v-for="b in bulk" :key="b.name" type="button" class="cam-btn" :data-bulk="b.name" @click="$emit('bulk', {do: b.name, ids: [...chosen]})"><i class="material-icons" aria-hidden="true">{{ b.icon }}</i><span>{{ b.label }}</span></button>
    <button type="button" class="cam-btn" :data-copy="links" :data-copied="texts['link.copied']" data-bulk="links"><i class="material-icons" aria-hidden="true">link</i><span>{{ texts['bulk.links'] }}</span></button>
    <span v-if="chosen.size >= most" class="cam-soft">{{ texts['bulk.most'] }}</span>
    <button type="button" class="cam-btn cam-btn--quiet" data-bulk="clear" @click="unchoose"><i class="material-icons" aria-hidden="true">close</i><span>{{ texts['bulk.clear'] }}</span></button>
  </div>
</div>`,
  props: {
    initial: Array,
    initialMore: Boolean,
    layout: String,
    zone: String,
    bulk: Array, // [{name, icon, label}]: what can be done with the chosen ones
    texts: Object,
  },
  data() {
    return {
      items: this.initial.map(still), more: this.initialMore, waiting: [], fresh: new Set(), broken: new Set(), loading: false, stale: false,
      current: null, limit: MAX_SHOWN, most: MAX_CHOSEN, chosen: new Set(), last: null, rowHeight: 0, columns: 1, top: 0, height: 800,
    };
  },
  computed: {
    newsText() {
      const n = this.waiting.length;
      const text = n === 1 ? this.texts["results.news.one"] : this.texts["results.news.other"];
      return text.replace("{n}", n >= MAX_WAITING ? `${MAX_WAITING}+` : String(n));
    },
    chosenText() {
      return this.texts[this.chosen.size === 1 ? "bulk.chosen.one" : "bulk.chosen.other"].replace("{n}", String(this.chosen.size));
    },
    links() {
      return this.items.filter((item) => this.chosen.has(item.id)).map((item) => `${window.location.origin}/incidents/${item.id}`).join("\n");
    },
    // Rows in the document: [first, after the last].
    rows() {
      const all = Math.ceil(this.items.length / this.columns);
      if (this.items.length <= WHOLE || !this.rowHeight) return [0, this.rowHeight ? all : Math.ceil(WHOLE / this.columns)];
      const first = Math.max(0, Math.min(all - 1, Math.floor((this.top - OVERSCAN_PX) / this.rowHeight)));
      return [first, Math.min(all, Math.ceil((this.top + this.height + OVERSCAN_PX) / this.rowHeight))];
    },
    visible() {
      return this.items.slice(this.rows[0] * this.columns, this.rows[1] * this.columns);
    },
    above() {
      return this.rows[0] * this.rowHeight;
    },
    below() {
      return Math.max(0, Math.ceil(this.items.length / this.columns) - this.rows[1]) * this.rowHeight;
    },
    spacing() {
      return this.above || this.below ? { "--above": `${this.above}px`, "--below": `${this.below}px` } : {};
    },
  },
  watch: {
    layout() {
      this.rowHeight = 0;
      this.$nextTick(this.measure);
    },
    "items.length"() {
      if (!this.rowHeight) this.$nextTick(this.measure);
    },
  },
  mounted() {
    this.watcher = new IntersectionObserver(([entry]) => entry.isIntersecting && this.askMore(), { root: this.$refs.scroller, rootMargin: "600px" });
    this.watcher.observe(this.$refs.sentinel);
    this.resized = new ResizeObserver(() => this.measure());
    this.resized.observe(this.$refs.scroller);
    document.addEventListener("keydown", this.onPageKey);
    this.measure();
    this.$el.dataset.ready = "true";
  },
  unmounted() {
    this.watcher?.disconnect();
    this.resized?.disconnect();
    document.removeEventListener("keydown", this.onPageKey);
  },
  methods: {
    // Called by the server ------------------------------------------------------------------------------
    reset(items, more) {
      this.items = items.map(still);
      this.more = more;
      this.waiting = [];
      this.fresh = new Set();
      this.broken = new Set();
      this.loading = false;
      this.stale = false;
      const there = new Set(items.map((item) => item.id));
      this.chosen = new Set([...this.chosen].filter((id) => there.has(id)));
      this.$refs.scroller.scrollTop = 0;
      this.top = 0;
    },
    // A newer search runs: what is shown is of the one before.
    searching() {
      this.stale = true;
    },
    append(items, more) {
      const known = new Set(this.items.map((item) => item.id));
      this.items.push(...items.filter((item) => !known.has(item.id)).map(still));
      this.more = more;
      this.loading = false;
      // What came may not have filled the view: then nothing would cross the sentinel again.
      this.$nextTick(() => {
        this.watcher?.unobserve(this.$refs.sentinel);
        this.watcher?.observe(this.$refs.sentinel);
      });
    },
    // ``changed`` matches the search now; ``gone`` (ids) no longer does.
    change(changed, gone) {
      changed.forEach(still);
      const left = new Set(gone);
      if (left.size) {
        this.items = this.items.filter((item) => !left.has(item.id));
        this.waiting = this.waiting.filter((item) => !left.has(item.id));
        for (const id of gone) this.chosen.delete(id);
      }
      const places = new Map(this.items.map((item, i) => [item.id, i]));
      for (const item of changed) {
        const place = places.get(item.id);
        const queued = this.waiting.findIndex((w) => w.id === item.id);
        if (place !== undefined) this.items[place] = item;
        else if (queued >= 0) this.waiting[queued] = item;
        else if (this.waiting.length < MAX_WAITING) this.waiting.push(item);
      }
      if (this.waiting.length && this.waiting.length < MAX_WAITING && this.$refs.scroller.scrollTop < NEAR_TOP_PX) this.merge();
    },
    failed() {
      this.loading = false;
    },
    neighbours(id) {
      const i = this.items.findIndex((item) => item.id === id);
      return i < 0 ? null : { newer: this.items[i - 1]?.id ?? null, older: this.items[i + 1]?.id ?? null };
    },
    mark(id) {
      this.current = id;
    },
    focusOn(id) {
      const at = this.items.findIndex((item) => item.id === id);
      this.$nextTick(() => (at >= 0 ? this.goTo(at) : this.$el.querySelector("[data-id]")?.focus()));
    },
    // Own -----------------------------------------------------------------------------------------------
    merge() {
      const arrived = this.waiting;
      this.waiting = [];
      const oldest = this.items.length ? this.items[this.items.length - 1].order : "";
      // Older than what is loaded, while more could be loaded: it will come with its page.
      const fitting = arrived.filter((item) => !this.more || !this.items.length || item.order > oldest);
      this.items = [...fitting, ...this.items].sort((a, b) => (a.order < b.order ? 1 : a.order > b.order ? -1 : 0));
      if (this.items.length > MAX_SHOWN) {
        this.items.length = MAX_SHOWN; // a page that stands open for days stays quick
        this.more = true;
      }
      for (const item of fitting) this.fresh.add(item.id);
    },
    showWaiting() {
      const reload = this.waiting.length >= MAX_WAITING;
      this.$refs.scroller.scrollTop = 0;
      if (reload) {
        this.waiting = [];
        this.$emit("reload");
      } else this.merge();
    },
    askMore() {
      if (!this.more || this.loading || this.items.length >= MAX_SHOWN) return;
      this.loading = true;
      this.$emit("more");
    },
    onScroll() {
      const { scrollTop, clientHeight } = this.$refs.scroller;
      // Only a move of a screen's part changes what is in the document.
      if (Math.abs(scrollTop - this.top) > OVERSCAN_PX / 3 || scrollTop === 0) this.top = scrollTop;
      this.height = clientHeight;
      if (this.waiting.length && scrollTop === 0 && this.waiting.length < MAX_WAITING) this.merge();
    },
    // How high a row is, and how many stand in it.
    measure() {
      const cells = this.$refs.list?.querySelectorAll(this.layout === "table" ? "tr[data-row]" : ".cam-cell") || [];
      if (!cells.length || !cells[0].offsetHeight) return;
      const first = cells[0].getBoundingClientRect();
      let columns = 1;
      while (this.layout !== "table" && columns < cells.length && cells[columns].getBoundingClientRect().top < first.top + 4) columns++;
      const gap = this.layout === "table" ? 0 : parseFloat(getComputedStyle(this.$refs.list).rowGap) || 0;
      this.columns = columns;
      this.rowHeight = first.height + gap;
      this.height = this.$refs.scroller.clientHeight;
    },
    open(event, item) {
      if (event.shiftKey) {
        event.preventDefault();
        window.getSelection()?.removeAllRanges();
        return this.choose(event, item);
      }
      if (event.ctrlKey || event.metaKey || event.button === 1) return; // a new tab, as the user asked
      event.preventDefault();
      this.current = item.id;
      this.$emit("open", item.id);
    },
    // With shift: all from the one that was chosen last.
    choose(event, item) {
      const from = this.items.findIndex((each) => each.id === this.last);
      const to = this.items.indexOf(this.items.find((each) => each.id === item.id));
      if (event?.shiftKey && from >= 0) {
        for (const each of this.items.slice(Math.min(from, to), Math.max(from, to) + 1)) if (this.chosen.size < MAX_CHOSEN) this.chosen.add(each.id);
      } else if (this.chosen.has(item.id)) this.chosen.delete(item.id);
      else if (this.chosen.size < MAX_CHOSEN) this.chosen.add(item.id);
      else event?.preventDefault();
      this.last = item.id;
    },
    // The chosen ones into a case; none chosen: the one that the keyboard is at.
    collect(here) {
      const ids = this.chosen.size ? [...this.chosen] : here >= 0 ? [this.items[here].id] : [];
      if (ids.length && this.bulk.some((each) => each.name === "case")) this.$emit("bulk", { do: "case", ids });
    },
    unchoose() {
      this.chosen = new Set();
    },
    onKey(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches(TYPING)) return;
      const at = this.items.findIndex((item) => item.id === document.activeElement?.dataset?.id);
      if (at < 0) return;
      const wide = this.layout === "table" ? 0 : 1;
      const last = this.items.length - 1;
      const target = { ArrowRight: at + wide, ArrowLeft: at - wide, ArrowDown: at + this.columns, ArrowUp: at - this.columns, Home: 0, End: last }[event.key];
      if (target === undefined || target < 0 || target > last || target === at) return;
      event.preventDefault();
      this.goTo(target);
    },
    // Keys that work wherever the focus is, as long as nobody types and nothing lies over the list.
    onPageKey(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.(TYPING) || this.$el.closest("[inert]") || document.querySelector(".q-dialog")) return;
      const here = this.items.findIndex((item) => item.id === (document.activeElement?.dataset?.id ?? this.current));
      const act = {
        j: () => this.goTo(here < 0 ? 0 : here + 1),
        k: () => this.goTo(here < 0 ? 0 : here - 1),
        x: () => here >= 0 && this.choose(event, this.items[here]),
        X: () => here >= 0 && this.choose(event, this.items[here]),
        c: () => this.collect(here),
        "/": () => document.querySelector("[name=ask]")?.focus(),
        Escape: () => this.chosen.size && this.unchoose(),
        g: () => this.$emit("key", "layout"),
        r: () => this.$emit("reload"),
        s: () => this.$emit("key", "save"),
        "?": () => this.$emit("key", "help"),
      }[event.key] || (/^[1-4]$/.test(event.key) ? () => this.$emit("key", event.key) : null);
      if (!act) return;
      event.preventDefault();
      act();
    },
    goTo(index) {
      const item = this.items[index];
      if (!item || this.$el.style.display === "none") return;
      const row = Math.floor(index / this.columns);
      const { scroller, list } = this.$refs;
      const head = this.layout === "table" ? 40 : 14;
      const [top, bottom] = [row * this.rowHeight, (row + 1) * this.rowHeight + head];
      if (top < scroller.scrollTop) scroller.scrollTop = Math.max(0, top - 4);
      else if (bottom > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = bottom - scroller.clientHeight + 8;
      this.top = scroller.scrollTop;
      this.$nextTick(() => list.querySelector(`[data-id="${item.id}"]`)?.focus({ preventScroll: true }));
      if (index >= this.items.length - this.columns) this.askMore();
    },
  },
};
