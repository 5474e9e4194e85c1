// Plays the parts of one clip one after another on one wall-clock axis, with the tracks' boxes over the picture.
// A box belongs to a media time: what is drawn is chosen by the media time of the frame on screen, not by a timer.
// With a longer axis (clips of other cameras beside this one) time goes on where this clip has no picture.
import { copyOf, lengthText, needsCopy, partAt } from "camsvc-playing/footage.js";
import marking from "camsvc-playing/marking.js";
import { transport } from "camsvc-playing/transport.js";

const MEDIA_HZ = 90000;
const DEFAULT_FRAME_S = 0.04; // until the real distance of frames has been seen
const JOIN_S = 1.2; // two sightings of a track closer than this are joined by a straight line, as the analysis is sparser than the video
const LINGER_S = 0.25; // a last sighting stays this long
const GAP_NOTICE_MS = 1600; // how long the jump over a gap is announced
const STEP_MS = 40; // of a step where there are no frames
const VOID_STEP_MAX_MS = 250; // a page that was hidden does not leap when it is seen again
const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];
const COLOURS = { person: "#ffd54a", bicycle: "#8ee06b", motorcycle: "#5fe0c4", car: "#5cc3ff", bus: "#ff9d5c", truck: "#ff86b6" };

// tracks.json (docs/reference/tracks.md): points are [pts_90k, left, top, width, height, confidence], in order of time.
function pathsOf(document) {
  return document.tracks
    .filter((t) => t.points.length)
    .map((t) => ({ track: t.track, kind: t.class, session: t.session, points: t.points, hint: 0 }));
}

// The box of a path at a media time, as [left, top, width, height]; null where it was not seen.
function boxAt(path, session, pts) {
  const points = path.points;
  if (path.session !== session || pts < points[0][0] - MEDIA_HZ * 0.02 || pts > points[points.length - 1][0] + LINGER_S * MEDIA_HZ) return null;
  let i = path.hint; // frames come in order: the last place is the best guess
  if (i >= points.length || points[i][0] > pts) i = 0;
  while (i + 1 < points.length && points[i + 1][0] <= pts) i++;
  path.hint = i;
  const [from, to] = [points[i], points[i + 1]];
  const apart = to ? to[0] - from[0] : Infinity;
  if (apart > JOIN_S * MEDIA_HZ) return pts - from[0] <= LINGER_S * MEDIA_HZ ? from.slice(1, 5) : null;
  const share = Math.max(0, (pts - from[0]) / apart);
  return [1, 2, 3, 4].map((k) => from[k] + (to[k] - from[k]) * share);
}

