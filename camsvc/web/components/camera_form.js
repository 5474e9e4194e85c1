// What a camera is set to, as a form. Holds what is typed; tells the server the whole after each entry; shows what the
// server finds wrong beside the field. Numbers are sent as numbers where they are some, with a comma or a point.
const copy = (value) => JSON.parse(JSON.stringify(value));
const PLACE = ["lat", "lon", "heading_deg", "fov_deg", "range_m"];

function number(text) {
  const trimmed = String(text).trim().replace(",", ".");
  if (!trimmed) return null;
  return Number.isFinite(Number(trimmed)) ? Number(trimmed) : String(text);
}

export default {
  template: `
<form class="camform" @submit.prevent @input="onInput" @focusout="typing = {}" autocomplete="off" :aria-label="texts['camform.label']">
  <section class="camform__part"><h2>{{ texts['camform.part_camera'] }}</h2>
    <label class="cam-field" :class="wrong('id')"><span class="cam-field__label">{{ texts['camform.id'] }}</span>
      <input name="id" :value="shown('id', doc.id)" :readonly="!isNew" maxlength="64" spellcheck="false" :placeholder="texts['camform.id_hint']" @change="set('id', $event.target.value.trim())" /><fault :text="faults.id" /></label>
    <label class="cam-field" :class="wrong('name')"><span class="cam-field__label">{{ texts['camform.name'] }}</span>
      <input name="name" :value="shown('name', doc.name)" maxlength="200" @change="set('name', $event.target.value.trim())" /><fault :text="faults.name" /></label>
    <label class="cam-field" :class="wrong('area')"><span class="cam-field__label">{{ texts['camform.area'] }}</span>
      <select class="cam-input" name="area" :value="doc.area" @change="set('area', $event.target.value)">
        <option value="" disabled>{{ texts['camform.choose'] }}</option>
        <option v-if="doc.area && !areas.some((a) => a.value === doc.area)" :value="doc.area">{{ doc.area }}</option>
        <option v-for="a in areas" :key="a.value" :value="a.value">{{ '\u2003'.repeat(a.depth) + a.label }}</option>
      </select><fault :text="faults.area" /></label>
    <label class="camform__check"><input type="checkbox" name="enabled" :checked="doc.enabled" @change="set('enabled', $event.target.checked)" /><span>{{ texts['camform.enabled'] }}</span></label>
  </section>
  <section class="camform__part"><h2><span>{{ texts['camform.part_streams'] }}</span><button type="button" class="cam-btn" data-test="probe" :disabled="probing" @click="$emit('probe')"><i class="material-icons" aria-hidden="true">{{ probing ? 'hourglass_top' : 'network_check' }}</i>{{ texts[probing ? 'camform.probing' : 'camform.probe'] }}</button></h2>
    <label v-for="role in ['main', 'sub']" :key="role" class="cam-field" :class="wrong(role)"><span class="cam-field__label">{{ texts['camform.' + role] }}</span>
      <input :name="role" :value="shown(role, doc.streams[role])" spellcheck="false" autocapitalize="none" :placeholder="role === 'sub' ? texts['camform.optional'] : 'rtsp://192.0.2.7:554/stream'" @change="setIn('streams', role, $event.target.value.trim() || null)" /><fault :text="faults[role]" /></label>
    <div class="camform__row">
      <label class="cam-field" :class="wrong('user')"><span class="cam-field__label">{{ texts['camform.user'] }}</span><input name="camera-user" :value="shown('camera-user', doc.user)" autocomplete="off" spellcheck="false" autocapitalize="none" :placeholder="stored ? texts['camform.stored'] : ''" @change="set('user', $event.target.value)" /><fault :text="faults.user" /></label>
      <label class="cam-field" :class="wrong('password')"><span class="cam-field__label">{{ texts['camform.password'] }}</span><input name="camera-password" type="password" :value="shown('camera-password', doc.password)" autocomplete="new-password" :placeholder="stored ? '••••••' : ''" @change="set('password', $event.target.value)" /><fault :text="faults.password" /></label>
      <label class="cam-field"><span class="cam-field__label">{{ texts['camform.transport'] }}</span><select class="cam-input" name="transport" :value="doc.streams.transport" @change="setIn('streams', 'transport', $event.target.value)"><option value="tcp">TCP</option><option value="udp">UDP</option></select></label>
    </div>
    <p class="cam-soft camform__note">{{ texts['camform.credentials_note'] }}</p>
  </section>
  <section class="camform__part"><h2>{{ texts['camform.part_place'] }}</h2>
    <div class="camform__row">
      <label v-for="name in place" :key="name" class="cam-field" :class="wrong(name)"><span class="cam-field__label">{{ texts['camform.' + name] }}</span>
        <input :name="name" inputmode="decimal" :value="shown(name, doc.location?.[name])" @change="setPlace(name, $event.target.value)" /><fault :text="faults[name]" /></label>
    </div>
  </section>
  <section class="camform__part"><h2>{{ texts['camform.part_detect'] }}</h2>
    <div class="camform__row">
      <label v-for="name in ['fps', 'min_confidence']" :key="name" class="cam-field" :class="wrong(name)"><span class="cam-field__label">{{ texts['camform.' + name] }}</span>
        <input :name="name" inputmode="decimal" :value="shown(name, doc.detect[name])" @change="setIn('detect', name, number($event.target.value))" /><fault :text="faults[name]" /></label>
    </div>
    <div class="cam-chips" role="group" :aria-label="texts['camform.classes']">
      <button v-for="c in classes" :key="c.value" type="button" class="cam-chip" :aria-pressed="String(doc.detect.classes.includes(c.value))" @click="setIn('detect', 'classes', flipped(doc.detect.classes, c.value))"><i class="material-icons" aria-hidden="true">{{ c.icon }}</i>{{ c.label }}</button>
    </div><fault :text="faults.classes" />
  </section>
  <section class="camform__part"><h2><span>{{ texts['camform.part_rules'] }}</span><button type="button" class="cam-btn" data-test="add-rule" @click="addRule"><i class="material-icons" aria-hidden="true">add</i>{{ texts['camform.add_rule'] }}</button></h2>
    <p v-if="!doc.rules.length" class="cam-note cam-note--warn"><i class="material-icons" aria-hidden="true">warning</i><span>{{ texts['camform.no_rules'] }}</span></p>
    <fieldset v-for="(rule, i) in doc.rules" :key="i" class="camform__rule" :data-rule="i">
      <legend>{{ texts['camform.rule'].replace('{n}', i + 1) }}</legend>
      <div class="camform__row">
        <label class="cam-field"><span class="cam-field__label">{{ texts['camform.rule_kind'] }}</span><select class="cam-input" :value="rule.kind" @change="setRule(i, 'kind', $event.target.value)"><option v-for="k in kinds" :key="k.value" :value="k.value">{{ k.label }}</option></select></label>
        <label class="cam-field" :class="{'cam-field--wrong': rule.zone && !zones.includes(rule.zone)}"><span class="cam-field__label">{{ texts['camform.rule_zone'] }}</span><select class="cam-input" name="rule-zone" :value="rule.zone || ''" @change="setRule(i, 'zone', $event.target.value || null)"><option value="">{{ texts['camform.whole_picture'] }}</option><option v-if="rule.zone && !zones.includes(rule.zone)" :value="rule.zone">{{ rule.zone }} ({{ texts['camform.zone_gone'] }})</option><option v-for="z in zones" :key="z" :value="z">{{ z }}</option></select></label>
        <label class="cam-field"><span class="cam-field__label">{{ texts['camform.rule_severity'] }}</span><select class="cam-input" :value="rule.severity" @change="setRule(i, 'severity', $event.target.value)"><option v-for="s in severities" :key="s.value" :value="s.value">{{ s.label }}</option></select></label>
        <label v-for="f in kind(rule).fields" :key="f.name" class="cam-field" :class="wrong('rules.' + i + '.' + f.name)"><span class="cam-field__label">{{ f.label }}</span><input :name="'rule-' + i + '-' + f.name" inputmode="decimal" :value="shown('rule-' + i + '-' + f.name, rule[f.name] ?? f.default)" :title="f.hint" @change="setRule(i, f.name, number($event.target.value))" /></label>
      </div>
      <div class="camform__classes"><span class="cam-field__label">{{ texts['camform.rule_classes'] }}</span><div class="cam-chips" role="group" :aria-label="texts['camform.rule_classes']">
        <button type="button" class="cam-chip" :aria-pressed="String(!rule.classes)" @click="setRule(i, 'classes', null)">{{ texts['camform.all_classes'] }}</button>
        <button v-for="c in classes" :key="c.value" type="button" class="cam-chip" :aria-pressed="String(Boolean(rule.classes && rule.classes.includes(c.value)))" @click="setRuleClass(i, c.value)"><i class="material-icons" aria-hidden="true">{{ c.icon }}</i>{{ c.label }}</button>
      </div></div>
      <fault :text="faults['rules.' + i]" />
      <button type="button" class="cam-btn cam-btn--quiet camform__drop" data-test="remove-rule" @click="set('rules', doc.rules.filter((_, j) => j !== i))"><i class="material-icons" aria-hidden="true">delete_outline</i>{{ texts['camform.remove_rule'] }}</button>
    </fieldset><fault :text="faults.rules" />
  </section>
</form>`,
  components: {
    fault: {
      props: { text: String },
      template: `<span v-if="text" class="cam-field__error" role="alert"><i class="material-icons" aria-hidden="true">error_outline</i>{{ text }}</span>`,
    },
  },
  emits: ["change", "probe"], // said, so that the fields' own "change" is not taken for ours
  props: {
    value: Object, // as of the REST API, with user and password, without zones and lines
    faults: Object, // field: sentence; of rules by number
    isNew: Boolean,
    stored: Boolean, // there are credentials already
    probing: Boolean,
    areas: Array, // [{value, label, depth}]
    classes: Array, // [{value, label, icon}]
    severities: Array,
    kinds: Array, // [{value, label, fields: [{name, label, hint, default}]}]
    zones: Array, // names
    epoch: Number, // rises when the server changed the value; else what is typed here counts
    texts: Object,
  },
  data() {
    return { doc: copy(this.value), place: PLACE, typing: {} };
  },
  watch: {
    epoch() {
      this.doc = copy(this.value);
    },
  },
  mounted() {
    this.$el.dataset.ready = "true";
  },
  methods: {
    number,
    // What is half typed is shown as it is, whatever comes from the server meanwhile.
    onInput(event) {
      if (event.target.tagName === "INPUT" && event.target.type !== "checkbox") this.typing = { name: event.target.name, text: event.target.value };
    },
    shown(name, value) {
      return this.typing.name === name ? this.typing.text : value ?? "";
    },
    wrong(name) {
      return { "cam-field--wrong": Boolean(this.faults[name]) };
    },
    flipped: (list, value) => (list.includes(value) ? list.filter((each) => each !== value) : [...list, value]),
    kind(rule) {
      return this.kinds.find((each) => each.value === rule.kind) || { fields: [] };
    },
    set(name, value) {
      this.doc[name] = value;
      this.$emit("change", copy(this.doc));
    },
    setIn(part, name, value) {
      this.set(part, { ...this.doc[part], [name]: value });
    },
    setPlace(name, text) {
      const now = { ...(this.doc.location || {}), [name]: number(text) };
      this.set("location", PLACE.every((each) => now[each] === null || now[each] === undefined) ? null : now);
    },
    setRule(i, name, value) {
      this.set("rules", this.doc.rules.map((rule, j) => (j === i ? { ...rule, [name]: value } : rule)));
    },
    setRuleClass(i, value) {
      const now = this.flipped(this.doc.rules[i].classes || [], value);
      this.setRule(i, "classes", now.length ? now : null);
    },
    addRule() {
      this.set("rules", [...this.doc.rules, { kind: this.kinds[0].value, zone: null, classes: null, severity: "info" }]);
    },
  },
};
