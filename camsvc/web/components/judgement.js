// What people say of one incident: judged, tagged, looked after, noted; and all that was ever said.
// Keeps what is being typed to itself, so that what others say meanwhile does not undo it.
export default {
  template: `
<section ref="root" class="cam-said" :aria-label="texts['said.label']" :aria-busy="String(busy)">
  <h2>{{ texts['said.label'] }}</h2>
  <p v-if="trouble" class="cam-note cam-note--bad" role="alert" data-test="said-trouble"><i class="material-icons" aria-hidden="true">error_outline</i><span>{{ trouble }}</span></p>

  <div class="cam-said__judge" role="group" :aria-label="texts['said.judge']">
    <button v-for="j in judgements" :key="j.name" type="button" class="cam-said__verdict" :class="'cam-said__verdict--' + j.name" :aria-pressed="String(state.disposition.name === j.name)"
      :aria-keyshortcuts="j.key" :title="j.label + ' (' + j.key + ')'" :data-test="'judge-' + j.name" @click="judge(j.name)"><i class="material-icons" aria-hidden="true">{{ j.icon }}</i><span>{{ j.label }}</span><kbd aria-hidden="true">{{ j.key }}</kbd></button>
  </div>
  <template v-if="state.disposition.name !== 'none'">
    <p class="cam-said__by">{{ state.disposition.by }} · <span :title="state.disposition.utc">{{ state.disposition.at }}</span></p>
    <p v-if="state.disposition.reason && !reasoning" class="cam-said__reason">{{ state.disposition.reason }}
      <button type="button" class="cam-said__mini" :title="texts['said.reason_edit']" :aria-label="texts['said.reason_edit']" @click="giveReason"><i class="material-icons" aria-hidden="true">edit</i></button></p>
    <input v-else class="cam-said__line" ref="reason" type="text" autocomplete="off" :maxlength="limits.reason" v-model="reason" :placeholder="texts['said.reason']" :aria-label="texts['said.reason']" data-test="reason"
      @keydown.enter.prevent="tellReason" @blur="tellReason" @keydown.esc.stop.prevent="dropReason" />
  </template>

  <h3 id="cam-said-tags">{{ texts['said.tags'] }}</h3>
  <div class="cam-said__tags" role="group" aria-labelledby="cam-said-tags">
    <span v-for="t in state.tags" :key="t.tag" class="cam-said__tag" :title="t.hint"><a :href="t.href">{{ t.tag }}</a>
      <button type="button" class="cam-said__mini" :title="texts['said.untag'].replace('{tag}', t.tag)" :aria-label="texts['said.untag'].replace('{tag}', t.tag)" @click="say('untag', t.tag)"><i class="material-icons" aria-hidden="true">close</i></button></span>
    <input class="cam-said__new" type="text" autocomplete="off" autocapitalize="none" maxlength="64" list="cam-said-known" v-model="tag" :placeholder="texts['said.tag_new']" :aria-label="texts['said.tag_new']" data-test="tag-new"
      @keydown.enter.prevent="tellTag" @keydown.,.prevent="tellTag" @input="choseTag" @keydown.esc.stop="tag = ''" />
    <datalist id="cam-said-known"><option v-for="k in open" :key="k" :value="k"></option></datalist>
  </div>

  <h3>{{ texts['said.assignment'] }}</h3>
  <div v-if="state.assignment" class="cam-said__assigned" :class="{'cam-said__assigned--done': state.assignment.done}" data-test="assigned">
    <i class="material-icons" aria-hidden="true">{{ state.assignment.done ? 'task_alt' : 'person' }}</i>
    <span><strong>{{ state.assignment.assignee }}</strong><span class="cam-said__by" :title="state.assignment.utc">{{ state.assignment.told }}</span></span>
    <button type="button" class="cam-btn cam-btn--quiet" data-test="done" @click="say(state.assignment.done ? 'reopen' : 'done', state.assignment.assignee)">{{ state.assignment.done ? texts['said.reopen'] : texts['said.done'] }}</button>
    <button type="button" class="cam-said__mini" :title="texts['said.unassign']" :aria-label="texts['said.unassign']" @click="say('unassign')"><i class="material-icons" aria-hidden="true">close</i></button>
  </div>
  <form v-else class="cam-said__row" @submit.prevent="tellAssignee">
    <input class="cam-said__line" type="text" autocomplete="off" autocapitalize="none" maxlength="64" list="cam-said-people" v-model="assignee" :placeholder="texts['said.assign']" :aria-label="texts['said.assign']" data-test="assign" @input="choseAssignee" @keydown.esc.stop="assignee = ''" />
    <datalist id="cam-said-people"><option v-for="p in people" :key="p" :value="p"></option></datalist>
    <button v-if="assignee" type="submit" class="cam-btn">{{ texts['said.assign_go'] }}</button>
    <button v-else-if="people.includes(me)" type="button" class="cam-btn cam-btn--quiet" data-test="take" @click="say('assign', me)">{{ texts['said.take'] }}</button>
  </form>

  <h3>{{ texts['said.notes'] }}</h3>
  <ol v-if="state.notes.length" class="cam-said__notes">
    <li v-for="n in state.notes" :key="n.id" data-test="note">
      <form v-if="editing === n.id" @submit.prevent="tellEdit(n)">
        <textarea class="cam-said__text" rows="3" :maxlength="limits.note" v-model="edited" :aria-label="texts['said.note_edit']" @keydown.enter.ctrl.prevent="tellEdit(n)" @keydown.enter.meta.prevent="tellEdit(n)" @keydown.esc.stop.prevent="editing = null"></textarea>
        <div class="cam-said__row"><button type="submit" class="cam-btn" :disabled="!edited.trim()">{{ texts['said.save'] }}</button><button type="button" class="cam-btn cam-btn--quiet" @click="editing = null">{{ texts['said.cancel'] }}</button></div>
      </form>
      <template v-else>
        <p class="cam-said__words">{{ n.text }}</p>
        <p class="cam-said__by"><span>{{ n.by }} · <span :title="n.utc">{{ n.at }}</span><template v-if="n.edited"> · <span :title="n.edited">{{ texts['said.edited'] }}</span></template></span>
          <span v-if="n.mine || n.removable" class="cam-said__tools">
            <button v-if="n.mine" type="button" class="cam-said__mini" :title="texts['said.note_edit']" :aria-label="texts['said.note_edit']" @click="edit(n)"><i class="material-icons" aria-hidden="true">edit</i></button>
            <button type="button" class="cam-said__mini" :title="texts['said.withdraw']" :aria-label="texts['said.withdraw']" @click="say('withdraw', n.id)"><i class="material-icons" aria-hidden="true">delete_outline</i></button></span></p>
      </template>
    </li>
  </ol>
  <form class="cam-said__add" @submit.prevent="tellNote">
    <textarea class="cam-said__text" rows="2" :maxlength="limits.note" v-model="note" :placeholder="texts['said.note_new']" :aria-label="texts['said.note_new']" data-test="note-new" @keydown.enter.ctrl.prevent="tellNote" @keydown.enter.meta.prevent="tellNote" @keydown.esc.stop="$event.target.blur()"></textarea>
    <button v-if="note.trim()" type="submit" class="cam-btn cam-btn--main" :title="texts['said.note_add'] + ' (Ctrl+Enter)'" data-test="note-add">{{ texts['said.note_add'] }}</button>
  </form>

  <details v-if="state.history.length" class="cam-said__history" data-test="history">
    <summary>{{ texts['said.history'] }} ({{ state.history.length }})</summary>
    <ol><li v-for="h in state.history" :key="h.id"><span class="cam-said__by"><span :title="h.utc">{{ h.at }}</span> · {{ h.by }}</span><span>{{ h.told }}</span><q v-if="h.text">{{ h.text }}</q></li></ol>
  </details>
</section>`,
  props: {
    state: Object, // {disposition, tags, assignment, notes, history}, with times in words
    judgements: Array, // [{name, label, icon, key}]
    known: Array, // tags in use
    people: Array, // who it can be assigned to
    me: String,
    limits: Object, // {note, reason}: characters
    trouble: String,
    turn: Number, // rises with each answer of the server
    done: String, // what the last answer is to; null: it was refused, so what was typed stays
    texts: Object,
  },
  data() {
    return { tag: "", assignee: "", note: "", reason: "", reasoning: false, editing: null, edited: "", busy: false };
  },
  computed: {
    open() {
      const given = new Set(this.state.tags.map((t) => t.tag));
      return this.known.filter((k) => !given.has(k));
    },
  },
  watch: {
    turn() {
      this.busy = false;
      if (this.done === "tag") this.tag = "";
      if (this.done === "assign") this.assignee = "";
      if (this.done === "note") this.note = "";
      if (this.done === "edit") this.editing = null;
    },
  },
  mounted() {
    this.keys = (event) => this.onKey(event);
    window.addEventListener("keydown", this.keys);
  },
  unmounted() {
    window.removeEventListener("keydown", this.keys);
  },
  methods: {
    say(what, value, more) {
      this.busy = true;
      this.$emit("say", { what, value: value ?? null, more: more ?? null });
    },
    judge(name) {
      this.reasoning = false;
      this.reason = "";
      this.say("judge", this.state.disposition.name === name ? "none" : name);
    },
    giveReason() {
      this.reasoning = true;
      this.reason = this.state.disposition.reason || "";
      this.$nextTick(() => this.$refs.reason?.focus());
    },
    tellReason() {
      const told = this.reason.trim();
      this.reasoning = false;
      if (told === (this.state.disposition.reason || "")) return;
      this.say("judge", this.state.disposition.name, told);
    },
    dropReason() {
      this.reason = this.state.disposition.reason || "";
      this.reasoning = false;
      this.$refs.reason?.blur();
    },
    tellTag() {
      if (this.tag.trim()) this.say("tag", this.tag);
    },
    choseTag(event) {
      if (isChosen(event) && this.open.includes(this.tag)) this.tellTag();
    },
    tellAssignee() {
      if (this.assignee.trim()) this.say("assign", this.assignee);
    },
    choseAssignee(event) {
      if (isChosen(event) && this.people.includes(this.assignee)) this.tellAssignee();
    },
    tellNote() {
      if (this.note.trim()) this.say("note", this.note);
    },
    edit(note) {
      this.editing = note.id;
      this.edited = note.text;
      this.$nextTick(() => this.$refs.root.querySelector(".cam-said__notes textarea")?.focus());
    },
    tellEdit(note) {
      if (this.edited.trim() === note.text) this.editing = null;
      else if (this.edited.trim()) this.say("edit", note.id, this.edited);
    },
    onKey(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.repeat || event.defaultPrevented) return;
      const on = event.target;
      if (on.closest?.("input, textarea, select, [contenteditable], [role=dialog]") || !this.$refs.root.offsetParent) return;
      if (this.$refs.root.closest("[inert]")) return;
      const judgement = this.judgements.find((j) => j.key === event.key.toLowerCase());
      if (!judgement) return;
      event.preventDefault();
      this.judge(judgement.name);
    },
  },
};

// From the list of suggestions, not typed: then it is meant.
function isChosen(event) {
  return !event.inputType || event.inputType === "insertReplacementText";
}
