// What components over a stretch of time share: where a moment lies in it, and another stretch that is asked for.
// They have a prop `extent`, [start, end] in ms since 1970, UTC, and emit `extent`.

export const ZOOM = 1.6;
const TURN_MOST = 8; // of one turn of the wheel
const WHEEL_MS = 180; // a wheel turns in many small steps: one question for all of them

export const Stretch = {
  computed: {
    moves() {
      return [
        { name: "earlier", icon: "chevron_left", act: () => this.shift(-0.5) },
        { name: "later", icon: "chevron_right", act: () => this.shift(0.5) },
        { name: "zoom_in", icon: "zoom_in", act: () => this.zoom(1 / ZOOM) },
        { name: "zoom_out", icon: "zoom_out", act: () => this.zoom(ZOOM) },
      ];
    },
  },
  mounted() {
    this.$el.dataset.ready = "true";
  },
  unmounted() {
    clearTimeout(this.timer);
  },
  methods: {
    share(at) {
      return Math.min(1, Math.max(0, (at - this.extent[0]) / (this.extent[1] - this.extent[0])));
    },
    percent(at) {
      return `${100 * this.share(at)}%`;
    },
    // The moment under the pointer, in a box that shows the whole stretch.
    momentIn(box, event) {
      const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      return this.extent[0] + share * (this.extent[1] - this.extent[0]);
    },
    turn(event, centre) {
      event.preventDefault();
      this.turned = (this.turned || 1) * (event.deltaY > 0 ? ZOOM : 1 / ZOOM);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        this.zoom(Math.min(TURN_MOST, Math.max(1 / TURN_MOST, this.turned)), centre);
        this.turned = 1;
      }, WHEEL_MS);
    },
    // Around `centre`, else around what matters most (`middle`, where a component has one), else around the middle.
    zoom(by, centre) {
      const [start, end] = this.extent;
      const middle = centre ?? this.middle ?? (start + end) / 2;
      this.$emit("extent", [middle - (middle - start) * by, middle + (end - middle) * by].map(Math.round));
    },
    shift(by) {
      const length = this.extent[1] - this.extent[0];
      this.$emit("extent", this.extent.map((end) => Math.round(end + by * length)));
    },
  },
};
