// What a search found: as cards, or as a table. Keeps what it was given; the server keeps only the cursor.
// All texts are rendered by Vue as text: nothing that comes from outside can become markup.

const NEAR_TOP_PX = 80; // scrolled further than this, new incidents wait behind a button and the list does not jump
const MAX_WAITING = 200; // more than this is no news but a new search: the button reloads
const MAX_SHOWN = 3000; // beyond, the browser grows slow: the user is told to narrow the search

export default {
  template: `
<div class="cam-results" :class="'cam-results--' + layout" ref="scroller" @scroll.passive="onScroll" @keydown="onKey" tabindex="-1">
  <div class="cam-results__news" aria-live="polite">
    <button v-if="waiting.length" type="button" class="cam-news" @click="showWaiting">
      <i class="material-icons" aria-hidden="true">arrow_upward</i>{{ newsText }}
    </button>
  </div>
  <div v-if="layout !== 'table'" class="cam-cards" role="list">
    <a v-for="item in items" :key="item.id" role="listitem" class="cam-card" :class="{'cam-card--open': item.state === 'open', 'cam-card--fresh': fresh.has(item.id), 'cam-card--current': item.id === current}"
       :href="item.href" :data-id="item.id" :aria-label="item.label" @click="open($event, item)">
      <span class="cam-card__picture">
        <img v-if="item.thumbnail && !broken.has(item.thumbnail)" :src="item.thumbnail" alt="" loading="lazy" decoding="async" @error="broken.add(item.thumbnail)" />
        <span v-else class="cam-card__none"><i class="material-icons" aria-hidden="true">image_not_supported</i><span>{{ texts['results.no_picture'] }}</span></span>
        <span class="cam-badge" :class="'cam-badge--' + item.state"><i class="material-icons" aria-hidden="true">{{ item.state_icon }}</i>{{ item.state_text }}</span>
        <span v-if="item.duration" class="cam-card__duration">{{ item.duration }}</span>
      </span>
      <span class="cam-card__body">
        <span class="cam-card__title"><span class="cam-sev" :class="'cam-sev--' + item.severity" :title="item.severity_text"></span>{{ item.what }}</span>
        <span class="cam-card__time" :title="item.utc">{{ item.time }}</span>
        <span class="cam-card__where" :title="item.camera_name + ' · ' + item.area_name">{{ item.camera_name }}<span class="cam-soft"> · {{ item.area_name }}</span></span>
      </span>
    </a>
  </div>
  <table v-else class="cam-table">
    <colgroup><col style="width:88px" /><col style="width:164px" /><col style="width:64px" /><col /><col style="width:20%" /><col style="width:12%" /><col style="width:100px" /><col style="width:130px" /></colgroup>
    <thead><tr>
      <th scope="col" class="cam-table__thumb"><span class="cam-hidden">{{ texts['results.picture'] }}</span></th>
      <th scope="col">{{ texts['results.time'] }} <span class="cam-soft">({{ zone }})</span></th>
      <th scope="col">{{ texts['results.duration'] }}</th>
      <th scope="col">{{ texts['results.what'] }}</th>
      <th scope="col">{{ texts['results.camera'] }}</th>
      <th scope="col">{{ texts['results.area'] }}</th>
      <th scope="col">{{ texts['results.severity'] }}</th>
      <th scope="col">{{ texts['results.state'] }}</th>
    </tr></thead>
    <tbody>
      <tr v-for="item in items" :key="item.id" :data-row="item.id" :class="{'cam-card--fresh': fresh.has(item.id), 'cam-table__row--current': item.id === current}" @click="open($event, item)">
        <td class="cam-table__thumb"><img v-if="item.thumbnail && !broken.has(item.thumbnail)" :src="item.thumbnail" alt="" loading="lazy" decoding="async" @error="broken.add(item.thumbnail)" /></td>
        <td class="cam-num" :title="item.utc"><a :href="item.href" :data-id="item.id" :aria-label="item.label" @click.stop="open($event, item)">{{ item.time }}</a></td>
        <td class="cam-num">{{ item.duration }}</td>
        <td :title="item.what">{{ item.what }}</td>
        <td :title="item.camera_name">{{ item.camera_name }}</td>
        <td :title="item.area_name">{{ item.area_name }}</td>
        <td><span class="cam-sev" :class="'cam-sev--' + item.severity"></span>{{ item.severity_text }}</td>
        <td><span class="cam-badge" :class="'cam-badge--' + item.state"><i class="material-icons" aria-hidden="true">{{ item.state_icon }}</i>{{ item.state_text }}</span></td>
      </tr>
    </tbody>
  </table>
  <div ref="sentinel" class="cam-results__end">
    <template v-if="items.length">
      <span v-if="items.length >= limit">{{ texts['results.too_many'] }}</span>
      <button v-else-if="more" type="button" class="cam-more" :disabled="loading" @click="askMore">{{ loading ? texts['results.loading'] : texts['results.more'] }}</button>
      <span v-else>{{ texts['results.end'] }}</span>
    </template>
  </div>
</div>`,
  props: { initial: Array, initialMore: Boolean, layout: String, zone: String, texts: Object },
  data() {
    return { items: this.initial, more: this.initialMore, waiting: [], fresh: new Set(), broken: new Set(), loading: false, current: null, limit: MAX_SHOWN };
  },
  computed: {
    newsText() {
      const n = this.waiting.length;
      const text = n === 1 ? this.texts["results.news.one"] : this.texts["results.news.other"];
      return text.replace("{n}", n >= MAX_WAITING ? `${MAX_WAITING}+` : String(n));
    },
  },
  mounted() {
    this.watcher = new IntersectionObserver(([entry]) => entry.isIntersecting && this.askMore(), { root: this.$refs.scroller, rootMargin: "600px" });
    this.watcher.observe(this.$refs.sentinel);
    this.$el.dataset.ready = "true";
  },
  unmounted() {
    this.watcher?.disconnect();
  },
  methods: {
    // Called by the server ------------------------------------------------------------------------------
    reset(items, more) {
      this.items = items;
      this.more = more;
      this.waiting = [];
      this.fresh = new Set();
      this.broken = new Set();
      this.loading = false;
      this.$refs.scroller.scrollTop = 0;
    },
    append(items, more) {
      const known = new Set(this.items.map((item) => item.id));
      this.items.push(...items.filter((item) => !known.has(item.id)));
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
      const left = new Set(gone);
      if (left.size) {
        this.items = this.items.filter((item) => !left.has(item.id));
        this.waiting = this.waiting.filter((item) => !left.has(item.id));
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
      this.$nextTick(() => {
        const link = this.$el.querySelector(`[data-id="${CSS.escape(id || "")}"]`) || this.$el.querySelector("[data-id]");
        link?.focus({ preventScroll: false });
      });
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
      if (this.waiting.length && this.$refs.scroller.scrollTop === 0 && this.waiting.length < MAX_WAITING) this.merge();
    },
    open(event, item) {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button === 1) return; // a new tab, as the user asked
      event.preventDefault();
      this.current = item.id;
      this.$emit("open", item.id);
    },
    onKey(event) {
      const links = [...this.$el.querySelectorAll("[data-id]")];
      const at = links.indexOf(document.activeElement);
      if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
      const first = links[0].getBoundingClientRect().top;
      const columns = this.layout === "table" ? 1 : Math.max(1, links.findIndex((l) => l.getBoundingClientRect().top > first + 4));
      const wide = this.layout === "table" ? 0 : 1;
      const step = { ArrowRight: wide, ArrowLeft: -wide, ArrowDown: columns, ArrowUp: -columns, j: 1, k: -1 }[event.key];
      const target = event.key === "Home" ? links[0] : event.key === "End" ? links[links.length - 1] : step ? links[at + step] : null;
      if (!target) return;
      event.preventDefault();
      target.focus();
    },
  },
};
