// What is decided is kept as revisions, and an earlier one can be taken up again.
import { onlyChoices } from "./choices.js";

export default {
  methods: {
    async ask(path, options = {}) {
      const answer = await fetch(`${this.base}${path}`, { credentials: "same-origin", ...options }).catch(() => null);
      const told = await answer?.json().catch(() => null);
      return { ok: Boolean(answer?.ok), status: answer?.status ?? 0, told };
    },
    async save() {
      if (this.saving || !this.dirty) return;
      this.saving = true;
      this.trouble = null;
      const sent = this.choices;
      const body = JSON.stringify({ ...sent, revision: this.saved.revision, comment: this.comment });
      const { ok, status, told } = await this.ask("", { method: "PUT", headers: { "Content-Type": "application/json" }, body });
      this.saving = false;
      if (ok) {
        this.saved = told;
        if (this.choices === sent) this.steps.now = onlyChoices(told); // in the order in which the server keeps it
        this.comment = "";
        this.revisions = null;
        this.$refs.root.querySelector(".red__history").open = false;
      } else if (status === 409) this.trouble = { conflict: true, text: this.texts["redact.conflict"] };
      else this.trouble = { text: `${this.texts["redact.not_saved"]} ${told?.detail ?? ""}` };
    },
    async takeTheirs() {
      const { ok, told } = await this.ask("");
      if (!ok) return;
      [this.saved, this.trouble] = [told, null];
      this.go(onlyChoices(told));
    },
    async loadHistory() {
      const { ok, told } = await this.ask("/history");
      if (ok) this.revisions = told.items;
    },
    async takeUp(revision) {
      const { ok, told } = await this.ask(`?revision=${revision}`);
      if (ok) this.go(onlyChoices(told));
    },
    told(revision) {
      const parts = [this.texts[`redact.blur.${revision.blur}`]];
      for (const name of ["kept", "added", "regions"]) if (revision[name]) parts.push(this.texts[`redact.told.${name}`].replace("{n}", revision[name]));
      return parts.join(" · ");
    },
  },
};
