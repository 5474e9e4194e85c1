// The editor of a redaction: the clip with all that is hidden hidden; who is hidden is chosen by a click on a box or a
// chip; what the analysis missed is drawn by hand and follows by key boxes. What it shows is a preview; the exact
// picture comes from the server, made by the code that makes the copy.
import { lengthText, needsCopy } from "camsvc-playing/footage.js";
import { coverOf, emptied, onlyChoices, Steps, toggled } from "camsvc-redaction/choices.js";
import drawing from "camsvc-redaction/drawing.js";
import keeping from "camsvc-redaction/keeping.js";
import keys from "camsvc-redaction/keys.js";
import { MEDIA_HZ, pathsOf } from "camsvc-redaction/paths.js";
import playing, { FRAME_S } from "camsvc-redaction/playing.js";
import { portraits } from "camsvc-redaction/portraits.js";
import showing from "camsvc-redaction/showing.js";

const MARKS = { none: "visibility", head: "face", whole: "blur_on" };
const CORNERS = ["nw", "ne", "sw", "se"];

export default {
  mixins: [drawing, keeping, keys, playing, showing],
  template: `
<div class="red" ref="root" :class="{'red--drawing': drawing}">
  <section class="red__watch" :aria-label="texts['redact.clip']">
    <div class="red__tools" role="toolbar" :aria-label="texts['redact.tools']">
      <button type="button" class="cam-btn" data-test="draw" :aria-pressed="String(drawing)" :title="texts['redact.draw'] + ' (r)'" :disabled="!parts.length" @click="draw()"><i class="material-icons" aria-hidden="true">highlight_alt</i><span>{{ texts['redact.draw'] }}</span></button>
      <button type="button" class="cam-btn cam-btn--icon" data-test="undo" :disabled="!steps.past.length" :title="texts['redact.undo'] + ' (Ctrl Z)'" :aria-label="texts['redact.undo']" @click="step_('back')"><i class="material-icons" aria-hidden="true">undo</i></button>
      <button type="button" class="cam-btn cam-btn--icon" data-test="redo" :disabled="!steps.future.length" :title="texts['redact.redo'] + ' (Ctrl Y)'" :aria-label="texts['redact.redo']" @click="step_('forth')"><i class="material-icons" aria-hidden="true">redo</i></button>
      <span class="red__hint cam-soft" aria-live="polite">{{ hint }}</span>
      <button type="button" class="cam-btn" data-test="outlines" :aria-pressed="String(outlines)" :title="texts['redact.outlines'] + ' (b)'" @click="outlines = !outlines"><i class="material-icons" aria-hidden="true">select_all</i><span>{{ texts['redact.outlines'] }}</span></button>
      <button type="button" class="cam-btn" data-test="exact" :aria-pressed="String(exact)" :title="texts['redact.exact_hint'] + ' (p)'" :disabled="!parts.length" @click="exact = !exact"><i class="material-icons" aria-hidden="true">fact_check</i><span>{{ texts['redact.exact'] }}</span></button>
    </div>
    <div class="red__stage" ref="stage">
      <video ref="video" playsinline muted preload="auto" @play="playing = true" @pause="playing = false" @ended="ended" @seeked="seen" @loadeddata="seen" @error="failed"></video>
      <canvas ref="canvas" aria-hidden="true"></canvas>
      <div class="red__picture" ref="picture" tabindex="-1" :style="placed(place)" @pointerdown="press" @pointermove="drag" @pointerup="release" @pointercancel="release">
        <template v-if="outlines && !exactUrl">
          <button v-for="each in shown" :key="each.path.key" type="button" class="red__box" :class="['red__box--' + each.cover, {'red__box--lit': lit === each.path.key}]" :style="fractions(each.box)" :data-track="each.path.key"
            :aria-pressed="String(each.cover !== 'none')" :aria-label="called(each.path) + ': ' + texts['redact.cover.' + each.cover]" :title="called(each.path) + ': ' + texts['redact.cover.' + each.cover]" @click="toggle(each.path)" @mouseenter="lit = each.path.key" @mouseleave="lit = null"><span><i class="material-icons" aria-hidden="true">{{ marks[each.cover] }}</i>{{ each.path.number }}</span></button>
          <div v-for="each in drawn" :key="'r' + each.index" class="red__region" :class="{'red__region--chosen': each.index === chosen, 'red__region--away': !each.isThere}" :style="fractions(each.box)">
            <button type="button" class="red__grab" :data-region="each.index" :aria-label="regionName(each.index)" :title="texts['redact.region_hint']" @pointerdown.stop="grab($event, each, 'move')" @focus="chosen = each.index"><span>{{ regionName(each.index) }}</span></button>
            <template v-if="each.index === chosen"><span v-for="corner in corners" :key="corner" class="red__grip" :class="'red__grip--' + corner" @pointerdown.stop="grab($event, each, corner)"></span></template>
          </div>
          <div v-if="pulled" class="red__region red__region--chosen" :style="fractions(pulled)"></div>
        </template>
        <img v-if="exactUrl" class="red__exact" :src="exactUrl" :alt="texts['redact.exact_seen']" data-test="exact-picture" />
      </div>
      <span v-if="exact" class="red__badge" role="status"><i class="material-icons" aria-hidden="true">{{ exactSaid ? 'error_outline' : exactUrl ? 'fact_check' : 'hourglass_top' }}</i>{{ exactSaid || (playing ? texts['redact.exact_paused'] : exactUrl ? texts['redact.exact_seen'] : texts['redact.exact_making']) }}</span>
      <div v-if="message" class="cam-player__message" role="status"><i class="material-icons" aria-hidden="true">{{ message.icon }}</i><span>{{ message.text }}</span></div>
    </div>
    <div class="cam-timeline red__timeline" ref="timeline" role="slider" tabindex="0" :aria-label="texts['redact.position']" aria-valuemin="0" :aria-valuemax="Math.round(totalMs / 1000)" :aria-valuenow="Math.round((wallMs - startMs) / 1000)" :aria-valuetext="clock(wallMs)" @pointerdown="seekBy">
      <div class="cam-timeline__track">
        <span v-for="(part, i) in parts" :key="'p' + i" class="cam-timeline__part" :style="span(part.started_ms, part.ended_ms)"></span>
        <span v-for="(gap, i) in gaps" :key="'g' + i" class="cam-timeline__gap" :style="span(gap.from_ms, gap.to_ms)" :title="gap.text"></span>
        <span class="cam-timeline__head" :style="{left: at(wallMs)}"></span>
      </div>
      <div class="red__lane">
        <span v-for="each in lane" :key="each.key" class="red__bar" :class="'red__bar--' + each.kind" :style="span(each.from_ms, each.to_ms)" :title="each.name"></span>
        <button v-for="each in keys" :key="each.ms" type="button" class="red__key" :class="{'red__key--here': each.isHere}" :style="{left: at(each.ms)}" :aria-label="texts['redact.key_at'].replace('{time}', clock(each.ms))" :title="texts['redact.key_at'].replace('{time}', clock(each.ms))" @pointerdown.stop @click="seekTo(each.part, each.at_s)"></button>
      </div>
    </div>
    <div class="cam-controls">
      <button type="button" class="cam-ctl cam-ctl--main" data-test="play" :disabled="!parts.length" :aria-label="texts[playing ? 'redact.pause' : 'redact.play']" :title="texts[playing ? 'redact.pause' : 'redact.play'] + ' (␣)'" @click="play"><i class="material-icons" aria-hidden="true">{{ playing ? 'pause' : 'play_arrow' }}</i></button>
      <button type="button" class="cam-ctl" :disabled="!parts.length" :aria-label="texts['redact.frame_back']" :title="texts['redact.frame_back'] + ' (,)'" @click="frame(-1)"><i class="material-icons" aria-hidden="true">skip_previous</i></button>
      <button type="button" class="cam-ctl" :disabled="!parts.length" :aria-label="texts['redact.frame_on']" :title="texts['redact.frame_on'] + ' (.)'" @click="frame(1)"><i class="material-icons" aria-hidden="true">skip_next</i></button>
      <span class="cam-controls__clock" data-test="clock"><strong>{{ clock(wallMs) }}</strong></span>
      <span class="cam-controls__length cam-soft">{{ length(wallMs - startMs) }} / {{ length(totalMs) }}</span>
      <span v-if="parts.length > 1" class="cam-controls__part cam-soft">{{ texts['redact.part'].replace('{n}', index + 1).replace('{all}', parts.length) }}</span>
    </div>
  </section>
  <aside class="red__side" :aria-label="texts['redact.choices']">
    <div class="red__scroll">
      <h2>{{ texts['redact.what'] }}</h2>
      <div class="red__blur" role="radiogroup" :aria-label="texts['redact.what']">
        <button v-for="name in blurs" :key="name" type="button" role="radio" :aria-checked="String(choices.blur === name)" :data-blur="name" @click="change({blur: name})"><i class="material-icons" aria-hidden="true">{{ {faces: 'face', people: 'group', vehicles: 'directions_car', everything: 'blur_on'}[name] }}</i>{{ texts['redact.blur.' + name] }}</button>
      </div>
      <label class="cam-check"><input type="checkbox" data-test="sound" :checked="choices.sound" @change="change({sound: $event.target.checked})" /><span>{{ texts['redact.sound'] }}<small class="cam-soft">{{ texts['redact.sound_hint'] }}</small></span></label>
      <div class="red__head"><h2>{{ texts['redact.seen_things'] }} <span class="cam-soft cam-num">{{ hiddenCount }}</span></h2>
        <button v-if="choices.kept.length + choices.added.length" type="button" class="cam-btn cam-btn--quiet cam-btn--small" data-test="as-usual" @click="go(emptied(choices))">{{ texts['redact.as_usual'] }}</button></div>
      <p v-if="paths && !paths.length" class="cam-soft red__none">{{ texts['redact.no_tracks'] }}</p>
      <ul class="red__chips" data-test="chips">
        <li v-for="path in paths || []" :key="path.key" class="red__chip" :class="['red__chip--' + cover(path), {'red__chip--now': onScreen.has(path.key), 'red__chip--lit': lit === path.key}]" @mouseenter="lit = path.key" @mouseleave="lit = null">
          <button type="button" class="red__toggle" :data-chip="path.key" :aria-pressed="String(cover(path) !== 'none')" @click="toggle(path)">
            <img v-if="faces[path.key]" :src="faces[path.key]" alt="" /><span v-else class="red__noface"><i class="material-icons" aria-hidden="true">{{ path.kind === 'person' ? 'person' : 'directions_car' }}</i></span>
            <span class="red__name"><strong>{{ called(path) }}</strong><small class="cam-soft cam-num">{{ when(path) }}</small></span>
            <span class="red__cover"><i class="material-icons" aria-hidden="true">{{ marks[cover(path)] }}</i>{{ texts['redact.cover.' + cover(path)] }}</span>
          </button>
          <button type="button" class="cam-btn cam-btn--quiet cam-btn--icon" :title="texts['redact.find']" :aria-label="texts['redact.find'] + ': ' + called(path)" @click="find(path)"><i class="material-icons" aria-hidden="true">my_location</i></button>
        </li>
      </ul>
      <h2>{{ texts['redact.regions'] }}</h2>
      <p v-if="!choices.regions.length" class="cam-soft red__none">{{ texts['redact.no_regions'] }}</p>
      <ul class="red__regions" data-test="regions">
        <li v-for="(region, i) in choices.regions" :key="i" :class="{'red__row--chosen': i === chosen}">
          <button type="button" class="red__pick" :aria-pressed="String(i === chosen)" @click="choose(i)"><strong>{{ regionName(i) }}</strong><small class="cam-soft cam-num">{{ lasting(region) }}</small></button>
          <button v-if="region.boxes.length > 1" type="button" class="cam-btn cam-btn--quiet cam-btn--icon" :title="texts['redact.whole_part']" :aria-label="texts['redact.whole_part']" data-test="whole-part" @click="putRegion(i, still_(region))"><i class="material-icons" aria-hidden="true">width_full</i></button>
          <button v-if="i === chosen && here(region) && region.boxes.length > 1 && keyHere(region)" type="button" class="cam-btn cam-btn--quiet cam-btn--icon" :title="texts['redact.unkey']" :aria-label="texts['redact.unkey']" data-test="unkey" @click="unkey(i)"><i class="material-icons" aria-hidden="true">remove_circle_outline</i></button>
          <button v-else-if="i === chosen && here(region) && !keyHere(region)" type="button" class="cam-btn cam-btn--quiet cam-btn--icon" :title="texts['redact.key'] + ' (a)'" :aria-label="texts['redact.key']" data-test="key" @click="key(i)"><i class="material-icons" aria-hidden="true">add_circle_outline</i></button>
          <button type="button" class="cam-btn cam-btn--quiet cam-btn--icon" :title="texts['redact.remove']" :aria-label="texts['redact.remove'] + ': ' + regionName(i)" data-test="remove" @click="removeRegion(i)"><i class="material-icons" aria-hidden="true">delete_outline</i></button>
        </li>
      </ul>
      <details class="red__history" data-test="history" @toggle="$event.target.open && loadHistory()">
        <summary>{{ texts['redact.history'] }}</summary>
        <p v-if="revisions && !revisions.length" class="cam-soft red__none">{{ texts['redact.no_history'] }}</p>
        <ol><li v-for="each in revisions || []" :key="each.revision">
          <span><strong>{{ texts['redact.revision'].replace('{n}', each.revision) }}</strong> · {{ each.changed_by }} · <span class="cam-num">{{ day(each.changed_at) }}</span><small class="cam-soft">{{ told(each) }}</small><small v-if="each.comment">“{{ each.comment }}”</small></span>
          <button type="button" class="cam-btn cam-btn--small" @click="takeUp(each.revision)">{{ texts['redact.take_up'] }}</button>
        </li></ol>
      </details>
    </div>
    <div class="red__save">
      <p v-if="trouble" class="cam-note cam-note--bad" role="alert"><i class="material-icons" aria-hidden="true">error_outline</i><span>{{ trouble.text }} <button v-if="trouble.conflict" type="button" class="cam-btn cam-btn--small" data-test="theirs" @click="takeTheirs">{{ texts['redact.theirs'] }}</button></span></p>
      <input class="cam-input" v-model="comment" maxlength="1000" :placeholder="texts['redact.comment']" :aria-label="texts['redact.comment']" data-test="comment" />
      <div class="red__end"><span class="red__state" :class="{'red__state--dirty': dirty}" role="status" data-test="state"><i class="material-icons" aria-hidden="true">{{ dirty ? 'edit' : 'check_circle' }}</i>{{ state }}</span>
        <button type="button" class="cam-btn" data-test="export" :disabled="dirty || !parts.length" :title="texts[dirty ? 'redact.export_saved' : 'redact.export_hint']" @click="$emit('export')"><i class="material-icons" aria-hidden="true">archive</i><span>{{ texts['redact.export'] }}</span></button>
        <button type="button" class="cam-btn cam-btn--main" data-test="save" :disabled="saving || !dirty || !parts.length" :title="texts['redact.save'] + ' (Ctrl S)'" @click="save"><i class="material-icons" aria-hidden="true">save</i><span>{{ texts['redact.save'] }}</span></button></div>
    </div>
  </aside>
</div>`,
  props: { parts: Array, gaps: Array, incident: String, tracks: String, stored: Object, blurs: Array, labels: Object, texts: Object, rules: Object, locale: String, timezone: String },
  emits: ["export", "leave", "help"],
  data() {
    return {
      steps: new Steps(onlyChoices(this.stored)), saved: this.stored, paths: null, faces: {}, revisions: null,
      index: 0, atS: 0, playing: false, message: null, outlines: true, lit: null, chosen: -1, drawing: false, pulled: null, pullFrom: null, held: null,
      place: { left: 0, top: 0, width: 0, height: 0 }, shown: [], exact: false, exactUrl: null, exactSaid: "", comment: "", saving: false, trouble: null, marks: MARKS, corners: CORNERS,
    };
  },
  computed: {
    choices() { return this.steps.now; },
    base() { return `/api/v1/incidents/${this.incident}/redaction`; },
    dirty() { return JSON.stringify(this.choices) !== JSON.stringify(onlyChoices(this.saved)) || (!this.saved.revision && this.steps.past.length > 0); },
    startMs() { return this.parts[0]?.started_ms ?? 0; },
    endMs() { return this.parts[this.parts.length - 1]?.ended_ms ?? 1; },
    totalMs() { return Math.max(1, this.endMs - this.startMs); },
    part() { return this.parts[this.index]; },
    wallMs() { return this.part ? Math.min(this.part.started_ms + this.atS * 1000, this.part.ended_ms) : 0; },
    onScreen() { return new Set(this.shown.map((each) => each.path.key)); },
    hiddenCount() {
      if (!this.paths?.length) return "";
      const hidden = this.paths.filter((each) => this.cover(each) !== "none").length;
      return this.texts["redact.count"].replace("{n}", hidden).replace("{all}", this.paths.length);
    },
    lane() {
      const bars = this.choices.regions.map((region, i) => ({ key: `r${i}`, name: this.regionName(i), kind: i === this.chosen ? "chosen" : "region", ...this.reach(region) }));
      const path = (this.paths ?? []).find((each) => each.key === this.lit);
      const part = path && this.parts.find((each) => each.session === path.session);
      if (part) bars.push({ key: "t", name: this.called(path), kind: "track", from_ms: this.msOf(part, path.points[0][0]), to_ms: this.msOf(part, path.points[path.points.length - 1][0]) });
      return bars;
    },
    hint() {
      if (this.drawing) return this.texts["redact.how_draw"];
      if (this.choices.regions[this.chosen]) return this.texts["redact.how_region"];
      return this.texts["redact.how"];
    },
    state() {
      if (this.saving) return this.texts["redact.saving"];
      if (this.dirty) return this.texts["redact.unsaved"];
      if (!this.saved.revision) return this.texts["redact.never_saved"];
      return this.texts["redact.saved"].replace("{n}", this.saved.revision).replace("{who}", this.saved.changed_by).replace("{at}", this.day(this.saved.changed_at));
    },
    clockFormat() { return new Intl.DateTimeFormat(this.locale === "vi" ? "vi-VN" : "en-GB", { timeZone: this.timezone, hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 2 }); },
    dayFormat() { return new Intl.DateTimeFormat(this.locale === "vi" ? "vi-VN" : "en-GB", { timeZone: this.timezone, dateStyle: "short", timeStyle: "short" }); },
  },
  watch: {
    choices() {
      this.look();
      this.askExact();
    },
    exact() { this.askExact(); },
    playing() { this.askExact(); },
    atS() { this.askExact(); },
    outlines() { this.look(); },
  },
  mounted() {
    this.gone = false;
    this.attempt = 0;
    this.frameS = FRAME_S;
    this.looks = new ResizeObserver(() => this.measure());
    this.looks.observe(this.$refs.stage);
    this.keysDown = (event) => this.onKey(event);
    this.guard = (event) => this.dirty && event.preventDefault();
    document.addEventListener("keydown", this.keysDown);
    window.addEventListener("beforeunload", this.guard);
    this.watchFrames();
    this.open(0, 0, false);
    this.loadTracks();
  },
  unmounted() {
    this.gone = true;
    this.looks.disconnect();
    document.removeEventListener("keydown", this.keysDown);
    window.removeEventListener("beforeunload", this.guard);
    clearTimeout(this.exactTimer);
    if (this.exactUrl) URL.revokeObjectURL(this.exactUrl);
  },
  methods: {
    emptied,
    length: lengthText,
    // Choosing ------------------------------------------------------------------------------------------
    go(choices) { this.steps.go(choices); },
    change(some) { this.go({ ...this.choices, ...some }); },
    toggle(path) { this.go(toggled(this.choices, path)); },
    cover(path) { return coverOf(this.choices, path); },
    step_(way) {
      this.steps[way]();
      if (this.chosen >= this.choices.regions.length) this.chosen = -1;
    },
    called(path) { return `${this.labels[path.kind] || path.kind} ${path.number}`; },
    when(path) {
      const part = this.parts.find((each) => each.session === path.session);
      if (!part) return "";
      const [from, to] = [path.points[0], path.points[path.points.length - 1]].map((each) => this.msOf(part, each[0]) - this.startMs);
      return `${lengthText(from)}–${lengthText(to)}`;
    },
    msOf(part, pts) { return part.started_ms + ((pts - part.start_pts) / MEDIA_HZ) * 1000; },
    find(path) {
      const at = this.parts.findIndex((each) => each.session === path.session && path.points[0][0] < each.start_pts + each.duration_s * MEDIA_HZ);
      if (at < 0) return;
      const middle = path.points[Math.floor(path.points.length / 2)];
      this.lit = path.key;
      this.seekTo(at, Math.max(0, (middle[0] - this.parts[at].start_pts) / MEDIA_HZ));
    },
    async loadTracks() {
      const answer = this.tracks ? await fetch(this.tracks, { credentials: "same-origin" }).catch(() => null) : null;
      const told = answer?.ok ? await answer.json().catch(() => null) : null;
      // Who is in the picture must not seem to be nobody: the copy hides them, what is seen here does not.
      if (this.tracks && !told) this.trouble = { text: this.texts["redact.tracks_failed"] };
      else this.paths = pathsOf(told).sort((a, b) => a.points[0][0] - b.points[0][0]);
      this.look();
      const playable = this.parts.filter((each) => !needsCopy(each, this.$refs.video)).map((each) => ({ ...each, playable: each.url }));
      portraits(this.paths ?? [], playable, (key, url) => (this.faces[key] = url), () => !this.gone);
    },
    // Time ----------------------------------------------------------------------------------------------
    at(ms) { return `${Math.min(100, Math.max(0, ((ms - this.startMs) / this.totalMs) * 100))}%`; },
    span(from, to) { return { left: this.at(from), right: `${100 - parseFloat(this.at(to))}%` }; },
    clock(ms) { return this.clockFormat.format(new Date(ms)); },
    day(text) { return this.dayFormat.format(new Date(text)); },
  },
};
