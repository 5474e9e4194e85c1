// One line in which a search is said: "xe tải hôm qua 17-19". What was understood leaves it and becomes conditions.
export default {
  template: `
<form class="cam-line" :class="{'cam-line--wrong': error}" role="search" :aria-label="texts['ask.label']" @submit.prevent="tell">
  <i class="material-icons" aria-hidden="true">search</i>
  <input ref="line" name="ask" type="text" autocomplete="off" spellcheck="false" enterkeyhint="search" maxlength="300" v-model="text" :placeholder="texts['ask.hint']" :aria-label="texts['ask.label']" :title="texts['ask.how']"
    :aria-invalid="String(Boolean(error))" :aria-describedby="error ? 'cam-ask-error' : null" @keydown.esc="leave" />
  <kbd v-if="!text" aria-hidden="true">/</kbd>
  <button v-else type="submit" class="cam-btn cam-btn--main cam-line__go">{{ texts['ask.go'] }}</button>
  <span v-if="error" id="cam-ask-error" class="cam-field__error cam-line__error" role="alert"><i class="material-icons" aria-hidden="true">error_outline</i>{{ error }}</span>
</form>`,
  props: { error: String, texts: Object },
  data() {
    return { text: "" };
  },
  methods: {
    tell() {
      if (this.text.trim()) this.$emit("ask", this.text);
    },
    leave() {
      this.text = "";
      this.$refs.line.blur();
      if (this.error) this.$emit("ask", "");
    },
    // Called by the server when all was understood.
    clear() {
      this.text = "";
    },
  },
};
