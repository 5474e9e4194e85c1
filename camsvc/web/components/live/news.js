// Incidents beside the wall, the newest first.

const KEPT = 60; // a shift has more; older ones are found on the page of incidents

export default {
  template: `
<section class="cam-news-list" :aria-label="texts['live.incidents']">
  <header class="cam-news-list__head"><h2>{{ texts['live.incidents'] }}</h2><a href="/incidents">{{ texts['live.all_incidents'] }}</a></header>
  <div class="cam-news-list__items" role="list" aria-live="polite" aria-relevant="additions">
    <button v-for="item in items" :key="item.id" type="button" role="listitem" class="cam-item" :class="['cam-item--' + item.severity, {'cam-item--open': item.state === 'open', 'cam-item--fresh': fresh.has(item.id)}]" :data-incident="item.id" :aria-label="item.label"
      @click="$emit('open', item.id)" @keydown.stop="onKey">
      <span class="cam-item__picture"><img v-if="item.thumbnail && !broken.has(item.thumbnail)" :src="item.thumbnail" alt="" loading="lazy" decoding="async" @error="broken.add(item.thumbnail)" /><i v-else class="material-icons" aria-hidden="true">image_not_supported</i></span>
      <span class="cam-item__what"><span class="cam-sev" :class="'cam-sev--' + item.severity" :title="item.severity_text"></span>{{ item.what }}</span>
      <span class="cam-item__where">{{ item.camera_name }}</span>
      <span class="cam-item__time" :title="item.utc">{{ item.clock }}<span class="cam-badge" :class="'cam-badge--' + item.state" v-if="item.state !== 'closed'"><i class="material-icons" aria-hidden="true">{{ item.state_icon }}</i>{{ item.state_text }}</span></span>
    </button>
    <p v-if="!items.length" class="cam-news-list__none cam-soft">{{ texts['live.no_incidents'] }}</p>
  </div>
</section>`,
  props: { initial: Array, texts: Object },
  emits: ["open", "leave"],
  data() {
    return { items: this.initial, fresh: new Set(), broken: new Set() };
  },
  methods: {
    // New and changed ones.
    take(changed) {
      const places = new Map(this.items.map((item, i) => [item.id, i]));
      const oldest = this.items.length >= KEPT ? this.items[this.items.length - 1].order : "";
      for (const item of changed) {
        if (places.has(item.id)) this.items[places.get(item.id)] = item;
        else if (item.order > oldest) {
          this.items.push(item);
          this.fresh.add(item.id);
        }
      }
      this.items.sort((a, b) => (a.order < b.order ? 1 : a.order > b.order ? -1 : 0));
      for (const gone of this.items.splice(KEPT)) this.fresh.delete(gone.id);
    },
    reset(items) {
      this.items = items;
      this.fresh = new Set();
    },
    focus() {
      this.$el.querySelector("[data-incident]")?.focus();
    },
    onKey(event) {
      if (event.key === "Escape") return this.$emit("leave");
      const rows = [...this.$el.querySelectorAll("[data-incident]")];
      const target = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!target) return;
      event.preventDefault();
      rows[rows.indexOf(document.activeElement) + target]?.focus();
    },
  },
};
