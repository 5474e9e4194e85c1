// What a person decided, as REST tells it: blur, kept, added, regions, sound. Never changed in place: each change is a
// new object, so that steps can be taken back.
import { keyOf } from "./paths.js";

const STEPS_MAX = 200; // that can be taken back

export const emptied = (choices) => ({ ...choices, kept: [], added: [] });

export const onlyChoices = ({ blur, kept, added, regions, sound }) => ({ blur, kept, added, regions, sound });

const byDefault = (blur, kind) => {
  const isPerson = kind === "person";
  if (blur === "everything") return "whole";
  if (blur === "faces") return isPerson ? "head" : "none";
  return (blur === "people") === isPerson ? "whole" : "none";
};

const has = (refs, path) => refs.some((each) => keyOf(each) === path.key);
const without = (refs, path) => refs.filter((each) => keyOf(each) !== path.key);

// How much of a track is hidden: "whole", "head" or "none".
export function coverOf(choices, path) {
  if (has(choices.kept, path)) return "none";
  return has(choices.added, path) ? "whole" : byDefault(choices.blur, path.kind);
}

export function toggled(choices, path) {
  const hides = coverOf(choices, path) === "none";
  const asUsual = byDefault(choices.blur, path.kind) !== "none";
  const [kept, added] = [without(choices.kept, path), without(choices.added, path)];
  if (hides) return { ...choices, kept, added: asUsual ? added : [...added, path.ref] };
  return { ...choices, kept: asUsual ? [...kept, path.ref] : kept, added };
}

export class Steps {
  constructor(choices) {
    [this.now, this.past, this.future] = [choices, [], []];
  }

  go(choices) {
    this.past = [...this.past.slice(1 - STEPS_MAX), this.now];
    [this.now, this.future] = [choices, []];
  }

  back() {
    if (!this.past.length) return;
    this.future = [this.now, ...this.future];
    this.now = this.past.pop();
  }

  forth() {
    if (!this.future.length) return;
    this.past.push(this.now);
    this.now = this.future.shift();
  }
}