export default {
  mixins: [marking],
  template: `
<section class="cam-player" ref="root" :aria-label="texts['player.label']">
  <div class="cam-player__stage" :style="{'--ratio': ratio}" @click="stageClick">
    <video ref="video" playsinline preload="auto" :style="{visibility: inVoid ? 'hidden' : 'visible'}" :poster="parts.length ? undefined : poster || undefined" :muted="muted"
      @play="began" @pause="paused" @ended="partEnded" @timeupdate="tick" @seeked="tick" @loadedmetadata="loaded"
      @waiting="stalled = true" @playing="stalled = false" @canplay="stalled = false" @error="failed"></video>
    <canvas ref="canvas" class="cam-player__boxes" aria-hidden="true"></canvas>
    <div v-if="copy" class="cam-player__copy" role="note"><i class="material-icons" aria-hidden="true">content_copy</i>{{ texts['player.copy'] }}</div>
    <div v-if="message" class="cam-player__message" :class="'cam-player__message--' + message.kind" role="status">
      <i class="material-icons" aria-hidden="true">{{ message.icon }}</i><span>{{ message.text }}</span>
    </div>
    <div v-else-if="stalled && playing" class="cam-player__spinner" role="status" :aria-label="texts['player.loading']"></div>
    <button v-if="parts.length && !message && !begun" type="button" class="cam-player__big" :aria-label="texts['player.play']" @click.stop="toggle"><i class="material-icons" aria-hidden="true">play_arrow</i></button>
  </div>
  <div class="cam-timeline" ref="timeline" role="slider" tabindex="0" :aria-label="texts['player.position']" aria-valuemin="0" :aria-valuemax="Math.round(totalMs / 1000)"
    :aria-valuenow="Math.round((wallMs - startMs) / 1000)" :aria-valuetext="clock(wallMs)" @pointerdown="seekStart" @pointermove="seekHover" @pointerleave="hoverMs = null">
    <div class="cam-timeline__track">
      <span v-for="(part, i) in parts" :key="'p' + i" class="cam-timeline__part" :style="span(part.started_ms, part.ended_ms)"></span>
      <span v-for="(gap, i) in gaps" :key="'g' + i" class="cam-timeline__gap" :style="span(gap.from_ms, gap.to_ms)" :title="gap.text"></span>
      <span class="cam-timeline__incident" :style="span(incident.from_ms, incident.to_ms || endMs)" :title="texts['player.incident']"></span>
      <span class="cam-timeline__done" :style="span(startMs, wallMs)"></span>
      <span v-if="inMs !== null || outMs !== null" class="cam-timeline__marked" :style="span(inMs ?? startMs, outMs ?? endMs)"></span>
      <span class="cam-timeline__head" :style="{left: at(wallMs)}"></span>
      <span v-if="hoverMs !== null" class="cam-timeline__hover" :style="{left: at(hoverMs)}">{{ clock(hoverMs) }}</span>
    </div>
  </div>
  <div v-if="collects && (inMs !== null || outMs !== null)" class="cam-marked" role="group" :aria-label="texts['player.marked']">
    <i class="material-icons" aria-hidden="true">content_cut</i>
    <span class="cam-num" :title="utc(inMs ?? startMs) + ' – ' + utc(outMs ?? endMs)">{{ clock(inMs ?? startMs) }} – {{ clock(outMs ?? endMs) }}</span>
    <span class="cam-soft cam-num">{{ seconds((outMs ?? endMs) - (inMs ?? startMs)) }}</span>
    <button type="button" class="cam-btn cam-btn--small cam-btn--main" data-test="span-to-case" @click="collectSpan"><i class="material-icons" aria-hidden="true">create_new_folder</i><span>{{ texts['player.span_to_case'] }}</span></button>
    <button type="button" class="cam-btn cam-btn--small cam-btn--quiet" @click="unmark"><i class="material-icons" aria-hidden="true">close</i><span>{{ texts['player.unmark'] }}</span></button>
  </div>
  <div class="cam-controls">
    <button type="button" class="cam-ctl" :disabled="!able" :title="texts['player.frame_back'] + ' (,)'" :aria-label="texts['player.frame_back']" @click="step(-1)"><i class="material-icons" aria-hidden="true">skip_previous</i></button>
    <button type="button" class="cam-ctl cam-ctl--main" :disabled="!able" :title="(playing ? texts['player.pause'] : texts['player.play']) + ' (' + texts['player.space'] + ')'" :aria-label="playing ? texts['player.pause'] : texts['player.play']" data-test="play" @click="toggle"><i class="material-icons" aria-hidden="true">{{ playing ? 'pause' : 'play_arrow' }}</i></button>
    <button type="button" class="cam-ctl" :disabled="!able" :title="texts['player.frame_forward'] + ' (.)'" :aria-label="texts['player.frame_forward']" @click="step(1)"><i class="material-icons" aria-hidden="true">skip_next</i></button>
    <span class="cam-controls__clock" :title="utc(wallMs)"><strong>{{ able ? clock(wallMs) : '–' }}</strong> <span class="cam-soft">{{ zone }}</span></span>
    <span class="cam-controls__length cam-soft">{{ seconds(wallMs - startMs) }} / {{ seconds(totalMs) }}</span>
    <span v-if="parts.length > 1" class="cam-controls__part cam-soft">{{ texts['player.part'].replace('{i}', index + 1).replace('{n}', parts.length) }}</span>
    <span class="cam-controls__space"></span>
    <template v-if="collects">
      <button type="button" class="cam-ctl" :disabled="!able" :title="texts['player.mark_in'] + ' (i)'" :aria-label="texts['player.mark_in']" :aria-pressed="String(inMs !== null)" data-test="mark-in" @click="markIn"><i class="material-icons" aria-hidden="true">first_page</i></button>
      <button type="button" class="cam-ctl" :disabled="!able" :title="texts['player.mark_out'] + ' (o)'" :aria-label="texts['player.mark_out']" :aria-pressed="String(outMs !== null)" data-test="mark-out" @click="markOut"><i class="material-icons" aria-hidden="true">last_page</i></button>
      <button type="button" class="cam-ctl" :disabled="!able" :title="texts['player.picture_to_case'] + ' (s)'" :aria-label="texts['player.picture_to_case']" data-test="picture-to-case" @click="collectPicture"><i class="material-icons" aria-hidden="true">add_a_photo</i></button>
    </template>
    <label class="cam-controls__speed"><span class="cam-hidden">{{ texts['player.speed'] }}</span>
      <select v-model.number="rate" :title="texts['player.speed'] + ' (↑ ↓)'"><option v-for="s in speeds" :key="s" :value="s">{{ s }}×</option></select></label>
    <button type="button" class="cam-ctl" :class="{'cam-ctl--on': boxes}" :disabled="!tracks" :aria-pressed="String(boxes)" :title="texts['player.boxes'] + ' (b)'" :aria-label="texts['player.boxes']" data-test="boxes" @click="boxes = !boxes"><i class="material-icons" aria-hidden="true">select_all</i></button>
    <button v-if="audio" type="button" class="cam-ctl" :aria-pressed="String(!muted)" :title="texts['player.sound'] + ' (m)'" :aria-label="texts['player.sound']" @click="muted = !muted"><i class="material-icons" aria-hidden="true">{{ muted ? 'volume_off' : 'volume_up' }}</i></button>
    <button type="button" class="cam-ctl" :title="texts['player.fullscreen'] + ' (f)'" :aria-label="texts['player.fullscreen']" @click="fullscreen"><i class="material-icons" aria-hidden="true">fullscreen</i></button>
    <button type="button" class="cam-ctl" :title="texts['player.help'] + ' (?)'" :aria-label="texts['player.help']" @click="$emit('help')"><i class="material-icons" aria-hidden="true">keyboard</i></button>
  </div>
</section>`,
  props: {
    parts: Array, // [{url, copy_url, started_ms, ended_ms, start_pts, duration_s, codec, width, height, session}]
    gaps: Array, // [{from_ms, to_ms, text}]
    incident: Object, // {from_ms, to_ms | null}
    tracks: String, // URL of the tracks' JSON, null without
    labels: Object, // words of the object classes
    poster: String,
    autoplay: Boolean, // begins to play by itself
    axis: Object, // {from_ms, to_ms} that the time line covers beyond this clip; null: the clip's own time
    collects: Boolean, // what is seen may be put into a case: emits collect, snapshot, span
    transport: String, // name of the one that others follow (playing/transport.js); "" for none
    nothing: String, // what to say instead of a picture when there is no part
    timezone: String,
    zone: String,
    locale: String,
    texts: Object,
  },
  data() {
    return {
      index: -1, wallMs: 0, playing: false, begun: false, stalled: false, rate: 1, muted: true, boxes: localStorage.getItem("camsvc.boxes") !== "off",
      message: null, copy: false, waiting: false, hoverMs: null, inVoid: false, speeds: SPEEDS, frameS: DEFAULT_FRAME_S, ratio: 16 / 9,
    };
  },
  computed: {
    able() {
      return Boolean(this.parts.length || this.axis);
    },
    startMs() {
      const own = this.parts.length ? this.parts[0].started_ms : this.incident.from_ms;
      return this.axis ? Math.min(this.axis.from_ms, own) : own;
    },
    endMs() {
      const last = this.parts[this.parts.length - 1];
      const own = last ? last.ended_ms : this.incident.to_ms || 0;
      return Math.max(own, this.axis?.to_ms || 0, this.startMs + 1);
    },
    // What those that follow need to know.
    shown() {
      return { wallMs: this.wallMs, playing: this.playing && (this.inVoid || (!this.stalled && !this.waiting)), rate: this.rate };
    },
    totalMs() {
      return this.endMs - this.startMs;
    },
    audio() {
      return this.parts.some((part) => part.audio);
    },
  },
  created() {
    this.paths = null; // of the tracks, once loaded
    this.shownS = null; // media time in the part of the frame on screen
    this.copies = new Set(); // parts whose original this browser could not play
    this.attempt = 0;
    const how = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: this.timezone };
    this.clockFormat = new Intl.DateTimeFormat(this.locale, how);
  },
  mounted() {
    this.keys = (event) => this.onKey(event);
    window.addEventListener("keydown", this.keys);
    this.sizer = new ResizeObserver(() => this.draw());
    this.sizer.observe(this.$refs.video);
    this.watchFrames();
    this.loadTracks();
    this.begun = this.autoplay;
    if (this.parts.length) this.openPart(0, 0, this.autoplay);
    else this.say("empty", "videocam_off", this.nothing);
    const pane = this.$el.closest("[tabindex='-1']");
    if (pane && !pane.contains(document.activeElement)) pane.focus(); // not on what lies hidden below
    this.$el.dataset.ready = "true";
  },
  unmounted() {
    window.removeEventListener("keydown", this.keys);
    this.sizer?.disconnect();
    this.gone = true;
    this.attempt++;
    const video = this.$refs.video;
    if (video) {
      video.removeAttribute("src");
      video.load();
    }
  },
  watch: {
    shown(now) {
      if (this.transport) transport(this.transport).tell(now);
    },
    axis(now) {
      if (this.inVoid || now) this.seekTo(this.wallMs || this.startMs);
    },
    parts(now, before) {
      if (now.length && this.index < 0) this.openPart(0, 0, this.autoplay);
      else if (now.length > before.length && this.finished) {
        this.finished = false;
        this.openPart(before.length, 0, true);
      }
    },
    nothing(now) {
      if (this.index < 0) this.say("empty", "videocam_off", now);
    },
    tracks() {
      this.loadTracks();
    },
    boxes(on) {
      localStorage.setItem("camsvc.boxes", on ? "on" : "off");
      this.draw();
    },
    rate(value) {
      this.$refs.video.playbackRate = value;
    },
  },
  methods: {
    // Parts -------------------------------------------------------------------------------------------
    openPart(index, atS, play) {
      const part = this.parts[index];
      this.index = index;
      this.inVoid = false;
      this.ratio = part.width / part.height || 16 / 9;
      this.finished = false;
      this.message = null;
      this.wanted = { atS, play };
      this.waiting = true;
      this.wallMs = part.started_ms + atS * 1000;
      if (needsCopy(part, this.$refs.video)) this.copies.add(index);
      this.copy = this.copies.has(index);
      this.attempt++;
      if (this.copy) this.loadCopy(part, this.attempt);
      else this.source(part.url);
    },
    source(url) {
      const video = this.$refs.video;
      video.src = url;
      video.playbackRate = this.rate;
      video.load();
    },
    // The browser cannot play the original: wait until the server has made the marked viewing copy.
    async loadCopy(part, attempt) {
      this.$refs.video.removeAttribute("src");
      const wanted = () => !this.gone && attempt === this.attempt;
      const found = await copyOf(part, wanted, () => this.say("wait", "hourglass_empty", this.texts["player.copy_preparing"]));
      if (!found) return;
      if (found.fault) {
        this.copy = false;
        return this.say("error", "gpp_bad", this.texts["integrity.player." + found.fault]);
      }
      if (found.failed) return this.say("error", "error_outline", this.texts["player.copy_failed"]);
      this.message = null;
      this.copy = !found.original;
      this.source(part.copy_url);
    },
    loaded() {
      const video = this.$refs.video;
      video.playbackRate = this.rate;
      if (video.videoWidth) this.ratio = video.videoWidth / video.videoHeight;
      if (this.wanted?.atS) video.currentTime = this.wanted.atS;
      if (this.wanted?.play) video.play().catch(() => {});
      this.wanted = null;
      this.waiting = false;
      this.$nextTick(() => this.draw());
    },
    failed() {
      const video = this.$refs.video;
      if (!video.getAttribute("src")) return;
      if (!this.copies.has(this.index)) {
        // Not a codec that we know it to lack, but it failed: the viewing copy may still play.
        const wanted = this.wanted || { atS: 0, play: this.playing };
        this.copies.add(this.index);
        this.openPart(this.index, wanted.atS, wanted.play);
      } else this.say("error", "error_outline", this.texts["player.failed"]);
    },
    began() {
      if (!this.inVoid) this.playing = true;
    },
    paused() {
      if (!this.inVoid) this.playing = false;
    },
    partEnded() {
      const next = this.parts[this.index + 1];
      if (this.axis) return this.seekTo(this.parts[this.index].ended_ms, true);
      if (!next) {
        this.finished = true;
        this.wallMs = this.endMs;
        return;
      }
      const gapMs = next.started_ms - this.parts[this.index].ended_ms;
      if (gapMs > 500) {
        const gap = this.gaps.find((g) => g.from_ms < next.started_ms && g.to_ms > this.parts[this.index].ended_ms);
        const text = this.texts["player.gap"].replace("{length}", this.seconds(gapMs)) + (gap ? ` ${gap.text}` : "");
        this.say("gap", "broken_image", text);
        const attempt = ++this.attempt;
        setTimeout(() => attempt === this.attempt && !this.gone && this.openPart(this.index + 1, 0, true), GAP_NOTICE_MS);
      } else this.openPart(this.index + 1, 0, true);
    },
    say(kind, icon, text) {
      this.message = { kind, icon, text };
      this.clear();
    },
    // No picture of this clip at that moment, but perhaps one of those beside it: time goes on without it.
    enterVoid(wallMs, play) {
      const attempt = ++this.attempt;
      this.inVoid = true;
      this.finished = false;
      this.stalled = false;
      this.waiting = false;
      this.wanted = null;
      this.copy = false;
      this.wallMs = wallMs;
      this.playing = play;
      this.$refs.video.pause();
      const gap = this.gaps.find((each) => each.from_ms <= wallMs && wallMs < each.to_ms);
      this.say("gap", gap ? "broken_image" : "videocam_off", gap ? gap.text : this.texts["player.no_footage_now"]);
      if (play) this.passVoid(attempt);
    },
    passVoid(attempt) {
      let last = performance.now();
      const each = (now) => {
        if (this.gone || attempt !== this.attempt || !this.playing) return;
        const wallMs = this.wallMs + Math.min(VOID_STEP_MAX_MS, Math.max(0, now - last)) * this.rate;
        last = now;
        const index = partAt(this.parts, wallMs);
        if (index >= 0) return this.openPart(index, (wallMs - this.parts[index].started_ms) / 1000, true);
        this.wallMs = Math.min(wallMs, this.endMs);
        if (wallMs >= this.endMs) [this.playing, this.finished] = [false, true];
        else requestAnimationFrame(each);
      };
      requestAnimationFrame(each);
    },
    // Time --------------------------------------------------------------------------------------------
    tick() {
      const part = this.parts[this.index];
      const video = this.$refs.video; // none any more when the player was closed as it played
      if (part && video && !this.wanted && !this.inVoid) this.wallMs = Math.min(part.started_ms + video.currentTime * 1000, part.ended_ms);
    },
    seekTo(wallMs, play = this.playing) {
      if (!this.able) return;
      const target = Math.min(Math.max(wallMs, this.startMs), this.endMs);
      if (this.axis && partAt(this.parts, target) < 0) {
        this.begun = true;
        this.enterVoid(target, play && target < this.endMs);
        this.finished = target >= this.endMs;
        return;
      }
      let index = this.parts.findIndex((part) => target < part.ended_ms);
      if (index < 0) index = this.parts.length - 1;
      const part = this.parts[index];
      // Inside a gap there is nothing to see: go to the first picture after it.
      const atS = Math.min(Math.max(0, (target - part.started_ms) / 1000), part.duration_s);
      this.begun = true;
      if (index === this.index && !this.message && !this.wanted && !this.inVoid) {
        this.$refs.video.currentTime = atS;
        if (play) this.$refs.video.play().catch(() => {});
      } else this.openPart(index, atS, play);
    },
    toggle() {
      if (!this.able) return;
      this.begun = true;
      const video = this.$refs.video;
      if (this.finished) return this.axis ? this.seekTo(this.startMs, true) : this.openPart(0, 0, true);
      if (this.inVoid) return this.enterVoid(this.wallMs, !this.playing);
      if (this.wanted) return void (this.wanted.play = !this.wanted.play);
      if (video.paused) video.play().catch(() => {});
      else video.pause();
    },
    stageClick() {
      this.toggle();
    },
    // One frame: seek by the distance seen between frames, then make sure that another frame is shown.
    async step(direction) {
      const video = this.$refs.video;
      if (this.inVoid) return this.seekTo(this.wallMs + direction * STEP_MS, false);
      if (!this.parts.length || this.wanted) return;
      this.begun = true;
      video.pause();
      const from = this.shownS ?? video.currentTime;
      for (const reach of [1, 1.5, 2.2, 4]) {
        const target = from + direction * this.frameS * reach + (direction > 0 ? 0.001 : 0.0005);
        if (target >= video.duration) {
          if (this.parts[this.index + 1]) this.openPart(this.index + 1, 0, false);
          return;
        }
        if (target < 0 && from <= 0.0005) {
          const before = this.parts[this.index - 1];
          if (before) this.openPart(this.index - 1, Math.max(0, before.duration_s - 0.001), false);
          return;
        }
        const shown = this.nextFrame();
        video.currentTime = Math.max(0, target);
        const seen = await shown;
        if (seen !== null && Math.abs(seen - from) > 0.0005) return;
      }
    },
    nextFrame() {
      return new Promise((done) => {
        const timer = setTimeout(() => done(null), 400);
        this.frameSeen = (mediaS) => {
          clearTimeout(timer);
          done(mediaS);
        };
      });
    },
    watchFrames() {
      const video = this.$refs.video;
      if (video.requestVideoFrameCallback) {
        const each = (_, frame) => {
          if (this.gone) return;
          this.onFrame(frame.mediaTime);
          video.requestVideoFrameCallback(each);
        };
        video.requestVideoFrameCallback(each);
      } else {
        const each = () => {
          if (this.gone) return;
          if (video.currentTime !== this.shownS && video.readyState >= 2) this.onFrame(video.currentTime);
          requestAnimationFrame(each);
        };
        each();
      }
    },
    onFrame(mediaS) {
      const apart = this.shownS === null ? 0 : mediaS - this.shownS;
      if (this.playing && apart > 0.005 && apart < 0.6 && this.rate <= 1) this.frameS = this.frameS === DEFAULT_FRAME_S ? apart : Math.min(this.frameS * 1.02, apart);
      this.shownS = mediaS;
      this.frameSeen?.(mediaS);
      this.frameSeen = null;
      this.tick();
      this.draw();
    },
    // Boxes -------------------------------------------------------------------------------------------
    async loadTracks() {
      if (!this.tracks) return;
      const answer = await fetch(this.tracks, { credentials: "same-origin" }).catch(() => null);
      if (!answer?.ok || this.gone) return;
      this.paths = pathsOf(await answer.json());
      this.draw();
    },
    clear() {
      const canvas = this.$refs.canvas;
      if (canvas) canvas.width = canvas.width; // eslint-disable-line no-self-assign
    },
    draw() {
      const video = this.$refs.video;
      const canvas = this.$refs.canvas;
      const part = this.parts[this.index];
      if (!canvas || !video || !part) return;
      const dense = window.devicePixelRatio || 1;
      const wide = Math.round(video.clientWidth * dense);
      const high = Math.round(video.clientHeight * dense);
      if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
      const pen = canvas.getContext("2d");
      pen.clearRect(0, 0, wide, high);
      if (!this.boxes || !this.paths || this.shownS === null || this.message) return;
      // The picture within the element: letterboxed where the shapes differ, as in full screen.
      const ratio = video.videoWidth / video.videoHeight || this.ratio;
      const w = Math.min(wide, high * ratio);
      const h = w / ratio;
      const [x0, y0] = [(wide - w) / 2, (high - h) / 2];
      const pts = part.start_pts + this.shownS * MEDIA_HZ;
      const seen = [];
      for (const path of this.paths) {
        const box = boxAt(path, part.session, pts);
        if (box) seen.push({ path, x: x0 + box[0] * w, y: y0 + box[1] * h, w: box[2] * w, h: box[3] * h });
      }
      for (const each of seen) this.drawBox(pen, dense, each);
      // Labels last, so that no box runs through one, and each where no other is yet.
      const taken = [];
      for (const each of seen) this.drawLabel(pen, dense, each, { left: x0, right: x0 + w, top: y0 }, taken);
      canvas.dataset.drawn = seen.length;
    },
    drawBox(pen, dense, { path, x, y, w, h }) {
      pen.lineJoin = "round";
      pen.lineWidth = 4 * dense;
      pen.strokeStyle = "rgba(0,0,0,.45)";
      pen.strokeRect(x, y, w, h);
      pen.lineWidth = 2 * dense;
      pen.strokeStyle = COLOURS[path.kind] || "#ffffff";
      pen.strokeRect(x, y, w, h);
    },
    drawLabel(pen, dense, { path, x, y }, picture, taken) {
      const text = `${this.labels[path.kind] || path.kind} ${path.track}`;
      pen.font = `600 ${12 * dense}px Roboto, sans-serif`;
      const wide = pen.measureText(text).width + 8 * dense;
      const high = 17 * dense;
      const left = Math.max(picture.left, Math.min(x - dense, picture.right - wide));
      let top = y - high >= picture.top ? y - high : y;
      for (let tries = 0; tries < 4; tries++) {
        const other = taken.find((t) => left < t.left + t.wide && t.left < left + wide && Math.abs(top - t.top) < high);
        if (!other) break;
        top = other.top - high >= picture.top ? other.top - high : other.top + high;
      }
      taken.push({ left, top, wide });
      pen.fillStyle = COLOURS[path.kind] || "#ffffff";
      pen.fillRect(left, top, wide, high);
      pen.fillStyle = "#101418";
      pen.textBaseline = "middle";
      pen.fillText(text, left + 4 * dense, top + high / 2 + dense);
    },
    // Time line ---------------------------------------------------------------------------------------
    at(ms) {
      return `${Math.min(100, Math.max(0, ((ms - this.startMs) / this.totalMs) * 100))}%`;
    },
    span(from, to) {
      const left = Math.min(100, Math.max(0, ((from - this.startMs) / this.totalMs) * 100));
      const right = Math.min(100, Math.max(0, ((to - this.startMs) / this.totalMs) * 100));
      return { left: `${left}%`, width: `${Math.max(0, right - left)}%` };
    },
    pointerMs(event) {
      const box = this.$refs.timeline.getBoundingClientRect();
      return this.startMs + Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * this.totalMs;
    },
    seekHover(event) {
      this.hoverMs = this.pointerMs(event);
    },
    seekStart(event) {
      if (event.button !== 0 || !this.able) return;
      const bar = this.$refs.timeline;
      bar.setPointerCapture(event.pointerId);
      this.seekTo(this.pointerMs(event));
      const move = (e) => this.seekTo(this.pointerMs(e));
      const end = () => {
        bar.removeEventListener("pointermove", move);
        bar.removeEventListener("pointerup", end);
        bar.removeEventListener("pointercancel", end);
      };
      bar.addEventListener("pointermove", move);
      bar.addEventListener("pointerup", end);
      bar.addEventListener("pointercancel", end);
    },
    // Words -------------------------------------------------------------------------------------------
    clock(ms) {
      return this.clockFormat.format(new Date(ms));
    },
    utc(ms) {
      return `${new Date(ms).toISOString().replace("T", " ").replace("Z", "")} UTC`;
    },
    seconds(ms) {
      return lengthText(ms);
    },
    sayNoPicture() {
      Quasar.Notify.create({ message: this.texts["player.picture_none"], timeout: 2500, position: "bottom" });
    },
    fullscreen() {
      if (document.fullscreenElement) document.exitFullscreen();
      else this.$refs.root.requestFullscreen?.().catch(() => {});
    },
    onKey(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const on = document.activeElement;
      const typing = on && (on.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(on.tagName));
      if (typing || document.querySelector(".q-dialog__inner > div")) return;
      const pressing = on?.tagName === "BUTTON" && event.key === " "; // space presses the button that has the focus
      const speed = (by) => (this.rate = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, SPEEDS.indexOf(this.rate) + by))]);
      const does = {
        " ": () => this.toggle(),
        ArrowLeft: () => this.seekTo(this.wallMs - (event.shiftKey ? 10000 : 1000)),
        ArrowRight: () => this.seekTo(this.wallMs + (event.shiftKey ? 10000 : 1000)),
        ArrowUp: () => speed(1),
        ArrowDown: () => speed(-1),
        Home: () => this.seekTo(this.startMs),
        End: () => this.seekTo(this.endMs),
        ",": () => this.step(-1),
        ".": () => this.step(1),
        b: () => (this.boxes = !this.boxes),
        ...(this.collects ? this.collectingKeys() : {}),
        m: () => (this.muted = !this.muted),
        f: () => this.fullscreen(),
        j: () => this.$emit("walk", "older"),
        k: () => this.$emit("walk", "newer"),
        n: () => this.$emit("beside"),
        "?": () => this.$emit("help"),
        Escape: () => !document.fullscreenElement && this.$emit("leave"),
      }[event.key];
      if (!does || pressing) return;
      event.preventDefault();
      does();
    },
  },
};
