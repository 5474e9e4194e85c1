// The keyboard of the wall.
import { TILES } from "./slots.js";

export default {
  methods: {
    onKey(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || this.$el.closest("[inert]")) return;
      const on = document.activeElement;
      if (on && (on.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(on.tagName))) return;
      if (document.querySelector(".q-dialog__inner > div")) return;
      const pressing = on?.tagName === "BUTTON" && (event.key === " " || event.key === "Enter");
      const tile = this.tileAt(this.large ?? this.selected);
      const n = Math.sqrt(this.tiles);
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -n, ArrowDown: n }[event.key];
      const digit = TILES[Number(event.key) - 1];
      const named = {
        Enter: () => this.onPage[this.selected] && this.enlarge(this.selected),
        Escape: () => this.stepBack(tile),
        Delete: () => this.remove(this.selected),
        PageUp: () => this.turn(-1),
        PageDown: () => this.turn(1),
        " ": () => tile?.pause(),
        b: () => (this.boxes = !this.boxes),
        c: () => this.askFor(this.selected),
        e: () => this.collects && tile?.collectPicture(),
        E: () => this.collects && tile?.collectSpan(),
        f: () => this.fullscreen(),
        i: () => this.toNews(),
        l: () => tile?.goLive(),
        r: () => tile?.goBack(),
        s: () => tile?.takeSnapshot(),
        "?": () => this.$emit("help"),
      };
      const does = step !== undefined ? () => this.walk(step, event.shiftKey) : digit ? () => this.layOut(digit) : named[event.key];
      if (!does || pressing) return;
      event.preventDefault();
      does();
    },
    // To the neighbour; with the camera, when ``moving``. An enlarged tile gives way to its neighbour.
    walk(step, moving) {
      const n = Math.sqrt(this.tiles);
      const target = this.selected + step;
      const sameRow = Math.abs(step) !== 1 || n === 1 || Math.floor(target / n) === Math.floor(this.selected / n);
      if (target < 0 || target >= this.tiles || !sameRow) return;
      if (this.large !== null && !this.onPage[target]) return;
      if (moving && this.large === null) this.move(this.selected, target);
      this.selected = target;
      if (this.large !== null) this.large = target;
      this.$nextTick(() => this.focusTile());
    },
    stepBack(tile) {
      if (tile?.replay) tile.goLive();
      else if (this.large !== null) this.enlarge(this.large);
    },
    toNews() {
      this.panels.news = true;
      this.$nextTick(() => this.$refs.news.focus());
    },
    focusTile() {
      this.tileAt(this.large ?? this.selected)?.$el.focus();
    },
  },
};
