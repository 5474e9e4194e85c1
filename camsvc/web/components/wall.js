// The wall: live pictures in tiles, the cameras to fill them with, and the incidents beside them.
import { ServerClock } from "camsvc-live/clock.js";
import { Events, stateOf } from "camsvc-live/events.js";
import filling from "camsvc-live/filling.js";
import keys from "camsvc-live/keys.js";
import lights from "camsvc-live/lights.js";
import CameraList from "camsvc-live/list.js";
import { Net } from "camsvc-live/net.js";
import NewsList from "camsvc-live/news.js";
import { keepWall, leftWall, savedWall } from "camsvc-live/saved.js";
import { UNSEEN_MS, whenUnseen } from "camsvc-live/seen.js";
import * as slots from "camsvc-live/slots.js";
import Tile from "camsvc-live/tile.js";
import { timesIn } from "camsvc-live/times.js";
import Walls from "camsvc-live/walls.js";

const FIRST_TILES = [1, 4, 9]; // of a wall that nobody has made yet
const CYCLE_TICK_MS = 250;
const APART_MS = 2000; // a break of the web socket shorter than this is no news

export default {
  components: { CameraList, NewsList, Tile, Walls },
  mixins: [filling, keys, lights],
  template: `
<div class="cam-live" :class="{'cam-live--full': full}" ref="root">
  <camera-list v-show="panels.cameras" ref="pool" :cameras="cameras" :states="states" :shown="shown" :texts="texts" @pick="putNext" @area="fill" @leave="focusTile"></camera-list>
  <section class="cam-live__middle" :aria-label="texts['live.label']">
    <div class="cam-bar cam-live__bar" role="toolbar" :aria-label="texts['live.toolbar']">
      <button type="button" class="cam-btn cam-btn--icon" :aria-pressed="String(panels.cameras)" :title="texts['live.cameras'] + ' (c)'" :aria-label="texts['live.cameras']" data-test="panel-cameras" @click="panel('cameras')"><i class="material-icons" aria-hidden="true">view_sidebar</i></button>
      <div class="cam-seg" role="group" :aria-label="texts['live.layout']">
        <button v-for="(n, i) in choices" :key="n" type="button" :aria-pressed="String(n === tiles)" :data-tiles="n" :title="texts['live.tiles'].replace('{n}', n) + ' (' + (i + 1) + ')'" :aria-label="texts['live.tiles'].replace('{n}', n)" @click="layOut(n)">{{ n }}</button>
      </div>
      <walls :wall="wall" :changed="changed" :texts="texts" @pick="take" @saved="saved" @said="say"></walls>
      <div v-if="pages > 1" class="cam-live__pages" role="group" :aria-label="texts['live.page']">
        <button type="button" class="cam-btn cam-btn--quiet cam-btn--icon" :title="texts['live.page_before'] + ' (Page Up)'" :aria-label="texts['live.page_before']" @click="turn(-1)"><i class="material-icons" aria-hidden="true">chevron_left</i></button>
        <span class="cam-num" data-test="page">{{ page + 1 }}/{{ pages }}</span>
        <button type="button" class="cam-btn cam-btn--quiet cam-btn--icon" :title="texts['live.page_next'] + ' (Page Down)'" :aria-label="texts['live.page_next']" @click="turn(1)"><i class="material-icons" aria-hidden="true">chevron_right</i></button>
        <select v-model="cycleS" class="cam-input cam-live__cycle" :title="texts['live.cycle']" :aria-label="texts['live.cycle']" data-test="cycle">
          <option :value="null">{{ texts['live.cycle_off'] }}</option><option v-for="s in cycles" :key="s" :value="s">{{ texts['live.cycle_s'].replace('{n}', s) }}</option>
        </select>
        <span v-if="cycleS" class="cam-live__turn" :title="paused ? texts['live.cycle_paused'] : ''"><i class="material-icons" aria-hidden="true">{{ paused ? 'pause' : 'autorenew' }}</i><span class="cam-hidden">{{ paused ? texts['live.cycle_paused'] : '' }}</span></span>
      </div>
      <span class="cam-live__space"></span>
      <span class="cam-live__zone cam-soft" :title="timezone">{{ zone }}</span>
      <button type="button" class="cam-btn" :class="{'cam-btn--on': boxes}" :aria-pressed="String(boxes)" :title="texts['player.boxes'] + ' (b)'" data-test="boxes" @click="boxes = !boxes"><i class="material-icons" aria-hidden="true">select_all</i><span>{{ texts['live.boxes'] }}</span></button>
      <button type="button" class="cam-btn cam-btn--icon" :title="texts['player.fullscreen'] + ' (f)'" :aria-label="texts['player.fullscreen']" :aria-pressed="String(full)" data-test="fullscreen" @click="fullscreen"><i class="material-icons" aria-hidden="true">{{ full ? 'fullscreen_exit' : 'fullscreen' }}</i></button>
      <button type="button" class="cam-btn cam-btn--icon" :title="texts['player.help'] + ' (?)'" :aria-label="texts['player.help']" @click="$emit('help')"><i class="material-icons" aria-hidden="true">keyboard</i></button>
      <button type="button" class="cam-btn cam-btn--icon" :aria-pressed="String(panels.news)" :title="texts['live.incidents'] + ' (i)'" :aria-label="texts['live.incidents']" data-test="panel-news" @click="panel('news')"><i class="material-icons" aria-hidden="true">notifications</i></button>
    </div>
    <div v-if="!connected" class="cam-live__apart" role="alert"><i class="material-icons" aria-hidden="true">sync_problem</i>{{ texts['live.events_away'] }}</div>
    <div class="cam-live__grid" :class="{'cam-live__grid--large': large !== null}" :style="{'--n': Math.sqrt(tiles)}" :data-tiles="tiles" ref="grid">
      <tile v-for="(id, i) in onPage" :key="i" ref="tiles" :index="i" :camera="byId[id] || lost(id)" :stream="i === large || tiles === 1 ? 'main' : 'sub'" :status="stateOf(id)" :selected="i === selected" :large="i === large" :asleep="asleep || (covered && i !== large)"
        :boxes="boxes" :lit="id ? litAt[id] : null" :labels="labels" :texts="texts" :ring-s="ringS" :net="net()" :times="times()" :collects="collects" @snapshot="(what) => $emit('snapshot', what)" @span="(what) => $emit('span', what)" @choose="selected = i" @ask="askFor(i)" @enlarge="enlarge(i)" @remove="remove(i)" @incident="(id) => $emit('open', id)" @drop-on="(what) => dropped(i, what)" @said="say" @replaying="(on) => replaying(i, on)"></tile>
    </div>
  </section>
  <news-list v-show="panels.news" ref="news" :initial="incidents" :texts="texts" @open="(id) => $emit('open', id)" @leave="focusTile"></news-list>
</div>`,
  props: {
    cameras: Array, // [{id, name, area, area_name, area_short}] in the order of the list
    statuses: Object, // by camera: {state, state_text, why, icon}
    stateWords: Object, // by state: {text, why, icon}
    incidents: Array, // as cards
    ask: Object, // what the address asks for: {wall, camera}
    user: String,
    collects: Boolean, // what is seen may be put into a case
    labels: Object,
    texts: Object,
    serverMs: Number,
    ringS: Number, // what can be looked back to
    locale: String,
    timezone: String,
    zone: String,
  },
  emits: ["open", "help", "snapshot", "span"],
  data() {
    return {
      name: "", tiles: 4, list: [], cycleS: null, asSaved: null, page: 0, selected: 0, large: null, covered: false, asleep: false, full: false, connected: true,
      boxes: localStorage.getItem("camsvc.live.boxes") === "on", states: this.statuses, looking: [], choices: slots.TILES, cycles: slots.CYCLES_S,
      panels: { cameras: localStorage.getItem("camsvc.live.cameras") !== "off", news: localStorage.getItem("camsvc.live.news") !== "off" },
    };
  },
  computed: {
    byId() {
      return Object.fromEntries(this.cameras.map((each) => [each.id, each]));
    },
    onPage() {
      return slots.pageOf(this.list, this.tiles, this.page);
    },
    pages() {
      return slots.pagesOf(this.list, this.tiles);
    },
    shown() {
      return new Set(this.onPage.filter(Boolean));
    },
    wall() {
      return { name: this.name, tiles: this.tiles, cameras: slots.trimmed(this.list), cycleS: this.pages > 1 ? this.cycleS : null };
    },
    changed() {
      return this.asSaved !== null && JSON.stringify(this.wall) !== this.asSaved;
    },
    paused() {
      return this.large !== null || this.looking.length > 0;
    },
  },
  created() {
    const clock = new ServerClock(this.serverMs);
    this.shared = { net: new Net(clock), times: timesIn(this.locale, this.timezone, this.texts) };
    this.events = new Events(clock, {
      state: (message) => this.heard(message),
      tracks: ({ camera, atMs, objects }) => this.tileOf(camera)?.take(atMs, objects),
      open: (is) => this.heardOf(is),
    });
    this.begin();
  },
  mounted() {
    this.unseen = whenUnseen((is) => (this.asleep = is), () => this.$refs.tiles?.forEach((tile) => tile.resume()));
    this.listening = [
      [document, "keydown", (event) => this.onKey(event)],
      [document, "fullscreenchange", () => this.filled()],
      [window, "pageshow", ({ persisted }) => persisted && window.location.reload()], // brought back as it was left: without pictures
      [window, "pagehide", () => this.$refs.tiles?.forEach((tile) => tile.sight.close())],
    ];
    for (const [target, name, handler] of this.listening) target.addEventListener(name, handler);
    this.turner = setInterval(() => this.cycle(), CYCLE_TICK_MS);
    this.followAll();
    this.$el.dataset.ready = "true";
  },
  unmounted() {
    for (const [target, name, handler] of this.listening) target.removeEventListener(name, handler);
    this.unseen();
    clearInterval(this.turner);
    clearTimeout(this.coverer);
    this.events.close();
    document.body.classList.remove("cam-full");
  },
  watch: {
    wall(now) {
      keepWall(this.user, { ...now, asSaved: this.asSaved });
    },
    boxes(on) {
      localStorage.setItem("camsvc.live.boxes", on ? "on" : "off");
      this.followAll();
    },
    onPage(now, before) {
      if (now.join() !== before.join()) this.followAll();
    },
    cameras() {
      this.followAll();
    },
    pages(now) {
      if (this.page >= now) this.page = now - 1;
    },
    large(now) {
      clearTimeout(this.coverer);
      this.covered = false;
      if (now !== null) this.coverer = setTimeout(() => (this.covered = true), UNSEEN_MS);
    },
  },
  methods: {
    net() {
      return this.shared.net;
    },
    times() {
      return this.shared.times;
    },
    // Called by the server -------------------------------------------------------------------------------------
    statesChanged(changed) {
      // While the web socket tells of its cameras at once, what the page is told every few seconds is older.
      const told = this.connected ? this.shown : new Set();
      for (const [id, state] of Object.entries(changed)) if (!told.has(id) || !this.states[id]?.told) this.states[id] = state;
    },
    newsCame(cards) {
      this.$refs.news.take(cards);
      for (const card of cards) this.light(card);
    },
    newsAgain(cards) {
      this.$refs.news.reset(cards);
    },
    // What comes over the web socket -----------------------------------------------------------------------------
    heard(message) {
      this.states[message.camera] = stateOf(message, this.stateWords);
    },
    heardOf(open) {
      clearTimeout(this.apart);
      if (open) this.connected = true;
      else this.apart = setTimeout(() => (this.connected = false), APART_MS);
    },
    followAll() {
      const known = [...this.shown].filter((id) => this.byId[id]);
      this.events.follow(known, this.boxes);
    },
    stateOf(id) {
      return (id && this.states[id]) || null;
    },
    tileOf(camera) {
      const at = this.onPage.indexOf(camera);
      return at < 0 ? null : this.$refs.tiles?.find((tile) => tile.index === at);
    },
    tileAt(index) {
      return this.$refs.tiles?.find((tile) => tile.index === index);
    },
    // A saved wall may name a camera that is gone, or that this user may no longer see.
    lost(id) {
      return id ? { id, name: id, area_name: "" } : null;
    },
    // Which wall -------------------------------------------------------------------------------------------------
    async begin() {
      const left = leftWall(this.user);
      if (this.ask.camera) this.take({ name: "", tiles: 1, cameras: [this.ask.camera], cycleS: null });
      else if (left) this.take(left, left.asSaved);
      else {
        const tiles = FIRST_TILES.find((n) => n >= this.cameras.length) ?? FIRST_TILES[FIRST_TILES.length - 1];
        this.take({ name: "", tiles, cameras: this.cameras.slice(0, tiles).map((each) => each.id), cycleS: null });
      }
      if (this.ask.wall) await savedWall(this.ask.wall).then((wall) => this.take(wall), (error) => this.say(error.message));
    },
    take(wall, asSaved) {
      this.large = null;
      this.page = this.selected = 0;
      this.shownForMs = 0;
      Object.assign(this, { name: wall.name || "", tiles: slots.TILES.includes(wall.tiles) ? wall.tiles : 4, list: wall.cameras.slice(0, slots.CAMERAS_MAX), cycleS: wall.cycleS ?? null });
      this.asSaved = asSaved ?? (wall.name ? JSON.stringify(this.wall) : null);
    },
    saved(wall) {
      this.name = wall.name;
      this.asSaved = JSON.stringify(this.wall);
      keepWall(this.user, { ...this.wall, asSaved: this.asSaved });
    },
    // Pages ------------------------------------------------------------------------------------------------------
    turn(by) {
      if (this.pages < 2) return;
      this.large = null;
      this.page = (this.page + by + this.pages) % this.pages;
      this.shownForMs = 0;
    },
    // The next page when this one has been seen for long enough; not under somebody's eyes who looks closer at something.
    cycle() {
      const now = performance.now();
      const passedMs = now - (this.cycledMs ?? now);
      this.cycledMs = now;
      if (!this.cycleS || this.pages < 2 || this.paused || document.hidden || this.$el.closest("[inert]")) return;
      this.shownForMs += passedMs;
      if (this.shownForMs >= this.cycleS * 1000) this.turn(1);
    },
    // Around the pictures ----------------------------------------------------------------------------------------
    fullscreen() {
      if (document.fullscreenElement) document.exitFullscreen();
      else document.documentElement.requestFullscreen?.().catch(() => {});
    },
    filled() {
      this.full = Boolean(document.fullscreenElement);
      document.body.classList.toggle("cam-full", this.full);
    },
    panel(which) {
      this.panels[which] = !this.panels[which];
      localStorage.setItem(`camsvc.live.${which}`, this.panels[which] ? "on" : "off");
    },
    say(text) {
      Quasar.Notify.create({ message: text, timeout: 2500, position: "bottom" });
    },
  },
};
