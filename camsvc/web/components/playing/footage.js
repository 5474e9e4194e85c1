// The parts of a clip: which of them holds a moment, and how this browser gets to see it.

const HEVC = 'video/mp4; codecs="hvc1.1.6.L120.B0"';
const PREPARE_RETRY_S = 2; // when the server does not say how long to wait for the viewing copy
const PREPARE_RETRY_MAX_S = 10;
const PREPARE_GIVE_UP_S = 600;

// Index of the part that holds the moment, -1 where there is no footage.
export function partAt(parts, wallMs) {
  return parts.findIndex((part) => part.started_ms <= wallMs && wallMs < part.ended_ms);
}

// When the footage goes on after a moment, or null.
export function nextStartMs(parts, wallMs) {
  const later = parts.map((part) => part.started_ms).filter((at) => at > wallMs);
  return later.length ? Math.min(...later) : null;
}

// When the footage before a moment ended, or null.
export function lastEndMs(parts, wallMs) {
  const earlier = parts.map((part) => part.ended_ms).filter((at) => at <= wallMs);
  return earlier.length ? Math.max(...earlier) : null;
}

export function needsCopy(part, video) {
  return part.codec === "hevc" && !video.canPlayType(HEVC);
}

// Waits until the server has made the marked viewing copy of a part: {original} once it is there (true where the answer
// is the original after all), {failed: true, fault}, or null where it is no longer `wanted()`. `preparing` is called meanwhile.
export async function copyOf(part, wanted, preparing) {
  const until = performance.now() + PREPARE_GIVE_UP_S * 1000;
  while (wanted()) {
    const answer = await fetch(part.copy_url, { headers: { Range: "bytes=0-1" }, credentials: "same-origin" }).catch(() => null);
    if (!wanted()) return null;
    if (answer && (answer.status === 200 || answer.status === 206)) {
      answer.body?.cancel();
      return { original: answer.headers.get("Camsvc-Rendition") === "original" };
    }
    const later = answer && (answer.status === 202 || answer.status === 503 || answer.status === 425);
    if ((answer && !later) || performance.now() > until) return { failed: true, fault: await faultOf(answer) };
    preparing();
    const wait = Number(answer?.headers.get("Retry-After")) || PREPARE_RETRY_S;
    await new Promise((done) => setTimeout(done, Math.min(wait, PREPARE_RETRY_MAX_S) * 1000));
  }
  return null;
}

// Why the server does not show what is stored: "altered", "forged", "missing"; null where that is not the reason.
async function faultOf(answer) {
  if (!answer?.headers.get("Content-Type")?.startsWith("application/problem+json")) return null;
  const problem = await answer.json().catch(() => ({}));
  return /:footage-(altered|forged|missing)$/.exec(problem.type ?? "")?.[1] ?? null;
}

// "0:07", "12:31" or "3:02:11".
export function lengthText(ms) {
  const s = Math.max(0, ms / 1000);
  const tail = `${String(Math.floor(s % 60)).padStart(2, "0")}`;
  return s >= 3600 ? `${Math.floor(s / 3600)}:${String(Math.floor((s % 3600) / 60)).padStart(2, "0")}:${tail}` : `${Math.floor(s / 60)}:${tail}`;
}
