// Tiles light up with the incidents of their cameras: a warning for as long as it goes on, anything else for a moment.
// A warning that goes on is not put out by what is no warning.

const LIT_MS = 12000;

export default {
  data() {
    return { litAt: {} }; // by camera: {id, severity, what}
  },
  created() {
    this.lights = {};
  },
  unmounted() {
    for (const timer of Object.values(this.lights)) clearTimeout(timer);
  },
  methods: {
    light({ id, camera, severity, state, what }) {
      const lit = this.litAt[camera];
      const isWarning = severity !== "info";
      const isOpen = state === "open";
      if (lit && lit.id !== id && lit.severity !== "info" && !isWarning) return;
      if (isOpen && lit?.id !== id) this.litAt[camera] = { id, severity, what };
      else if (lit?.id === id) Object.assign(lit, { severity, what });
      else return;
      const goesOn = isOpen && isWarning;
      if (lit?.id === id && isOpen && !goesOn) return; // its moment is counted already
      clearTimeout(this.lights[camera]);
      if (!goesOn) this.lights[camera] = setTimeout(() => delete this.litAt[camera], LIT_MS);
    },
  },
};
