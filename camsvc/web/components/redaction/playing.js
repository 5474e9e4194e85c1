// The clip: part after part, frame by frame, and where in it one is.
import { copyOf, needsCopy } from "camsvc-playing/footage.js";

export const FRAME_S = 0.04; // until the real distance of frames has been seen

export default {
  methods: {
    async open(index, atS, play) {
      const part = this.parts[index];
      const video = this.$refs.video;
      if (!part) return void (this.message = { icon: "videocam_off", text: this.texts["redact.no_clip"] });
      const attempt = ++this.attempt;
      [this.index, this.atS, this.message] = [index, atS, null];
      part.playable ??= part.url;
      if (part.playable === part.url && needsCopy(part, video)) {
        const made = await copyOf(part, () => attempt === this.attempt && !this.gone, () => (this.message = { icon: "hourglass_top", text: this.texts["redact.preparing"] }));
        if (!made || attempt !== this.attempt) return;
        if (made.failed) return this.failed();
        part.playable = part.copy_url;
        this.message = null;
      }
      video.src = part.playable;
      video.addEventListener("loadedmetadata", () => {
        if (attempt !== this.attempt) return;
        this.measure();
        video.currentTime = atS;
        if (play) video.play().catch(() => {});
      }, { once: true });
    },
    failed() {
      if (this.$refs.video?.getAttribute("src") || this.message) this.message = { icon: "error_outline", text: this.texts["redact.failed"] };
    },
    ended() {
      if (this.parts[this.index + 1]) this.open(this.index + 1, 0, true);
    },
    play() {
      const video = this.$refs.video;
      if (!video.paused) return video.pause();
      if (video.ended && this.index) return this.open(0, 0, true);
      video.play().catch(() => {});
    },
    seekTo(index, atS) {
      const part = this.parts[index];
      const within = Math.min(Math.max(0, atS), Math.max(0, part.duration_s - 0.001));
      if (index !== this.index) return this.open(index, within, false);
      this.$refs.video.currentTime = within;
    },
    seekMs(ms) {
      const found = this.parts.findIndex((part) => ms < part.ended_ms);
      const index = found < 0 ? this.parts.length - 1 : found;
      this.seekTo(index, (ms - this.parts[index].started_ms) / 1000);
    },
    seekBy(event) {
      if (event.button !== 0 || !this.parts.length) return;
      const bar = this.$refs.timeline;
      const go = (e) => {
        const box = bar.querySelector(".cam-timeline__track").getBoundingClientRect();
        this.seekMs(this.startMs + Math.min(1, Math.max(0, (e.clientX - box.left) / box.width)) * this.totalMs);
      };
      bar.setPointerCapture(event.pointerId);
      go(event);
      bar.addEventListener("pointermove", go);
      bar.addEventListener("lostpointercapture", () => bar.removeEventListener("pointermove", go), { once: true });
    },
    frame(direction) {
      this.$refs.video.pause();
      const atS = this.atS + direction * this.frameS + 0.002;
      if (atS < 0 && this.index) this.seekTo(this.index - 1, this.parts[this.index - 1].duration_s);
      else if (atS > this.part.duration_s && this.parts[this.index + 1]) this.seekTo(this.index + 1, 0);
      else this.seekTo(this.index, atS);
    },
    watchFrames() {
      const video = this.$refs.video;
      if (!video.requestVideoFrameCallback) return void video.addEventListener("timeupdate", () => this.onFrame(video.currentTime));
      const each = (_, frame) => {
        if (this.gone) return;
        this.onFrame(frame.mediaTime);
        video.requestVideoFrameCallback(each);
      };
      video.requestVideoFrameCallback(each);
    },
    onFrame(mediaS) {
      const apart = mediaS - this.atS;
      if (this.playing && apart > 0.005 && apart < 0.5) this.frameS = this.frameS === FRAME_S ? apart : Math.min(this.frameS * 1.02, apart);
      this.atS = mediaS;
      this.look();
    },
    seen() { this.$nextTick(() => this.measure()); },
  },
};
