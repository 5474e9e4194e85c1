// One tile: a live picture and what is to be known of it. What is not live is grey, and words say why.
import { capture } from "camsvc-playing/captured.js";
import { BACK_S, Replay } from "./replay.js";
import { drawBoxes, Scenes } from "./scenes.js";
import { LEAD_MAX_MS } from "./rtc.js";
import { Sight } from "./sight.js";
import { snapshot } from "./snapshot.js";

const QUIET_MS = 700; // a picture that comes within this needs no "connecting" before it
const LATE_MS = 1500; // behind the world by more than this is worth a colour
const TICK_MS = 250;
const FLASH_MS = 2500;
const SPARE = 1.1; // boxes are waited for a little longer than they took ...
const SOON = 0.6; // ... and less again when they come in so much of the time

export default {
  template: `
<div class="cam-tile" :class="classes" :data-tile="index" :data-camera="camera?.id" :data-phase="replay ? 'replay' : view.phase" :data-transport="view.transport" :data-stream="view.stream" :tabindex="selected ? 0 : -1"
  role="group" :aria-label="label" :aria-current="selected ? 'true' : null" :draggable="movable && Boolean(camera)" @dragstart="dragStart" @dragenter="dragOver" @dragover="dragOver" @dragleave="over = false" @drop="drop" @dblclick="camera && $emit('enlarge')" @pointerdown="$emit('choose')" @focus="$emit('choose')">
  <div class="cam-tile__stage" ref="stage"></div>
  <canvas v-show="boxes" ref="boxes" class="cam-tile__boxes" aria-hidden="true"></canvas>
  <div v-if="!camera" class="cam-tile__empty">
    <button type="button" class="cam-tile__add" tabindex="-1" @click="$emit('ask')"><i class="material-icons" aria-hidden="true">add</i><span>{{ texts['live.empty'] }}</span></button>
  </div>
  <div v-else-if="notice" class="cam-tile__notice" :class="'cam-tile__notice--' + notice.kind" role="status">
    <span v-if="notice.kind === 'wait'" class="cam-tile__spinner" aria-hidden="true"></span>
    <i v-else class="material-icons" aria-hidden="true">{{ notice.icon }}</i>
    <strong :title="notice.detail">{{ notice.text }}</strong><span v-if="notice.why" :title="notice.detail">{{ notice.why }}</span>
  </div>
  <button v-if="lit" type="button" class="cam-tile__lit" :class="'cam-tile__lit--' + lit.severity" tabindex="-1" :title="texts['live.open_incident']" @click.stop="$emit('incident', lit.id)">
    <span class="cam-sev" :class="'cam-sev--' + lit.severity"></span>{{ lit.what }}
  </button>
  <div v-if="replay" class="cam-tile__past" role="status">
    <i class="material-icons" aria-hidden="true">history</i><strong>{{ texts['live.not_live'] }}</strong><span v-if="replay.behind">{{ texts['live.behind'].replace('{time}', replay.behind) }}</span>
    <button type="button" class="cam-tile__tolive" data-test="to-live" @click.stop="goLive"><i class="material-icons" aria-hidden="true">skip_next</i>{{ texts['live.to_live'] }}</button>
  </div>
  <div v-if="camera" class="cam-tile__tools" role="toolbar" :aria-label="texts['live.tools']">
    <button v-if="replay" type="button" class="cam-tool" :title="texts['live.pause'] + ' (' + texts['player.space'] + ')'" :aria-label="texts['live.pause']" :aria-pressed="String(replay.phase === 'paused')" @click.stop="pause"><i class="material-icons" aria-hidden="true">{{ replay.phase === 'paused' ? 'play_arrow' : 'pause' }}</i></button>
    <button type="button" class="cam-tool" data-test="back" :title="texts['live.back'] + ' (r)'" :aria-label="texts['live.back']" @click.stop="goBack"><i class="material-icons" aria-hidden="true">replay_30</i></button>
    <button type="button" class="cam-tool" data-test="snapshot" :title="texts['live.snapshot'] + ' (s)'" :aria-label="texts['live.snapshot']" @click.stop="takeSnapshot"><i class="material-icons" aria-hidden="true">photo_camera</i></button>
    <template v-if="collects">
      <button type="button" class="cam-tool" data-test="picture-to-case" :title="texts['live.picture_to_case'] + ' (e)'" :aria-label="texts['live.picture_to_case']" @click.stop="collectPicture"><i class="material-icons" aria-hidden="true">add_a_photo</i></button>
      <button type="button" class="cam-tool" data-test="span-to-case" :title="texts['live.span_to_case'] + ' (⇧ e)'" :aria-label="texts['live.span_to_case']" @click.stop="collectSpan"><i class="material-icons" aria-hidden="true">create_new_folder</i></button>
    </template>
    <button v-if="movable" type="button" class="cam-tool" data-test="enlarge" :title="(large ? texts['live.shrink'] : texts['live.enlarge']) + (large ? ' (Esc)' : ' (Enter)')" :aria-label="large ? texts['live.shrink'] : texts['live.enlarge']" @click.stop="$emit('enlarge')"><i class="material-icons" aria-hidden="true">{{ large ? 'close_fullscreen' : 'open_in_full' }}</i></button>
    <button v-if="movable" type="button" class="cam-tool" data-test="remove" :title="texts['live.remove'] + ' (Del)'" :aria-label="texts['live.remove']" @click.stop="$emit('remove')"><i class="material-icons" aria-hidden="true">close</i></button>
  </div>
  <div class="cam-tile__foot">
    <template v-if="camera">
      <span class="cam-tile__state" :class="'cam-tile__state--' + state.kind" :title="state.hint"><i class="material-icons" aria-hidden="true">{{ state.icon }}</i><span class="cam-tile__word">{{ state.text }}</span></span>
      <span class="cam-tile__name" :title="camera.name + ' · ' + camera.area_name">{{ camera.name }}</span>
      <span v-for="mark in marks" :key="mark.icon" class="cam-tile__mark" :title="mark.text" :data-mark="mark.name"><i class="material-icons" aria-hidden="true">{{ mark.icon }}</i><span class="cam-hidden">{{ mark.text }}</span></span>
      <span v-if="view.clock" class="cam-tile__clock" :title="view.moment">{{ view.clock }}</span>
      <span v-if="view.delay" class="cam-tile__delay" :class="{'cam-tile__delay--late': view.late}" :title="texts['live.delay']">{{ view.delay }}</span>
    </template>
  </div>
</div>`,
  props: {
    index: Number,
    camera: Object, // {id, name, area_name}; null: an empty tile
    stream: { type: String, default: "sub" },
    status: Object, // {state, state_text, why, level}: of the camera, as its worker says
    selected: Boolean,
    large: Boolean,
    asleep: Boolean, // nobody can see it
    movable: { type: Boolean, default: true },
    collects: Boolean, // what is seen may be put into a case
    boxes: Boolean,
    ringS: Number, // how far back the ring reaches
    lit: Object, // {id, severity, what}: an incident that goes on
    labels: Object,
    texts: Object,
    net: Object,
    times: Object, // {clock(ms), moment(ms), seconds(ms)}
  },
  emits: ["choose", "ask", "enlarge", "remove", "incident", "drop-on", "said", "replaying", "snapshot", "span"],
  data() {
    return { view: { phase: "empty" }, replay: null, over: false, flash: false };
  },
  computed: {
    classes() {
      const phase = this.replay ? "replay" : this.view.phase;
      return [`cam-tile--${phase}`, { "cam-tile--large": this.large, "cam-tile--over": this.over, "cam-tile--flash": this.flash, [`cam-tile--lit-${this.lit?.severity}`]: this.lit }];
    },
    isDead() {
      return this.status && !["live", "unknown"].includes(this.status.state);
    },
    // Words over the picture; null where it speaks for itself.
    notice() {
      const { phase, trouble, frozen } = this.view;
      if (this.replay) {
        if (this.replay.phase === "failed") return { kind: "bad", icon: "history_toggle_off", text: this.texts["live.replay_failed"], detail: this.replay.trouble };
        if (this.replay.phase === "ended") return { kind: "bad", icon: "history", text: this.texts["live.replay_ended"] };
        return this.replay.phase === "loading" ? { kind: "wait", text: this.texts["live.loading"] } : null;
      }
      const why = this.isDead ? { why: this.status.why || this.status.state_text, detail: this.status.why } : {};
      if (phase === "stale") return { kind: "stale", icon: "hourglass_disabled", text: this.texts["live.stale"].replace("{time}", frozen), ...(why.why ? why : { why: this.texts["live.reconnecting"] }) };
      if (phase === "refused") return { kind: "bad", icon: trouble.icon, text: trouble.text, why: trouble.why, detail: trouble.why };
      if (phase !== "connecting") return null;
      if (this.isDead) return { kind: "stale", icon: "videocam_off", text: this.status.state_text, ...why };
      return this.view.slow ? { kind: "wait", text: this.texts["live.connecting"] } : null;
    },
    state() {
      const { phase } = this.view;
      if (this.replay) return { kind: "past", icon: "history", text: this.texts["live.not_live"] };
      if (phase === "live") return { kind: this.view.late ? "late" : "live", icon: "fiber_manual_record", text: this.texts["live.live"], hint: this.view.late ? this.texts["live.late"] : "" };
      if (this.isDead) return { kind: "bad", icon: "videocam_off", text: this.status.state_text, hint: this.status.why };
      if (phase === "connecting" || phase === "asleep") return { kind: "wait", icon: "sync", text: this.texts["live.connecting"] };
      return { kind: "bad", icon: "hourglass_disabled", text: this.texts["live.no_picture"] };
    },
    marks() {
      const marks = [];
      const { rendition, transport } = this.view;
      if (rendition) marks.push({ name: "rendition", icon: "autorenew", text: `${this.texts["live.transcoded"]} ${this.texts["live.rendition." + rendition] || rendition}` });
      if (this.view.boxesLate) marks.push({ name: "boxes-late", icon: "select_all", text: this.texts["live.boxes_late"].replace("{time}", this.view.boxesLate) });
      if (transport === "mp4") marks.push({ name: "http", icon: "http", text: this.texts["live.over_http"] });
      return marks;
    },
    label() {
      return this.camera ? `${this.camera.name}. ${this.state.text}` : this.texts["live.empty"];
    },
  },
  created() {
    this.scenes = new Scenes();
    this.heldMs = 0; // of what frames wait for their boxes
  },
  mounted() {
    this.sight = new Sight(this.$refs.stage, this.net, { onFrame: (wallMs) => !this.replaying && this.draw(wallMs, this.sight.video), changed: () => this.look() });
    this.timer = setInterval(() => this.tick(), TICK_MS);
    if (this.asleep) this.sight.phase = "asleep";
    this.follow();
  },
  unmounted() {
    clearInterval(this.timer);
    this.endReplay();
    this.sight.close();
  },
  watch: {
    "camera.id"() {
      this.endReplay();
      this.scenes = new Scenes();
      this.clearBoxes();
      this.follow();
    },
    stream() {
      this.follow();
    },
    asleep(now) {
      if (now) this.endReplay();
      if (now) this.sight.sleep();
      else this.sight.wake();
    },
    boxes(on) {
      this.sight.lead(on ? this.leadMs() : 0);
      if (!on) this.clearBoxes();
    },
    "status.state"(now) {
      this.sight.heard(now);
    },
    "lit.id"(now) {
      if (!now) return;
      this.flash = true;
      clearTimeout(this.flashing);
      this.flashing = setTimeout(() => (this.flash = false), FLASH_MS);
    },
  },
  methods: {
    // The camera or the stream to look at is another one.
    follow() {
      this.sinceMs = performance.now();
      this.sight.show(this.camera?.id ?? null, this.stream);
      if (this.status) this.sight.heard(this.status.state);
      this.look();
    },
    tick() {
      this.sight.tick();
      if (this.boxes) this.sight.lead(this.leadMs());
      this.look();
    },
    // How long frames wait for their boxes; not at all for boxes that come too late in any case. A browser takes seconds
    // to change its delay: it is not changed for little, and neither back and forth.
    leadMs() {
      const { lateMs } = this.scenes;
      this.tooLate = lateMs > LEAD_MAX_MS * (this.tooLate ? SOON : 1);
      if (lateMs > this.heldMs || lateMs < this.heldMs * SOON) this.heldMs = lateMs * SPARE;
      return this.tooLate ? 0 : Math.min(this.heldMs, LEAD_MAX_MS);
    },
    // What the template needs of how the picture stands now.
    look() {
      const { sight } = this;
      if (!sight) return;
      const past = this.replaying;
      const wallMs = past ? past.wallMs : sight.wallMs;
      const { current } = sight;
      const delayMs = sight.phase === "live" && !past ? current?.frames.delayMs : null;
      Object.assign(this.view, {
        phase: sight.phase,
        slow: performance.now() - this.sinceMs > QUIET_MS,
        frozen: this.times.seconds(Math.max(1000, sight.frozenMs ?? 0)),
        clock: wallMs == null || sight.phase === "empty" ? "" : this.times.clock(wallMs),
        moment: wallMs == null ? "" : this.times.moment(wallMs),
        delay: delayMs == null ? "" : this.times.delay(Math.max(0, delayMs)),
        late: delayMs != null && delayMs > LATE_MS + sight.leadMs,
        boxesLate: this.boxes && this.tooLate && current?.transport === "webrtc" ? this.times.delay(this.scenes.lateMs) : "",
        transport: current?.transport ?? "",
        rendition: current?.rendition ?? null,
        stream: current?.stream ?? "",
        trouble: sight.trouble && this.told(sight.trouble),
      });
      if (past) this.replay = { phase: past.phase, behind: past.behindMs == null ? "" : this.times.seconds(past.behindMs), trouble: past.trouble?.message };
    },
    told(trouble) {
      const icon = { forbidden: "lock", unknown: "search_off", off: "videocam_off", not_yet: "sync_problem", unplayable: "broken_image" }[trouble.kind] || "cloud_off";
      // Of what has no words of its own the server's are shown: who mends it needs them.
      return { icon, text: this.texts["live.refused." + trouble.kind], why: ["full", "other", "unplayable"].includes(trouble.kind) ? trouble.message : "" };
    },
    // Called by the wall: boxes that the analysis found, for the frame of that moment.
    take(atMs, objects) {
      this.scenes.add(atMs, objects, this.net.clock.now());
    },
    resume() {
      this.sight.resume();
    },
    draw(wallMs, video) {
      if (!this.boxes || wallMs === null || !this.$refs.boxes) return;
      this.drawn = this.scenes.at(wallMs);
      drawBoxes(this.$refs.boxes, video, this.drawn, this.labels);
    },
    clearBoxes() {
      this.drawn = [];
      if (this.$refs.boxes) drawBoxes(this.$refs.boxes, null, [], this.labels);
    },
    // Looking back -------------------------------------------------------------------------------------------
    goBack() {
      if (!this.camera || this.view.phase === "empty") return;
      const backS = Math.min(BACK_S + (this.replaying ? Math.round((this.replaying.behindMs ?? 0) / 1000) : 0), Math.max(BACK_S, this.ringS));
      this.endReplay();
      const past = new Replay(this.$refs.stage, this.net, {
        camera: this.camera.id,
        stream: this.stream,
        backS,
        onFrame: (wallMs) => past === this.replaying && this.draw(wallMs, past.video),
        changed: () => past === this.replaying && this.look(),
      });
      this.replaying = past;
      this.look();
      this.$emit("replaying", true);
    },
    goLive() {
      this.endReplay();
      this.clearBoxes();
      this.look();
    },
    pause() {
      this.replaying?.toggle();
    },
    endReplay() {
      if (!this.replaying) return;
      this.replaying.close();
      this.replaying = null;
      this.replay = null;
      this.$emit("replaying", false);
    },
    async takeSnapshot() {
      const picture = this.replaying?.video ?? this.sight.video ?? this.sight.still;
      const wallMs = this.replaying ? this.replaying.wallMs : this.sight.wallMs;
      const name = this.camera && wallMs != null ? await snapshot(picture, this.camera.id, wallMs, this.boxes ? this.drawn || [] : [], this.labels) : null;
      this.$emit("said", name ? this.texts["live.snapshot_saved"].replace("{name}", name) : this.texts["live.snapshot_none"]);
    },
    // The picture that is seen, without boxes, with its moment; and of which camera footage is wanted.
    async collectPicture() {
      const wallMs = this.replaying ? this.replaying.wallMs : this.sight.wallMs;
      const picture = this.replaying?.video ?? this.sight.video ?? this.sight.still;
      const token = this.camera && wallMs != null ? await capture(picture) : null;
      if (token) this.$emit("snapshot", { token, camera: this.camera.id, at_ms: Math.round(wallMs) });
      else this.$emit("said", this.texts["live.snapshot_none"]);
    },
    collectSpan() {
      if (!this.camera) return;
      const wallMs = this.replaying ? this.replaying.wallMs : this.sight.wallMs;
      this.$emit("span", { camera: this.camera.id, at_ms: wallMs == null ? null : Math.round(wallMs) });
    },
    // Dragging -----------------------------------------------------------------------------------------------
    dragStart(event) {
      event.dataTransfer.setData("application/x-camsvc-tile", String(this.index));
      event.dataTransfer.setData("text/plain", this.camera.name);
      event.dataTransfer.effectAllowed = "move";
    },
    dragOver(event) {
      const ours = [...event.dataTransfer.types].some((type) => type.startsWith("application/x-camsvc-"));
      if (!this.movable || !ours) return;
      event.preventDefault();
      this.over = true;
    },
    drop(event) {
      this.over = false;
      if (!this.movable) return;
      event.preventDefault();
      const tile = event.dataTransfer.getData("application/x-camsvc-tile");
      const camera = event.dataTransfer.getData("application/x-camsvc-camera");
      this.$emit("drop-on", tile === "" ? { camera } : { tile: Number(tile) });
    },
  },
};
