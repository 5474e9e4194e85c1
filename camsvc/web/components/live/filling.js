// Which cameras are in which tiles, as the user puts them there.
import * as slots from "./slots.js";

const CYCLE_S = 20; // of an area with more cameras than tiles, until the user says otherwise

export default {
  methods: {
    layOut(tiles) {
      const first = this.page * this.tiles + this.selected;
      this.large = null;
      this.tiles = tiles;
      this.page = Math.min(Math.floor(first / tiles), this.pages - 1); // what was selected stays in view
      this.selected = this.page === Math.floor(first / tiles) ? first % tiles : 0;
      this.$nextTick(() => this.focusTile());
    },
    at(index) {
      return this.page * this.tiles + index;
    },
    putNext(camera) {
      const already = this.onPage.indexOf(camera);
      const empty = slots.firstEmpty(this.list, this.tiles, this.page);
      const index = already >= 0 ? already : this.onPage[this.selected] === null ? this.selected : empty >= 0 ? empty : this.selected;
      this.list = slots.put(this.list, this.tiles, this.at(index), camera);
      this.selected = index;
    },
    fill(cameras) {
      if (cameras.length > this.tiles && this.cycleS === null) this.cycleS = CYCLE_S;
      this.list = cameras.slice(0, slots.CAMERAS_MAX);
      this.page = this.selected = 0;
      this.large = null;
    },
    remove(index) {
      if (this.large === index) this.large = null;
      const list = [...this.list];
      list[this.at(index)] = null;
      const page = this.page;
      this.list = slots.trimmed(list);
      this.page = Math.min(page, this.pages - 1);
    },
    move(from, to) {
      this.list = slots.swapped(this.list, this.at(from), this.at(to));
    },
    dropped(index, { camera, tile }) {
      if (camera && this.byId[camera]) this.list = slots.put(this.list, this.tiles, this.at(index), camera);
      else if (tile !== undefined) this.move(tile, index);
      this.selected = index;
    },
    askFor(index) {
      this.selected = index;
      this.panels.cameras = true;
      this.$nextTick(() => this.$refs.pool.focus());
    },
    enlarge(index) {
      this.large = this.large === index ? null : index;
      this.selected = index;
      this.$nextTick(() => this.focusTile());
    },
    replaying(index, on) {
      this.looking = this.looking.filter((each) => each !== index);
      if (on) this.looking.push(index);
    },
    // Look at what just happened there: large, from half a minute ago on.
    lookBack(camera) {
      if (!this.byId[camera]) return;
      if (!this.shown.has(camera)) this.putNext(camera);
      this.large = this.selected = this.onPage.indexOf(camera);
      this.$nextTick(() => (this.focusTile(), this.tileOf(camera)?.goBack()));
    },
  },
};
