// The keyboard of the editor.

const NEW_BOX = { left: 0.4, top: 0.35, width: 0.2, height: 0.3 }; // of a region made with the keyboard

export default {
  methods: {
    onKey(event) {
      const on = document.activeElement;
      const typing = on && (on.isContentEditable || (/^(INPUT|TEXTAREA|SELECT)$/.test(on.tagName) && on.type !== "checkbox"));
      if (document.querySelector(".q-dialog__inner > div")) return;
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      const command = event.ctrlKey || event.metaKey;
      const does = command ? this.commandKey(key, event) : typing ? null : this.plainKey(key, event, on);
      if (!does || (typing && key !== "s")) return;
      event.preventDefault();
      does();
    },
    commandKey(key, event) {
      return { z: () => this.step_(event.shiftKey ? "forth" : "back"), y: () => this.step_("forth"), s: () => this.save() }[key];
    },
    plainKey(key, event, on) {
      const isButton = on?.tagName === "BUTTON" && on.dataset.region === undefined;
      if (this.chosen >= 0 && on?.dataset?.region !== undefined && key.startsWith("Arrow")) return () => this.nudge(event);
      if (event.altKey || (isButton && (key === " " || key === "Enter"))) return null;
      return {
        " ": () => this.play(),
        ArrowLeft: () => this.seekMs(this.wallMs - (event.shiftKey ? 10000 : 1000)),
        ArrowRight: () => this.seekMs(this.wallMs + (event.shiftKey ? 10000 : 1000)),
        Home: () => this.seekMs(this.startMs),
        End: () => this.seekMs(this.endMs - 1),
        ",": () => this.frame(-1),
        ".": () => this.frame(1),
        r: () => this.draw(),
        a: () => this.choices.regions[this.chosen] && this.here(this.choices.regions[this.chosen]) && this.key(this.chosen),
        b: () => (this.outlines = !this.outlines),
        p: () => (this.exact = !this.exact),
        Enter: this.drawing ? () => this.addRegion(NEW_BOX) : null,
        Delete: this.chosen >= 0 ? () => this.removeRegion(this.chosen) : null,
        Escape: () => this.giveUp(),
        "?": () => this.$emit("help"),
      }[key];
    },
    giveUp() {
      if (this.drawing) [this.drawing, this.pulled, this.pullFrom] = [false, null, null];
      else if (this.chosen >= 0) this.chosen = -1;
      else this.$emit("leave");
    },
  },
};
