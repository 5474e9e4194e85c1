// The saved walls of the user: choose one, save the one that is seen, remove one.
import { removeWall, savedWalls, saveWall } from "./saved.js";

const NAME_MAX = 100;

export default {
  template: `
<div class="cam-walls" @keydown.stop="onKey">
  <button ref="button" type="button" class="cam-btn" aria-haspopup="true" :aria-expanded="String(open)" data-test="walls" @click="toggle"><i class="material-icons" aria-hidden="true">dashboard</i><span class="cam-walls__name">{{ wall.name || texts['live.unsaved'] }}{{ wall.name && changed ? ' *' : '' }}</span><i class="material-icons" aria-hidden="true">arrow_drop_down</i></button>
  <div v-if="open" class="cam-walls__menu" role="dialog" :aria-label="texts['live.walls']">
    <p v-if="trouble" class="cam-note cam-note--bad">{{ trouble }}</p>
    <ul v-if="saved.length" class="cam-walls__list">
      <li v-for="each in saved" :key="each.name">
        <button type="button" class="cam-walls__pick" :data-wall="each.name" :aria-current="each.name === wall.name ? 'true' : null" @click="pick(each)"><span>{{ each.name }}</span><span class="cam-soft">{{ texts['live.tiles'].replace('{n}', each.tiles) }}</span></button>
        <button type="button" class="cam-btn cam-btn--quiet cam-btn--icon" :title="texts['live.wall_remove']" :aria-label="texts['live.wall_remove'] + ': ' + each.name" @click="remove(each)"><i class="material-icons" aria-hidden="true">{{ doomed === each.name ? 'delete_forever' : 'delete' }}</i></button>
        <span v-if="doomed === each.name" class="cam-walls__sure">{{ texts['live.wall_sure'] }}</span>
      </li>
    </ul>
    <p v-else-if="!trouble" class="cam-soft">{{ texts['live.no_walls'] }}</p>
    <form class="cam-walls__save" @submit.prevent="save">
      <input ref="name" v-model.trim="name" class="cam-input" name="wall-name" :maxlength="max" autocomplete="off" :placeholder="texts['live.wall_name']" :aria-label="texts['live.wall_name']" />
      <button type="submit" class="cam-btn cam-btn--main" :disabled="!name" data-test="save-wall">{{ texts[known ? 'live.wall_replace' : 'live.wall_save'] }}</button>
    </form>
  </div>
</div>`,
  props: { wall: Object, changed: Boolean, texts: Object },
  emits: ["pick", "saved", "said"],
  data() {
    return { open: false, saved: [], name: "", trouble: "", doomed: null, max: NAME_MAX };
  },
  computed: {
    known() {
      return this.saved.some((each) => each.name === this.path);
    },
    // A name is part of the wall's address.
    path() {
      return this.name.replaceAll("/", "-");
    },
  },
  mounted() {
    this.outside = (event) => this.open && !this.$el.contains(event.target) && this.close();
    document.addEventListener("pointerdown", this.outside);
  },
  unmounted() {
    document.removeEventListener("pointerdown", this.outside);
  },
  methods: {
    async toggle() {
      if (this.open) return this.close();
      this.open = true;
      this.name = this.wall.name || "";
      this.doomed = null;
      await this.load();
      await this.$nextTick();
      this.$refs.name?.focus();
    },
    close() {
      this.open = false;
    },
    async load() {
      this.trouble = "";
      await savedWalls().then((found) => (this.saved = found), (error) => (this.trouble = error.message));
    },
    pick(wall) {
      this.close();
      this.$emit("pick", wall);
    },
    async save() {
      const wall = { ...this.wall, name: this.path };
      try {
        await saveWall(wall);
      } catch (error) {
        this.trouble = error.message;
        return;
      }
      this.close();
      this.$emit("saved", wall);
      this.$emit("said", this.texts["live.wall_saved"].replace("{name}", wall.name));
    },
    async remove(wall) {
      if (this.doomed !== wall.name) return void (this.doomed = wall.name); // the second press means it
      this.doomed = null;
      await removeWall(wall.name).catch((error) => (this.trouble = error.message));
      await this.load();
    },
    onKey(event) {
      if (event.key !== "Escape" || !this.open) return;
      this.close();
      this.$refs.button.focus();
    },
  },
};
