// Regions drawn by hand: with the pointer and the arrow keys, and their key boxes.
import { lengthText } from "camsvc-playing/footage.js";
import { FRAME_S } from "./playing.js";
import { boxOf, fitted, isKey, keyed, nearestBox, still, unkeyed } from "./regions.js";

const NUDGE = 0.004; // an arrow key moves or widens a region so far; with Alt ten times

export default {
  computed: {
    // The chosen region is there to be taken up also where it hides nothing yet.
    drawn() {
      if (!this.part) return [];
      return this.choices.regions.flatMap((region, index) => {
        const box = this.held?.index === index ? this.held.box : boxOf(region, this.part.index, this.atS);
        if (box) return [{ index, region, box, isThere: true }];
        return index === this.chosen && this.here(region) ? [{ index, region, box: nearestBox(region, this.atS), isThere: false }] : [];
      });
    },
    keys() {
      const region = this.choices.regions[this.chosen];
      const part = region && region.boxes.length > 1 && this.parts.find((each) => each.index === region.part);
      if (!part) return [];
      return region.boxes.map((box) => ({ part: this.parts.indexOf(part), at_s: box.at_s, ms: part.started_ms + box.at_s * 1000, isHere: this.here(region) && Math.abs(box.at_s - this.atS) < FRAME_S / 2 }));
    },
  },
  methods: {
    regionName(i) { return this.texts["redact.region"].replace("{n}", i + 1); },
    here(region) { return this.part && region.part === this.part.index; },
    keyHere(region) { return isKey(region, this.atS); },
    still_(region) { return still(region, this.here(region) ? this.atS : region.boxes[0].at_s); },
    reach(region) {
      const part = this.parts.find((each) => each.index === region.part) ?? this.parts[0];
      if (region.boxes.length === 1) return { from_ms: part.started_ms, to_ms: part.ended_ms };
      return { from_ms: part.started_ms + region.boxes[0].at_s * 1000, to_ms: part.started_ms + region.boxes[region.boxes.length - 1].at_s * 1000 };
    },
    lasting(region) {
      if (region.boxes.length === 1) return this.texts["redact.lasts_whole"];
      const { from_ms, to_ms } = this.reach(region);
      return this.texts["redact.lasts"].replace("{from}", lengthText(from_ms - this.startMs)).replace("{to}", lengthText(to_ms - this.startMs)).replace("{n}", region.boxes.length);
    },
    putRegion(i, region) { this.change({ regions: this.choices.regions.map((each, j) => (j === i ? region : each)) }); },
    removeRegion(i) {
      this.change({ regions: this.choices.regions.filter((_, j) => j !== i) });
      this.chosen = -1;
    },
    choose(i) {
      this.chosen = i;
      const region = this.choices.regions[i];
      const at = this.parts.findIndex((each) => each.index === region.part);
      if (at >= 0 && !boxOf(region, this.part.index, this.atS)) this.seekTo(at, nearestBox(region, at === this.index ? this.atS : 0).at_s);
    },
    key(i) {
      const region = this.choices.regions[i];
      this.putRegion(i, keyed(region, this.atS, this.bare(boxOf(region, region.part, this.atS) ?? nearestBox(region, this.atS))));
    },
    unkey(i) { this.putRegion(i, unkeyed(this.choices.regions[i], this.atS)); },
    bare({ left, top, width, height }) { return fitted({ left, top, width, height }, this.rules.side_min); },
    draw(on = !this.drawing) {
      this.drawing = on && this.choices.regions.length < this.rules.regions_max;
      if (this.drawing) {
        this.$refs.video.pause();
        this.exact = false;
        this.outlines = true;
        this.chosen = -1;
        this.$refs.picture.focus({ preventScroll: true }); // Enter is not to press the button that began it
      }
    },
    addRegion(box) {
      this.drawing = false;
      this.change({ regions: [...this.choices.regions, { part: this.part.index, boxes: [{ at_s: Number(this.atS.toFixed(3)), ...this.bare(box) }] }] });
      this.chosen = this.choices.regions.length - 1;
      this.$nextTick(() => this.$refs.picture.querySelector(`[data-region="${this.chosen}"]`)?.focus());
    },
    point(event) {
      const box = this.$refs.picture.getBoundingClientRect();
      const within = (value) => Math.min(1, Math.max(0, value));
      return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
    },
    press(event) {
      if (event.button !== 0) return;
      if (!this.drawing) {
        if (event.target === this.$refs.picture) [this.chosen] = [-1];
        return;
      }
      event.preventDefault();
      this.$refs.picture.setPointerCapture(event.pointerId);
      this.pullFrom = this.point(event);
    },
    grab(event, each, how) {
      if (event.button !== 0 || this.drawing) return;
      this.$refs.video.pause();
      this.chosen = each.index;
      this.$refs.picture.setPointerCapture(event.pointerId);
      this.held = { index: each.index, how, from: this.point(event), before: this.bare(each.box), box: this.bare(each.box), moved: false };
    },
    drag(event) {
      const now = this.point(event);
      if (this.pullFrom) {
        const [[x, y], [u, v]] = [this.pullFrom, now];
        this.pulled = { left: Math.min(x, u), top: Math.min(y, v), width: Math.abs(u - x), height: Math.abs(v - y) };
      } else if (this.held) {
        this.held.box = this.moved(this.held.before, this.held.how, now[0] - this.held.from[0], now[1] - this.held.from[1]);
        this.held.moved = true;
        this.look();
      }
    },
    moved({ left, top, width, height }, how, dx, dy) {
      if (how === "move") return fitted({ left: left + dx, top: top + dy, width, height }, this.rules.side_min);
      const [right, bottom] = [left + width, top + height];
      const x = how.includes("w") ? Math.min(right - this.rules.side_min, left + dx) : left;
      const y = how.includes("n") ? Math.min(bottom - this.rules.side_min, top + dy) : top;
      return fitted({ left: x, top: y, width: (how.includes("e") ? right + dx : right) - x, height: (how.includes("s") ? bottom + dy : bottom) - y }, this.rules.side_min);
    },
    release() {
      const [pulled, held] = [this.pulled, this.held];
      this.pulled = this.pullFrom = this.held = null;
      if (pulled && pulled.width >= this.rules.side_min * 3 && pulled.height >= this.rules.side_min * 3) this.addRegion(pulled);
      if (held?.moved) this.setBox(held.index, held.box);
    },
    // At another moment than its only box, a region begins to move; else its box of this moment is another one.
    setBox(index, box) {
      const region = this.choices.regions[index];
      if (region.boxes.length >= this.rules.keys_max && !isKey(region, this.atS)) return;
      this.putRegion(index, keyed(region, this.atS, box));
    },
    nudge(event) {
      const region = this.choices.regions[this.chosen];
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!by || !region || !this.here(region)) return false;
      const [dx, dy] = by.map((each) => each * NUDGE * (event.altKey ? 10 : 1));
      const box = this.bare(boxOf(region, region.part, this.atS) ?? nearestBox(region, this.atS));
      this.setBox(this.chosen, event.shiftKey ? this.moved(box, "se", dx, dy) : this.moved(box, "move", dx, dy));
      return true;
    },
  },
};
