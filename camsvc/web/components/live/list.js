// The cameras that can be put onto the wall, by area: searched by name, dragged, clicked, or chosen with the keyboard.

// Without case and diacritics: "bac ninh" finds "Bắc Ninh".
export function plain(text) {
  return text.toLowerCase().replaceAll("đ", "d").normalize("NFD").replace(/\p{M}/gu, "");
}

export default {
  template: `
<section class="cam-pool" :aria-label="texts['live.cameras']" @keydown="onKey">
  <div class="cam-pool__search"><input ref="search" v-model="text" class="cam-input" type="search" name="wall-search" autocomplete="off" spellcheck="false" :placeholder="texts['live.search']" :aria-label="texts['live.search']" /></div>
  <div class="cam-pool__list">
    <div v-for="group in groups" :key="group.area" class="cam-pool__group">
      <div class="cam-pool__area">
        <button type="button" class="cam-pool__fold" :aria-expanded="String(!group.folded)" @click="fold(group)"><i class="material-icons" aria-hidden="true">{{ group.folded ? 'chevron_right' : 'expand_more' }}</i><span :title="group.trail">{{ group.name }}</span></button>
        <button type="button" class="cam-pool__all" :data-area="group.area" :title="texts['live.show_area']" :aria-label="texts['live.show_area'] + ': ' + group.name" @click="$emit('area', group.cameras.map((each) => each.id))"><i class="material-icons" aria-hidden="true">grid_view</i>{{ group.cameras.length }}</button>
      </div>
      <template v-if="!group.folded">
        <button v-for="camera in group.cameras" :key="camera.id" type="button" class="cam-pool__row" :class="{'cam-pool__row--on': shown.has(camera.id)}" draggable="true" :data-pool="camera.id" :data-state="states[camera.id]?.state"
          :title="camera.name + ' · ' + (states[camera.id]?.state_text ?? '')" @click="$emit('pick', camera.id)" @dragstart="dragStart($event, camera)">
          <i class="material-icons cam-pool__icon" :class="'cam-pool__icon--' + (states[camera.id]?.state ?? 'unknown')" aria-hidden="true">{{ states[camera.id]?.icon ?? 'videocam' }}</i>
          <span class="cam-pool__name">{{ camera.name }}</span>
          <span class="cam-hidden">{{ states[camera.id]?.state_text }}</span>
          <i v-if="shown.has(camera.id)" class="material-icons cam-pool__check" :title="texts['live.on_wall']" role="img" :aria-label="texts['live.on_wall']">check</i>
        </button>
      </template>
    </div>
    <p v-if="!groups.length" class="cam-pool__none cam-soft">{{ texts[cameras.length ? 'cameras.none_match' : 'live.none'] }}</p>
  </div>
</section>`,
  props: { cameras: Array, states: Object, shown: Set, texts: Object },
  emits: ["pick", "area", "leave"],
  data() {
    return { text: "", folded: new Set() };
  },
  computed: {
    searchable() {
      return this.cameras.map((camera) => [camera, plain(`${camera.name} ${camera.id} ${camera.area_name}`)]);
    },
    groups() {
      const words = plain(this.text).split(/\s+/).filter(Boolean);
      const groups = new Map();
      for (const [camera, searched] of this.searchable) {
        if (!words.every((word) => searched.includes(word))) continue;
        if (!groups.has(camera.area)) groups.set(camera.area, { area: camera.area, name: camera.area_short, trail: camera.area_name, cameras: [], folded: !words.length && this.folded.has(camera.area) });
        groups.get(camera.area).cameras.push(camera);
      }
      return [...groups.values()];
    },
  },
  methods: {
    focus() {
      this.$refs.search.focus();
      this.$refs.search.select();
    },
    fold(group) {
      if (!this.folded.delete(group.area)) this.folded.add(group.area);
    },
    dragStart(event, camera) {
      event.dataTransfer.setData("application/x-camsvc-camera", camera.id);
      event.dataTransfer.setData("text/plain", camera.name);
      event.dataTransfer.effectAllowed = "move";
    },
    onKey(event) {
      event.stopPropagation(); // letters typed here are no shortcuts of the wall
      const rows = [...this.$el.querySelectorAll("[data-pool]")];
      const at = rows.indexOf(document.activeElement);
      const searching = document.activeElement === this.$refs.search;
      if (event.key === "Escape") return this.$emit("leave");
      if (event.key === "Enter" && searching) return rows[0] && this.$emit("pick", rows[0].dataset.pool);
      if (at < 0 && !(searching && event.key === "ArrowDown")) return;
      const target = { ArrowDown: rows[at + 1], ArrowUp: rows[at - 1] ?? this.$refs.search, Home: rows[0], End: rows[rows.length - 1] }[event.key];
      if (!target) return;
      event.preventDefault();
      target.focus();
    },
  },
};
