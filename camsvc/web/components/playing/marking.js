// What a player offers to whoever collects a case: the clip, the picture on the screen with its exact time, and the
// span between two marks.
import { capture } from "./captured.js";

export default {
  data() {
    return { inMs: null, outMs: null };
  },
  methods: {
    collectingKeys() {
      return {
        c: () => this.$emit("collect"),
        i: () => this.markIn(),
        o: () => this.markOut(),
        s: () => this.collectPicture(),
      };
    },
    markIn() {
      this.inMs = Math.round(this.wallMs);
      if (this.outMs !== null && this.outMs <= this.inMs) this.outMs = null;
    },
    markOut() {
      this.outMs = Math.round(this.wallMs);
      if (this.inMs !== null && this.inMs >= this.outMs) this.inMs = null;
    },
    unmark() {
      this.inMs = this.outMs = null;
    },
    collectSpan() {
      const [from, to] = [this.inMs ?? Math.round(this.startMs), this.outMs ?? Math.round(this.endMs)];
      if (to > from) this.$emit("span", { from_ms: from, to_ms: to });
    },
    // The moment is that of the frame on the screen, not of where the head of the time line stands.
    async collectPicture() {
      const part = this.parts[this.index];
      const seen = part && !this.inVoid && !this.message && this.shownS !== null;
      const atMs = seen ? Math.round(part.started_ms + this.shownS * 1000) : null;
      const token = seen ? await capture(this.$refs.video) : null;
      if (token) this.$emit("snapshot", { token, at_ms: atMs });
      else this.sayNoPicture();
    },
  },
};
