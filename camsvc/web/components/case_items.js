// What is in a case, as a story in the order of time, or camera by camera. All texts are rendered by Vue as text.

const TYPING = "input, textarea, select, [contenteditable=true]";

export default {
  template: `
<section class="cam-story" :aria-label="texts['case.items']" @keydown="onKey">
  <div class="cam-story__bar">
    <h2>{{ texts['case.items'] }} <span class="cam-soft cam-num">{{ items.length }}</span></h2>
    <span class="cam-story__space"></span>
    <label v-if="items.length > 6" class="cam-story__find"><span class="cam-hidden">{{ texts['case.find_items'] }}</span><input v-model="text" type="search" class="cam-input" :placeholder="texts['case.find_items']" data-test="find-items" /></label>
    <div class="cam-seg" role="group" :aria-label="texts['case.order']">
      <button v-for="o in ['time', 'camera']" :key="o" type="button" :aria-pressed="String(order === o)" :data-order="o" @click="order = o"><i class="material-icons" aria-hidden="true">{{ o === 'time' ? 'schedule' : 'videocam' }}</i>{{ texts['case.order_' + o] }}</button>
    </div>
  </div>
  <p v-if="text && !shown.length" class="cam-soft">{{ texts['case.none_found'] }}</p>
  <section v-for="group in groups" :key="group.key" class="cam-story__group" :aria-label="group.title">
    <h3><i class="material-icons" aria-hidden="true">{{ order === 'time' ? 'event' : 'videocam' }}</i>{{ group.title }} <span class="cam-soft">{{ group.sub }}</span></h3>
    <ol class="cam-story__list">
      <template v-for="item in group.items" :key="item.id">
        <li v-if="item.apart" class="cam-story__apart" aria-hidden="true">{{ item.apart }}</li>
        <li class="cam-piece" :class="'cam-piece--' + item.state" :data-item="item.id" :data-kind="item.kind">
          <span class="cam-piece__time cam-num" :title="item.utc"><strong>{{ item.clock }}</strong><span class="cam-soft">{{ item.length }}</span></span>
          <component :is="item.href ? 'a' : item.looks ? 'button' : 'span'" class="cam-piece__picture" :href="item.href || null" :type="item.looks && !item.href ? 'button' : null" :aria-label="item.label" @click="!item.href && item.looks && $emit('look', item.id)">
            <img v-if="item.thumbnail && !broken.has(item.thumbnail)" :src="item.thumbnail" alt="" loading="lazy" decoding="async" @error="broken.add(item.thumbnail)" />
            <i v-else class="material-icons" aria-hidden="true">{{ item.picture_icon }}</i>
          </component>
          <div class="cam-piece__body">
            <div class="cam-piece__head">
              <span class="cam-piece__kind"><i class="material-icons" aria-hidden="true">{{ item.icon }}</i>{{ item.kind_text }}</span>
              <a v-if="item.href" :href="item.href" class="cam-piece__title">{{ item.title }}</a><strong v-else class="cam-piece__title">{{ item.title }}</strong>
              <span v-for="m in item.marks" :key="m.text" class="cam-badge" :class="'cam-badge--' + m.kind" :title="m.hint || m.text"><i class="material-icons" aria-hidden="true">{{ m.icon }}</i>{{ m.text }}</span>
            </div>
            <span v-if="item.where" class="cam-piece__where">{{ item.where }}</span>
            <p v-if="item.state_text" class="cam-piece__state"><i class="material-icons" aria-hidden="true">{{ item.state_icon }}</i><span>{{ item.state_text }}</span></p>
            <p v-if="item.comment" class="cam-piece__comment">{{ item.comment }}</p>
            <span class="cam-soft cam-piece__by">{{ item.added }}</span>
          </div>
          <div class="cam-piece__deeds">
            <button v-if="item.asks" type="button" class="cam-btn cam-btn--small" data-test="ask-for" @click="$emit('ask', item.id)"><i class="material-icons" aria-hidden="true">front_hand</i><span>{{ texts['case.ask_for'] }}</span></button>
            <label v-if="item.chooses" class="cam-tick cam-piece__tick" :title="texts['results.choose']"><input type="checkbox" :checked="chosen.has(item.id)" :aria-label="texts['results.choose'] + ': ' + item.label" :data-choose="item.id" @change="toggle(item.id)" /></label>
            <button v-if="editable && item.chooses" type="button" class="cam-btn cam-btn--quiet cam-btn--icon" :title="texts['case.comment_item']" :aria-label="texts['case.comment_item'] + ': ' + item.label" data-test="comment-item" @click="$emit('comment', item.id)"><i class="material-icons" aria-hidden="true">rate_review</i></button>
            <button v-if="editable" type="button" class="cam-btn cam-btn--quiet cam-btn--icon" :title="texts['case.remove_item']" :aria-label="texts['case.remove_item'] + ': ' + item.label" data-test="remove-item" @click="$emit('remove', [item.id])"><i class="material-icons" aria-hidden="true">playlist_remove</i></button>
          </div>
        </li>
      </template>
    </ol>
  </section>
  <div v-if="chosen.size" class="cam-bulk" role="toolbar" :aria-label="texts['bulk.label']">
    <strong aria-live="polite">{{ texts[chosen.size === 1 ? 'bulk.chosen.one' : 'bulk.chosen.other'].replace('{n}', chosen.size) }}</strong>
    <button v-if="exports" type="button" class="cam-btn" data-bulk="export" @click="$emit('export', [...chosen])"><i class="material-icons" aria-hidden="true">archive</i><span>{{ texts['case.export_chosen'] }}</span></button>
    <button v-if="editable" type="button" class="cam-btn" data-bulk="remove" @click="$emit('remove', [...chosen])"><i class="material-icons" aria-hidden="true">playlist_remove</i><span>{{ texts['case.remove_item'] }}</span></button>
    <button type="button" class="cam-btn cam-btn--quiet" data-bulk="clear" @click="chosen = new Set()"><i class="material-icons" aria-hidden="true">close</i><span>{{ texts['bulk.clear'] }}</span></button>
  </div>
</section>`,
  props: {
    items: Array, // in the order of time; see CaseItems
    editable: Boolean, // items may be taken out
    exports: Boolean,
    texts: Object,
  },
  emits: ["look", "ask", "comment", "remove", "export"],
  data() {
    return { order: localStorage.getItem("camsvc.case.order") === "camera" ? "camera" : "time", text: "", chosen: new Set(), broken: new Set() };
  },
  computed: {
    shown() {
      const words = this.text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
      return words.length ? this.items.filter((item) => words.every((word) => item.words.includes(word))) : this.items;
    },
    groups() {
      const groups = new Map();
      for (const item of this.shown) {
        const key = this.order === "time" ? item.day : item.camera || item.camera_name;
        if (!groups.has(key)) groups.set(key, { key, title: this.order === "time" ? item.day_text : item.camera_name, sub: this.order === "time" ? "" : item.area_name, items: [] });
        const list = groups.get(key).items;
        // The length of a pause is told where the story goes on in the order of time.
        list.push(this.order === "time" && !this.text ? item : { ...item, apart: "", clock: this.order === "time" ? item.clock : item.day_text + " " + item.clock });
      }
      return [...groups.values()];
    },
  },
  watch: {
    order(now) {
      localStorage.setItem("camsvc.case.order", now);
    },
    items(now) {
      const there = new Set(now.map((item) => item.id));
      this.chosen = new Set([...this.chosen].filter((id) => there.has(id)));
    },
  },
  mounted() {
    this.$el.dataset.ready = "true";
  },
  methods: {
    toggle(id) {
      const chosen = new Set(this.chosen);
      if (!chosen.delete(id)) chosen.add(id);
      this.chosen = chosen;
    },
    // Up and down from piece to piece.
    onKey(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(TYPING)) return;
      const by = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
      if (!by) return;
      const stops = [...this.$el.querySelectorAll(".cam-piece__picture[href], button.cam-piece__picture")];
      const at = stops.indexOf(document.activeElement.closest(".cam-piece")?.querySelector(".cam-piece__picture"));
      const next = stops[Math.min(stops.length - 1, Math.max(0, at + by))];
      if (!next) return;
      event.preventDefault();
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    },
  },
};
