// One line of text. Keeps what is being typed to itself, so that a change elsewhere on the page does not undo it.
export default {
  template: `<input v-model="text" type="text" autocomplete="off" spellcheck="false" @input="later" @change="done" @keydown.enter="done" />`,
  props: { value: String, pauseMs: Number },
  data() {
    return { text: this.value };
  },
  watch: {
    value(now) {
      this.text = this.told = now;
    },
  },
  unmounted() {
    clearTimeout(this.timer);
  },
  methods: {
    later() {
      if (!this.pauseMs) return; // only whole entries are told
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.done(), this.pauseMs);
    },
    done() {
      clearTimeout(this.timer);
      if (this.text === this.told) return;
      this.told = this.text;
      this.$emit("entered", this.text);
    },
  },
};
