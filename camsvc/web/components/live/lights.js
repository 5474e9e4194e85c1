// Tiles light up with the incidents of their cameras: a warning for as long as it goes on, anything else for a moment.
// A warning that goes on is not put out by what is no warning.

const LIT_MS = 12000;
const KNOWN_MAX = 500; // incidents that have lit their tile already: a new revision of one is no new one

export default {
  data() {
    return { litAt: {} }; // by camera: {id, severity, what, goesOn}
  },
  created() {
    this.lights = {};
    this.known = new Set();
  },
  unmounted() {
    for (const timer of Object.values(this.lights)) clearTimeout(timer);
  },
  methods: {
    light({ id, camera, severity, state, what }) {
      const lit = this.litAt[camera];
      const isWarning = severity !== "info";
      const goesOn = isWarning && state === "open";
      if (lit?.id === id) {
        const wentOn = lit.goesOn;
        Object.assign(lit, { severity, what, goesOn });
        if (goesOn) clearTimeout(this.lights[camera]);
        else if (wentOn) this.dim(camera);
        return;
      }
      const isNews = state === "open" && (isWarning || !this.known.has(id));
      if (!isNews || (lit && lit.severity !== "info" && !isWarning)) return;
      this.known.add(id);
      if (this.known.size > KNOWN_MAX) this.known.delete(this.known.values().next().value);
      clearTimeout(this.lights[camera]);
      this.litAt[camera] = { id, severity, what, goesOn };
      if (!goesOn) this.dim(camera);
    },
    dim(camera) {
      this.lights[camera] = setTimeout(() => delete this.litAt[camera], LIT_MS);
    },
  },
};
