// Reads a file of cameras, shows row by row what the server would make of it, and stores it when that is agreed to.
// It asks the REST API itself: a file need not pass through the page's connection.
const URL_ = "/api/v1/cameras/import";
const SHOWN = 500; // rows at once
const ICONS = { added: "add_circle", changed: "edit", unchanged: "check", refused: "block" };
const ORDER = ["refused", "changed", "added", "unchanged"];

export default {
  template: `
<div class="camimport">
  <label v-if="!plan" class="camdrop" :class="{'camdrop--over': over}" @dragover.prevent="over = true" @dragleave="over = false" @drop.prevent="onDrop">
    <i class="material-icons" aria-hidden="true">upload_file</i><span>{{ busy ? texts['camimport.reading'] : texts['camimport.drop'] }}</span><span class="cam-soft">CSV, YAML</span>
    <input type="file" accept=".csv,.yaml,.yml,text/csv" :disabled="busy" @change="take($event.target.files[0])" />
  </label>
  <p v-if="trouble" class="cam-note cam-note--bad" role="alert"><i class="material-icons" aria-hidden="true">error_outline</i><span>{{ trouble }}</span></p>
  <template v-if="plan">
    <div class="camtools"><h2 style="flex:1">{{ name }}<span class="cam-soft"> · {{ plan.applied ? texts['camimport.done'] : texts['camimport.dry'] }}</span></h2>
      <button type="button" class="cam-btn" data-test="another" @click="reset">{{ texts['camimport.another'] }}</button>
      <a v-if="plan.applied" class="cam-btn cam-btn--main" href="/admin/cameras">{{ texts['camimport.to_list'] }}</a>
      <button v-else type="button" class="cam-btn cam-btn--main" data-test="apply" :disabled="busy || !work || Boolean(plan.counts.refused)" @click="apply">{{ count('camimport.apply', work) }}</button>
    </div>
    <p v-if="plan.counts.refused" class="cam-note cam-note--bad"><i class="material-icons" aria-hidden="true">block</i><span>{{ count('camimport.refused', plan.counts.refused) }}</span></p>
    <p v-else-if="!work && !plan.applied" class="cam-note"><i class="material-icons" aria-hidden="true">check</i><span>{{ texts['camimport.nothing_to_do'] }}</span></p>
    <p v-else-if="plan.applied" class="cam-note cam-note--live"><i class="material-icons" aria-hidden="true">check_circle</i><span>{{ texts['camimport.done'] }}</span></p>
    <label v-if="plan.new_areas.length && !plan.applied" class="camform__check" style="margin:8px 0"><input type="checkbox" data-test="make-areas" :checked="makeAreas" :disabled="busy" @change="allow($event.target.checked)" /><span>{{ count('camimport.make_areas', plan.new_areas.length).replace('{names}', plan.new_areas.join(', ')) }}</span></label>
    <div class="cam-chips" role="group" :aria-label="texts['camimport.only']" style="margin:8px 0">
      <button v-for="o in order.filter((each) => plan.counts[each])" :key="o" type="button" class="cam-chip" :data-outcome="o" :aria-pressed="String(only === o)" @click="only = only === o ? null : o"><i class="material-icons" aria-hidden="true">{{ icons[o] }}</i>{{ texts['camimport.outcome.' + o] }} {{ plan.counts[o] }}</button>
    </div>
    <div style="overflow-x:auto"><table class="camplan"><thead><tr><th scope="col">{{ texts['camimport.row'] }}</th><th scope="col">{{ texts['camimport.camera'] }}</th><th scope="col">{{ texts['camimport.what'] }}</th><th scope="col">{{ texts['camimport.details'] }}</th></tr></thead><tbody>
      <tr v-for="r in rows.slice(0, shown)" :key="r.row" :data-row="r.row" :data-outcome="r.outcome"><td class="cam-num">{{ r.row }}</td><td><b>{{ r.id }}</b><br /><span class="cam-soft">{{ r.name }}</span></td>
        <td><span class="cam-badge" :class="'cam-badge--' + r.outcome"><i class="material-icons" aria-hidden="true">{{ icons[r.outcome] }}</i>{{ texts['camimport.outcome.' + r.outcome] }}</span></td>
        <td><span v-for="(f, i) in r.faults" :key="'f' + i" class="camplan__fault" :title="f.detail"><b v-if="f.column">{{ f.column }}: </b>{{ said(f) }}</span>
          <template v-if="r.outcome === 'changed'"><span v-for="(c, i) in r.changes" :key="i" class="camplan__change">{{ member(c.member) }}: <s>{{ value(c.before) }}</s> → {{ value(c.after) }}</span></template></td></tr>
    </tbody></table></div>
    <p v-if="rows.length > shown" class="cam-soft">{{ texts['camimport.more'].replace('{n}', rows.length - shown) }}</p>
  </template>
</div>`,
  props: { texts: Object, members: Object, musts: Object, maxBytes: Number, tooLarge: String },
  data() {
    return { plan: null, digest: null, name: "", file: null, over: false, busy: false, makeAreas: false, only: null, trouble: "", order: ORDER, icons: ICONS, shown: SHOWN };
  },
  computed: {
    work() {
      return this.plan.counts.added + this.plan.counts.changed;
    },
    rows() {
      const rank = (row) => ORDER.indexOf(row.outcome);
      return this.plan.rows.filter((row) => !this.only || row.outcome === this.only).sort((a, b) => rank(a) - rank(b) || a.row - b.row);
    },
  },
  mounted() {
    this.$el.dataset.ready = "true";
  },
  methods: {
    count(key, n) {
      return this.texts[`${key}.${n === 1 ? "one" : "other"}`].replace("{n}", n);
    },
    member(name) {
      const [first, ...rest] = name.split(".");
      const pattern = this.members[first];
      if (["zones", "lines"].includes(first) && rest.length) return pattern.replace("{name}", rest.join("."));
      return this.members[rest.join(".") || first] || name;
    },
    value(value) {
      if (value === null || value === undefined) return "–";
      return typeof value === "object" ? JSON.stringify(value).slice(0, 120) : String(value);
    },
    said(fault) {
      return this.texts["camimport.fault." + fault.code] || this.musts[fault.column] || fault.detail;
    },
    reset() {
      Object.assign(this, { plan: null, file: null, makeAreas: false, only: null, trouble: "" });
    },
    onDrop(event) {
      this.over = false;
      this.take(event.dataTransfer.files[0]);
    },
    async take(file) {
      if (!file) return;
      this.trouble = "";
      if (file.size > this.maxBytes) {
        this.trouble = this.tooLarge;
        return;
      }
      this.file = file;
      this.name = file.name;
      await this.ask(true);
    },
    async allow(on) {
      this.makeAreas = on;
      await this.ask(true);
    },
    async apply() {
      await this.ask(false);
    },
    async ask(dryRun) {
      this.busy = true;
      this.trouble = "";
      const yaml = /\.ya?ml$/i.test(this.name);
      const headers = { "Content-Type": yaml ? "application/yaml" : "text/csv" };
      if (!dryRun) headers["If-Match"] = this.digest;
      try {
        const answer = await fetch(`${URL_}?dry_run=${dryRun}&make_areas=${this.makeAreas}`, { method: "POST", body: await this.file.arrayBuffer(), headers, credentials: "same-origin" });
        const body = await answer.json();
        if (answer.ok) {
          this.plan = body;
          this.digest = answer.headers.get("ETag");
        } else if (answer.status === 412) {
          await this.ask(true);
          this.trouble = this.texts["camimport.changed_meanwhile"];
        } else this.trouble = [body.detail, body.cure].filter(Boolean).join(" · ");
      } catch {
        this.trouble = this.texts["connection.lost"];
      } finally {
        this.busy = false;
      }
    },
  },
};
