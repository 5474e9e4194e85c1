// What is seen of it: the preview on the canvas, the boxes over it, and the exact picture from the server.
import { hide } from "./mosaic.js";
import { boxAt, headOf, MEDIA_HZ, widened } from "./paths.js";

const EXACT_PAUSE_MS = 350; // after the last change, before the server is asked for the exact picture

export default {
  methods: {
    measure() {
      const { stage, video } = this.$refs;
      if (!stage || !this.part) return;
      const [wide, high] = [stage.clientWidth, stage.clientHeight];
      const ratio = video.videoWidth / video.videoHeight || this.part.width / this.part.height || 16 / 9;
      const width = Math.min(wide, high * ratio);
      this.place = { left: (wide - width) / 2, top: (high - width / ratio) / 2, width, height: width / ratio };
      this.look();
    },
    placed({ left, top, width, height }) { return { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` }; },
    fractions(box) {
      const [left, top, width, height] = Array.isArray(box) ? box : [box.left, box.top, box.width, box.height];
      return { left: `${left * 100}%`, top: `${top * 100}%`, width: `${width * 100}%`, height: `${height * 100}%` };
    },
    // What is seen now: boxes that can be clicked, and the mosaic over all that is hidden.
    look() {
      const { canvas, stage, video } = this.$refs;
      if (!canvas || !this.part) return;
      const pts = this.part.start_pts + this.atS * MEDIA_HZ;
      const seen = (this.paths ?? []).flatMap((path) => {
        const box = boxAt(path, this.part.session, pts, this.rules);
        return box ? [{ path, box, cover: this.cover(path) }] : [];
      });
      this.shown = seen.sort((a, b) => b.box[2] * b.box[3] - a.box[2] * a.box[3]); // the smaller can be clicked over the larger
      const dense = window.devicePixelRatio || 1;
      [canvas.width, canvas.height] = [Math.round(stage.clientWidth * dense), Math.round(stage.clientHeight * dense)];
      const pen = canvas.getContext("2d");
      const place = Object.fromEntries(Object.entries(this.place).map(([name, value]) => [name, value * dense]));
      for (const each of seen) if (each.cover !== "none") hide(pen, video, widened(each.cover === "head" ? headOf(each.box, this.rules) : each.box, this.rules.margin), place);
      for (const { box, isThere } of this.drawn) if (isThere) hide(pen, video, [box.left, box.top, box.width, box.height], place);
      canvas.dataset.hidden = seen.filter((each) => each.cover !== "none").length + this.drawn.filter((each) => each.isThere).length;
    },
    // The exact picture, once nothing has changed for a moment.
    askExact() {
      clearTimeout(this.exactTimer);
      if (this.exactUrl) URL.revokeObjectURL(this.exactUrl);
      [this.exactUrl, this.exactSaid] = [null, ""];
      if (this.exact && !this.playing && this.part) this.exactTimer = setTimeout(() => this.fetchExact(), EXACT_PAUSE_MS);
    },
    async fetchExact() {
      const asked = (this.exactAsked = {});
      const body = JSON.stringify({ ...this.choices, part: this.part.index, at_s: Number(this.atS.toFixed(4)) });
      const answer = await fetch(`${this.base}/preview`, { method: "POST", headers: { "Content-Type": "application/json" }, body, credentials: "same-origin" }).catch(() => null);
      const picture = answer?.ok ? await answer.blob() : null;
      if (this.gone || asked !== this.exactAsked || !this.exact || this.playing) return;
      if (picture) this.exactUrl = URL.createObjectURL(picture);
      else this.exactSaid = this.texts["redact.exact_failed"];
    },
  },
};
