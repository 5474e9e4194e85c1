// What another camera saw, in step with the player: the same wall time, started, stopped and sped up with it.
// Where it has no picture of that moment it says so, and when there is one.
import { copyOf, lastEndMs, lengthText, needsCopy, nextStartMs, partAt } from "camsvc-playing/footage.js";
import { transport } from "camsvc-playing/transport.js";

const LOOK_MS = 100; // how often it is compared with the player
const JUMP_S = 0.4; // apart by more, it jumps; by less, it runs a little faster or slower
const STILL_S = 0.02; // half a frame: a still picture is the same frame
const CORRECT = 0.6; // of the distance is made up for in a second
const CORRECT_MAX = 0.15;
const RATE_MAX = 16; // what browsers play
const AHEAD_MS = 4000; // so long before its first picture a part is fetched

export default {
  template: `
<article class="cam-companion" :class="{'cam-companion--dark': !there}" :aria-label="name">
  <div class="cam-companion__stage">
    <video ref="video" playsinline muted preload="auto" tabindex="-1" @loadedmetadata="loaded" @error="failed" v-show="there && !trouble"></video>
    <div v-if="trouble || !there" class="cam-companion__none" role="status"><i class="material-icons" aria-hidden="true">{{ trouble ? 'error_outline' : 'videocam_off' }}</i><span>{{ trouble || gap }}</span></div>
    <div v-if="copy && there" class="cam-companion__copy" :title="texts['player.copy']"><i class="material-icons" aria-hidden="true">content_copy</i></div>
    <button type="button" class="cam-companion__close" :title="texts['companion.close']" :aria-label="texts['companion.close'] + ': ' + name" @click="$emit('close')"><i class="material-icons" aria-hidden="true">close</i></button>
  </div>
  <div class="cam-companion__foot">
    <span class="cam-companion__name" :title="name">{{ name }}</span><span class="cam-companion__where"><i class="material-icons" aria-hidden="true" :style="{transform: 'rotate(' + bearing + 'deg)'}">navigation</i>{{ where }}</span>
    <button type="button" class="cam-companion__go" :disabled="!at" :title="texts['companion.follow']" @click="$emit('go', at)"><i class="material-icons" aria-hidden="true">redo</i>{{ texts['companion.follow_short'] }}</button>
  </div>
  <div class="cam-companion__lane" aria-hidden="true"><span v-for="(each, i) in parts" :key="i" :style="span(each.started_ms, each.ended_ms)"></span><i :style="{left: left(nowMs)}"></i></div>
</article>`,
  props: {
    parts: Array, // as the player's, of all incidents of the camera, each with its incident
    gaps: Array, // [{from_ms, to_ms, text}]
    axis: Object, // {from_ms, to_ms}
    name: String,
    where: String, // how far away
    bearing: Number, // degrees, in which direction
    transport: String,
    texts: Object,
  },
  data() {
    return { index: -1, nowMs: 0, trouble: "", copy: false };
  },
  computed: {
    there() {
      return this.index >= 0;
    },
    // The incident to go on with: what is seen, else what is next, else what was last.
    at() {
      if (this.there) return this.parts[this.index].incident;
      const next = this.parts.find((part) => part.started_ms > this.nowMs) || this.parts[this.parts.length - 1];
      return next ? next.incident : "";
    },
    gap() {
      const known = this.gaps.find((each) => each.from_ms <= this.nowMs && this.nowMs < each.to_ms);
      if (known) return known.text;
      const [next, last] = [nextStartMs(this.parts, this.nowMs), lastEndMs(this.parts, this.nowMs)];
      if (next !== null) return this.texts["companion.begins"].replace("{length}", lengthText(next - this.nowMs));
      if (last !== null) return this.texts["companion.ended"].replace("{length}", lengthText(this.nowMs - last));
      return this.texts["companion.nothing"];
    },
  },
  mounted() {
    this.attempt = 0;
    this.leader = transport(this.transport);
    this.leave = this.leader.follow(() => this.look());
    this.timer = setInterval(() => this.look(), LOOK_MS);
    this.look();
    this.$el.dataset.ready = "true";
  },
  unmounted() {
    this.gone = true;
    this.leave?.();
    clearInterval(this.timer);
    const video = this.$refs.video;
    if (!video) return;
    video.removeAttribute("src");
    video.load();
  },
  watch: {
    parts() {
      this.look();
    },
  },
  methods: {
    look() {
      if (this.gone) return;
      const { playing, rate } = this.leader.state;
      this.nowMs = this.leader.nowMs();
      this.index = partAt(this.parts, this.nowMs);
      const soon = this.there ? this.index : this.parts.findIndex((part) => part.started_ms > this.nowMs && part.started_ms - this.nowMs < AHEAD_MS * rate);
      if (soon >= 0) this.open(this.parts[soon]);
      const video = this.$refs.video;
      if (!video || !this.there || !this.fetched) return void (video && !video.paused && video.pause());
      const targetS = Math.min((this.nowMs - this.parts[this.index].started_ms) / 1000, this.parts[this.index].duration_s);
      const apartS = video.currentTime - targetS;
      this.$el.dataset.apartMs = Math.round(apartS * 1000);
      if (!playing) {
        if (!video.paused) video.pause();
        if (Math.abs(apartS) > STILL_S && !video.seeking) video.currentTime = targetS;
        return;
      }
      if (Math.abs(apartS) > JUMP_S * Math.max(1, rate) && !video.seeking) video.currentTime = targetS;
      const correction = Math.max(-CORRECT_MAX, Math.min(CORRECT_MAX, -apartS * CORRECT));
      video.playbackRate = Math.min(RATE_MAX, Math.max(0.0625, rate * (1 + correction)));
      if (video.paused) video.play().catch(() => {});
    },
    open(part) {
      if (this.opened === part.url) return;
      this.opened = part.url;
      this.fetched = false;
      this.trouble = "";
      const attempt = ++this.attempt;
      const video = this.$refs.video;
      this.copy = needsCopy(part, video);
      if (!this.copy) video.src = part.url;
      else this.openCopy(part, attempt);
    },
    async openCopy(part, attempt) {
      const wanted = () => !this.gone && attempt === this.attempt;
      const found = await copyOf(part, wanted, () => (this.trouble = this.texts["companion.preparing"]));
      if (!found) return;
      this.trouble = found.failed ? this.texts["companion.failed"] : "";
      this.copy = !found.original;
      if (!found.failed) this.$refs.video.src = part.copy_url;
    },
    loaded() {
      this.fetched = true;
      this.look();
    },
    failed() {
      const part = this.parts.find((each) => each.url === this.opened);
      if (!this.$refs.video.getAttribute("src") || !part) return;
      if (this.copy) this.trouble = this.texts["companion.failed"];
      else {
        this.copy = true; // it failed: the viewing copy may still play
        this.openCopy(part, ++this.attempt);
      }
    },
    left(ms) {
      return `${Math.min(100, Math.max(0, ((ms - this.axis.from_ms) / (this.axis.to_ms - this.axis.from_ms)) * 100))}%`;
    },
    span(from, to) {
      return { left: this.left(from), width: `calc(${this.left(to)} - ${this.left(from)})` };
    },
  },
};
