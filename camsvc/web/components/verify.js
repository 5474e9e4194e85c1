// Sends a package to be checked and tells what was found. Pictures and clips are shown from the file itself, which
// stays in the browser: nothing of it is kept on the server. A package's files are stored, not compressed, so each is a
// slice of it; the server says where, once it has found the whole to be built as a package is.
const URL_ = "/api/v1/verification";
const PIECES = 400; // pictures at once: more are on no screen
const ORDER = ["seal", "manifest", "certificate", "files", "originals", "recording", "custody", "time-stamp", "archive", "c2pa"];
const ICONS = { holds: "check_circle", fails: "cancel", unchecked: "help_outline" };
const BANNER = { holds: "verified", given: "verified", unknown_signer: "contact_support", other: "gpp_bad", fails: "gpp_bad" };
const CERTIFICATE_MAX = 64 * 1024;

export default {
  template: `
<div class="vfy">
  <template v-if="!found">
    <label v-if="!sent" class="vfy__drop" :class="{'vfy__drop--over': over}" @dragover.prevent="over = true" @dragleave="over = false" @drop.prevent="onDrop">
      <i class="material-icons" aria-hidden="true">folder_zip</i><b>{{ texts['verify.drop'] }}</b><span class="cam-soft">{{ texts['verify.drop_hint'].replace('{most}', most) }}</span>
      <input type="file" accept=".zip,application/zip" data-test="package" @change="take($event.target.files[0])" />
    </label>
    <div v-else class="vfy__sending cam-sheet" role="status">
      <p><b>{{ name }}</b></p>
      <progress :max="1" :value="sent.done < sent.all ? sent.done / sent.all : null" :aria-label="name"></progress>
      <p class="cam-soft">{{ sent.done < sent.all ? texts['verify.sending'].replace('{done}', bytes(sent.done)).replace('{all}', bytes(sent.all)) : texts['verify.checking'] }}</p>
      <button type="button" class="cam-btn" @click="cancel"><i class="material-icons" aria-hidden="true">close</i><span>{{ texts['verify.cancel'] }}</span></button>
    </div>
    <p v-if="trouble" class="cam-note cam-note--bad" role="alert"><i class="material-icons" aria-hidden="true">error_outline</i><span>{{ trouble }}</span></p>
    <pre v-if="command" class="vfy__command">{{ command }}</pre>
  </template>
  <template v-else>
    <section class="vfy__ruling" :class="'vfy__ruling--' + ruling" role="status" tabindex="-1" ref="ruling" :data-ruling="ruling">
      <i class="material-icons" aria-hidden="true">{{ banner[ruling] }}</i>
      <div><h2>{{ texts['verify.ruling.' + ruling] }}</h2><p>{{ texts['verify.ruling_means.' + ruling] }}</p></div>
      <button type="button" class="cam-btn" data-test="another" @click="reset"><i class="material-icons" aria-hidden="true">restart_alt</i><span>{{ texts['verify.another'] }}</span></button>
    </section>
    <div class="vfy__two">
      <section class="cam-sheet" :aria-label="texts['verify.what_was_checked']">
        <h2>{{ texts['verify.what_was_checked'] }}</h2>
        <ul class="vfy__checks">
          <li v-for="row in rows" :key="row.check" :data-check="row.check" :data-outcome="row.outcome" :class="'vfy__check vfy__check--' + row.outcome">
            <i class="material-icons" :title="texts['verify.outcome.' + row.outcome]" aria-hidden="true">{{ icons[row.outcome] }}</i>
            <div><b>{{ row.title }}</b><span class="cam-hidden">: {{ texts['verify.outcome.' + row.outcome] }}</span>
              <p>{{ row.sentence }}</p>
              <ul v-if="row.wrong.length" class="vfy__wrong"><li v-for="(f, i) in row.wrong" :key="i"><code v-if="f.file">{{ f.file }}</code> {{ detail(f.detail) }}</li></ul>
              <details v-if="row.rest.length"><summary>{{ texts['verify.details'] }}</summary><p v-for="(f, i) in row.rest" :key="i" class="vfy__detail">{{ f.detail }}</p></details>
            </div>
          </li>
        </ul>
        <p v-if="found.more" class="cam-soft">{{ texts['verify.more'].replace('{n}', number(found.more)) }}</p>
      </section>
      <div>
        <section class="cam-sheet">
          <h2>{{ texts['verify.package'] }}</h2>
          <dl class="vfy__facts">
            <template v-for="fact in facts" :key="fact[0]"><dt>{{ fact[0] }}</dt><dd>{{ fact[1] }}</dd></template>
          </dl>
        </section>
        <section v-if="found.certificate" class="cam-sheet" :aria-label="texts['verify.certificate']">
          <h2>{{ texts['verify.certificate'] }}</h2>
          <p class="vfy__signer" :class="'vfy__signer--' + found.certificate.signer"><i class="material-icons" aria-hidden="true">{{ { unknown: 'person_search', claimed: 'gpp_maybe' }[found.certificate.signer] || 'verified_user' }}</i><span>{{ texts['verify.signer.' + found.certificate.signer] }}</span></p>
          <p class="cam-soft">{{ found.certificate.subject }}</p>
          <p class="cam-soft">{{ texts['verify.valid'].replace('{from}', date(found.certificate.not_before)).replace('{to}', date(found.certificate.not_after)) }}</p>
          <p class="vfy__print"><span class="cam-soft">{{ texts['verify.fingerprint'] }}</span><code data-test="fingerprint">{{ found.certificate.sha256.match(/.{1,4}/g).join(' ') }}</code></p>
          <template v-if="found.certificate.signer === 'unknown'">
            <p>{{ texts['verify.compare_hint'] }}</p>
            <label class="cam-btn vfy__file"><i class="material-icons" aria-hidden="true">badge</i><span>{{ texts['verify.compare'] }}</span><input type="file" accept=".pem,.crt,.cer" data-test="certificate" @change="compare($event.target.files[0])" /></label>
            <p v-if="compared" role="status" :data-vouches="String(compared.vouches)" class="cam-note" :class="compared.vouches ? 'cam-note--ok' : 'cam-note--bad'"><i class="material-icons" aria-hidden="true">{{ compared.vouches ? 'verified' : 'gpp_bad' }}</i><span>{{ compared.fault || texts[compared.vouches ? 'verify.same' : 'verify.other'].replace('{subject}', compared.subject) }}</span></p>
          </template>
        </section>
      </div>
    </div>
    <section v-if="groups.length" class="cam-sheet" :aria-label="texts['verify.contents']">
      <h2>{{ texts['verify.contents'] }}</h2>
      <p class="cam-soft">{{ texts[shows ? 'verify.contents_hint' : 'verify.not_shown'] }}</p>
      <div class="vfy__cards">
        <article v-for="group in groups.slice(0, pieces)" :key="group.folder" class="vfy__card">
          <video v-if="playing && playing.folder === group.folder" :src="playing.url" controls autoplay @error="stop"></video>
          <img v-else-if="group.picture" :src="group.picture" alt="" loading="lazy" />
          <div v-else class="vfy__blank"><i class="material-icons" aria-hidden="true">image_not_supported</i></div>
          <b>{{ group.name }}</b>
          <span class="cam-num">{{ group.time }}</span>
          <span class="cam-soft">{{ group.place }}</span>
          <span v-if="group.gaps" class="cam-badge cam-badge--warn"><i class="material-icons" aria-hidden="true">broken_image</i>{{ texts['verify.gaps'].replace('{n}', group.gaps) }}</span>
          <span v-for="f in group.bad" :key="f.name" class="cam-badge cam-badge--bad"><i class="material-icons" aria-hidden="true">error_outline</i>{{ f.name.split('/').pop() }}</span>
          <div class="vfy__plays" v-if="shows"><button v-for="f in group.films" :key="f.name" type="button" class="cam-btn cam-btn--small" :aria-pressed="String(Boolean(playing && playing.name === f.name))" @click="play(group, f)"><i class="material-icons" aria-hidden="true">{{ playing && playing.name === f.name ? 'stop' : 'play_arrow' }}</i><span>{{ called(f) }}</span></button></div>
        </article>
      </div>
      <details><summary>{{ texts['verify.files'].replace('{n}', number(found.contents.length)) }}</summary>
        <div class="vfy__files"><table><tbody><tr v-for="f in found.contents.slice(0, 2000)" :key="f.name"><td><code>{{ f.name }}</code></td><td class="cam-num">{{ bytes(f.size_bytes) }}</td></tr></tbody></table></div></details>
    </section>
  </template>
</div>`,
  props: { texts: Object, checks: Object, details: Array, maxBytes: Number, most: String, locale: String, timezone: String },
  data() {
    return { found: null, sent: null, name: "", over: false, trouble: "", command: "", compared: null, playing: null, icons: ICONS, banner: BANNER, pieces: PIECES };
  },
  computed: {
    // What a certificate that was given says of who signed is part of the whole.
    ruling() {
      const open = this.found.ruling === "unknown_signer" && this.compared && !this.compared.fault;
      return open ? (this.compared.vouches ? "given" : "other") : this.found.ruling;
    },
    // One line a check: the worst that was found of it.
    rows() {
      const names = [...new Set(this.found.checks.map((each) => each.check))];
      const rank = (name) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
      const rows = names.map((check) => {
        const of = this.found.checks.filter((each) => each.check === check);
        const wrong = of.filter((each) => each.outcome === "fails");
        // What was left open in part was not checked: a green mark must say all that its sentence says.
        const outcome = wrong.length ? "fails" : of.some((each) => each.outcome === "unchecked") ? "unchecked" : "holds";
        const words = this.checks[check] || { title: check, [outcome]: this.texts["verify.check_unknown"] };
        const rest = of.filter((each) => each.outcome !== "fails");
        if (check === "certificate" && this.ruling !== this.found.ruling) {
          const told = this.texts[`verify.ruling_means.${this.ruling}`];
          return { check, outcome: this.ruling === "given" ? "holds" : "fails", title: words.title, sentence: told, wrong: [], rest: [] };
        }
        const partly = outcome === "unchecked" && rest.length > 1 && rest.some((each) => each.outcome === "holds");
        return { check, outcome, title: words.title, sentence: (partly && words.partly) || words[outcome], wrong, rest };
      });
      const worst = ["fails", "holds", "unchecked"];
      return rows.sort((a, b) => worst.indexOf(a.outcome) - worst.indexOf(b.outcome) || rank(a.check) - rank(b.check));
    },
    facts() {
      const f = this.found, asked = f.request || {};
      return [
        [this.texts["verify.organisation"], f.organisation],
        [this.texts["verify.case"], [asked.case_number, asked.case_title].filter(Boolean).join(" · ")],
        [this.texts["verify.made"], f.created_at && this.moment(f.created_at)],
        [this.texts["verify.by"], asked.by],
        [this.texts["verify.why"], asked.reason],
        [this.texts["verify.size"], `${this.bytes(f.bytes)} · ${this.texts["verify.files"].replace("{n}", this.number(f.files))}`],
        ["ID", f.package],
        [this.texts["verify.file"], this.name],
      ].filter((each) => each[1]);
    },
    shows() {
      return this.found.contents.some((each) => each.offset !== null);
    },
    groups() {
      const made = this.found.incidents.map((each) => {
        const own = this.found.contents.filter((file) => file.name.startsWith(`${each.folder}/`));
        return {
          folder: each.folder, own, gaps: each.gaps,
          name: each.camera_name || each.camera,
          place: (each.area_names || []).slice().reverse().join(", "),
          time: [each.started_at && this.moment(each.started_at), each.ended_at && this.clock(each.ended_at)].filter(Boolean).join(" – "),
        };
      });
      const pictures = this.found.contents.filter((file) => file.role === "snapshot");
      for (const file of pictures) made.push({ folder: file.name, own: [{ ...file, role: "thumbnail" }], gaps: 0, name: this.texts["verify.snapshot"], place: file.name.split("/").pop(), time: "" });
      for (const each of made) {
        each.picture = this.slice(each.own.find((file) => ["thumbnail", "picture"].includes(file.role)), "image/jpeg");
        each.films = each.own.filter((file) => file.name.endsWith(".mp4") && file.offset !== null);
        each.bad = each.own.filter((file) => !["intact", "made"].includes(file.state));
      }
      return made;
    },
  },
  created() {
    // Not data: nothing of these is to be watched.
    this.file = null;
    this.request = null;
    this.urls = new Map();
  },
  mounted() {
    this.$el.dataset.ready = "true";
  },
  beforeUnmount() {
    this.forget();
  },
  methods: {
    onDrop(event) {
      this.over = false;
      this.take(event.dataTransfer.files[0]);
    },
    take(file) {
      if (!file) return;
      Object.assign(this, { trouble: "", command: "", name: file.name });
      if (/\.(cms|enc)$/i.test(file.name)) {
        const stem = file.name.replace(/\.(cms|enc)$/i, "");
        this.trouble = this.texts["verify.encrypted"];
        this.command = `openssl cms -decrypt -binary -inform DER -in ${stem}.cms -content ${stem}.enc -inkey YOUR.key -out ${stem}`;
        return;
      }
      if (file.size > this.maxBytes) {
        this.trouble = this.texts["verify.too_large"].replace("{most}", this.most);
        return;
      }
      this.file = file;
      this.send(file);
    },
    // XMLHttpRequest: fetch does not tell how far it is with sending.
    send(file) {
      const request = (this.request = new XMLHttpRequest());
      this.sent = { done: 0, all: file.size || 1 };
      request.upload.onprogress = (event) => (this.sent = { done: event.loaded, all: event.total || 1 });
      request.upload.onload = () => (this.sent = { done: 1, all: 1 });
      request.onload = () => this.answered(request);
      request.onerror = () => this.refuse(this.texts["verify.failed"]);
      request.onabort = () => this.refuse("");
      request.open("POST", URL_);
      request.setRequestHeader("Content-Type", "application/zip");
      request.send(file);
    },
    answered(request) {
      let body = {};
      try {
        body = JSON.parse(request.responseText);
      } catch {
        this.refuse(this.texts["verify.failed"]);
        return;
      }
      if (request.status !== 200) {
        this.refuse([body.detail, body.cure].filter(Boolean).join(" · "));
        return;
      }
      this.found = body;
      this.sent = null;
      this.$nextTick(() => this.$refs.ruling.focus());
    },
    refuse(why) {
      Object.assign(this, { sent: null, trouble: why });
      this.request = null;
    },
    cancel() {
      if (this.request) this.request.abort();
    },
    reset() {
      this.forget();
      Object.assign(this, { found: null, sent: null, trouble: "", command: "", compared: null, playing: null });
      this.file = null;
    },
    async compare(file) {
      if (!file) return;
      this.compared = null;
      const given = file.size > CERTIFICATE_MAX ? "-" : await file.text();
      try {
        const answer = await fetch(`${URL_}/certificates`, { method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ certificate: this.found.certificate.pem, given: given || "-" }) });
        const body = await answer.json();
        this.compared = answer.ok ? body : { vouches: false, fault: [body.detail, body.cure].filter(Boolean).join(" · ") };
      } catch {
        this.compared = { vouches: false, fault: this.texts["connection.lost"] };
      }
    },
    // A file of the package as an address that only this page knows.
    slice(file, type) {
      if (!file || file.offset === null || !this.file) return "";
      if (!this.urls.has(file.name)) this.urls.set(file.name, URL.createObjectURL(this.file.slice(file.offset, file.offset + file.size_bytes, type)));
      return this.urls.get(file.name);
    },
    forget() {
      for (const url of this.urls.values()) URL.revokeObjectURL(url);
      this.urls.clear();
    },
    play(group, file) {
      const again = this.playing && this.playing.name === file.name;
      this.playing = again ? null : { folder: group.folder, name: file.name, url: this.slice(file, "video/mp4") };
    },
    stop() {
      this.playing = null;
    },
    called(file) {
      if (file.role === "viewing") return this.texts["verify.viewing"];
      if (file.role === "redacted") return this.texts["verify.redacted"];
      const part = /clip-(\d+)/.exec(file.name);
      return part ? this.texts["verify.part"].replace("{n}", Number(part[1]) + 1) : file.name.split("/").pop();
    },
    detail(said) {
      for (const each of this.details) {
        const match = new RegExp(each.re, "s").exec(said);
        if (match) return each.text.replace(/\{(\w+)\}/g, (_, name) => (match.groups || {})[name] ?? "");
      }
      return said;
    },
    number(value) {
      return new Intl.NumberFormat(this.locale === "vi" ? "vi-VN" : "en-GB").format(value);
    },
    bytes(size) {
      for (const [unit, power] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
        if (size >= power) return `${new Intl.NumberFormat(this.locale === "vi" ? "vi-VN" : "en-GB", { maximumFractionDigits: 1, minimumFractionDigits: 1 }).format(size / power)} ${unit}`;
      }
      return `${size} B`;
    },
    at(text, options) {
      const at = new Date(text);
      return Number.isNaN(at.getTime()) ? text : new Intl.DateTimeFormat(this.locale === "vi" ? "vi-VN" : "en-GB", { timeZone: this.timezone, ...options }).format(at);
    },
    date(text) {
      return this.at(text, { dateStyle: "medium" });
    },
    moment(text) {
      return `${this.date(text)} ${this.clock(text)}`;
    },
    clock(text) {
      return this.at(text, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
    },
  },
};
