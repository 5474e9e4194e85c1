// What is put into a case from this page: pictures go to the server from here, a line says what was done and takes it
// back, and the browser remembers into which case the next one goes. All texts are set by Vue as text.
import { letGo, pictureOf } from "camsvc-playing/captured.js";

const COOKIE = "camsvc_case";
const YEAR_S = 400 * 24 * 3600; // as long as browsers keep a cookie at most
const SHOWN_MS = 9000; // long enough to see that it was the wrong one, and to reach the button

export default {
  template: `
<div class="cam-collect" role="status" aria-live="polite">
  <div v-if="toast" class="cam-toast" :class="{'cam-toast--bad': toast.bad}" data-test="collected" @pointerenter="stay" @pointerleave="fade" @focusin="stay" @focusout="fade">
    <i class="material-icons" aria-hidden="true">{{ toast.bad ? 'error_outline' : 'folder_special' }}</i>
    <span class="cam-toast__text">{{ toast.text }}</span>
    <a v-if="toast.href" :href="toast.href" class="cam-toast__do" data-test="collected-open">{{ texts['collect.open'] }}</a>
    <button v-if="toast.undo" type="button" class="cam-toast__do" data-test="collected-undo" @click="$emit('undo', toast.undo); toast = null">{{ texts['collect.undo'] }}</button>
    <button v-if="toast.other" type="button" class="cam-toast__do" data-test="collected-other" @click="$emit('other', toast.other); toast = null">{{ texts['collect.other'] }}</button>
    <button type="button" class="cam-toast__close" :aria-label="texts['keys.close']" @click="toast = null"><i class="material-icons" aria-hidden="true">close</i></button>
  </div>
</div>`,
  props: { texts: Object },
  emits: ["undo", "other", "current"],
  data() {
    return { toast: null };
  },
  mounted() {
    this.told = remembered();
    this.looked = () => {
      // Another tab may have gone on with another case.
      if (document.hidden || remembered() === this.told) return;
      this.told = remembered();
      this.$emit("current", this.told);
    };
    document.addEventListener("visibilitychange", this.looked);
  },
  unmounted() {
    document.removeEventListener("visibilitychange", this.looked);
    clearTimeout(this.timer);
  },
  methods: {
    // Called by the server -----------------------------------------------------------------------------
    say(toast) {
      this.toast = toast;
      this.fade();
    },
    remember(id) {
      this.told = id === null ? "" : String(id);
      document.cookie = `${COOKIE}=${this.told}; Path=/; Max-Age=${id === null ? 0 : YEAR_S}; SameSite=Lax`;
    },
    // Resolves to {status, body}; status 0 where the network or the picture is gone.
    async upload(token, url) {
      const picture = pictureOf(token);
      if (!picture) return { status: 0, body: null };
      try {
        const answer = await fetch(url, { method: "POST", credentials: "same-origin", headers: { "Content-Type": "image/jpeg" }, body: picture });
        if (answer.status === 401) window.camSessionEnded?.();
        return { status: answer.status, body: await answer.json().catch(() => null) };
      } catch {
        return { status: 0, body: null };
      }
    },
    forget(tokens) {
      for (const token of tokens) letGo(token);
    },
    // Own ----------------------------------------------------------------------------------------------
    stay() {
      clearTimeout(this.timer);
    },
    fade() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => (this.toast = null), SHOWN_MS);
    },
  },
};

function remembered() {
  return document.cookie.split("; ").find((each) => each.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1) ?? "";
}
