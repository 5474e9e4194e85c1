// One camera's live picture by itself, as the page of a camera shows it.
import { ServerClock } from "camsvc-live/clock.js";
import { Events, stateOf } from "camsvc-live/events.js";
import { Net } from "camsvc-live/net.js";
import Tile from "camsvc-live/tile.js";
import { timesIn } from "camsvc-live/times.js";
import { whenUnseen } from "camsvc-live/seen.js";

export default {
  components: { Tile },
  template: `
<div class="cam-alone" ref="root">
  <tile ref="tile" :index="0" :camera="camera" stream="sub" :status="state" :selected="true" :movable="false" :asleep="asleep" :labels="labels" :texts="texts" :ring-s="ringS" :net="net()" :times="times()" :collects="collects" @snapshot="(what) => $emit('snapshot', what)" @span="(what) => $emit('span', what)" @enlarge="enlarge" @said="say"></tile>
</div>`,
  emits: ["snapshot", "span"],
  props: { camera: Object, status: Object, collects: Boolean, stateWords: Object, labels: Object, texts: Object, serverMs: Number, ringS: Number, locale: String, timezone: String, zone: String },
  data() {
    return { state: this.status, asleep: false };
  },
  created() {
    const clock = new ServerClock(this.serverMs);
    this.shared = { net: new Net(clock), times: timesIn(this.locale, this.timezone, this.texts) };
    this.events = new Events(clock, { state: (message) => (this.state = stateOf(message, this.stateWords)), tracks() {}, open() {} });
  },
  mounted() {
    this.events.follow([this.camera.id], false);
    this.unseen = whenUnseen((is) => (this.asleep = is), () => this.$refs.tile.resume());
    this.leave = () => this.$refs.tile.sight.close();
    window.addEventListener("pagehide", this.leave);
    this.$el.dataset.ready = "true";
  },
  unmounted() {
    this.unseen();
    window.removeEventListener("pagehide", this.leave);
    this.events.close();
  },
  watch: {
    status(now) {
      if (!this.events.isOpen) this.state = now;
    },
  },
  methods: {
    net() {
      return this.shared.net;
    },
    times() {
      return this.shared.times;
    },
    enlarge() {
      window.location.assign(`/live?camera=${encodeURIComponent(this.camera.id)}`);
    },
    say(text) {
      Quasar.Notify.create({ message: text, timeout: 2500, position: "bottom" });
    },
  },
};
