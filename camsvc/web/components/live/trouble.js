// Why a picture does not come.

// The server answered, and said no: ``name`` of the problem, its HTTP status, and when to ask again if it said so.
export class Refusal extends Error {
  constructor({ status = 0, name = "", detail = "", retryS = null } = {}) {
    super(detail || `HTTP ${status}`);
    this.status = status;
    this.problem = name;
    this.retryS = retryS;
  }

  // Asking again soon would not help: somebody must change something first.
  get isFinal() {
    return [401, 403, 404].includes(this.status) || (this.status === 409 && this.retryS === null);
  }

  // Key of the words that tell it.
  get kind() {
    if (this.problem === "unplayable") return "unplayable";
    return { 403: "forbidden", 404: "unknown", 409: this.retryS === null ? "off" : "not_yet", 503: "full" }[this.status] ?? "other";
  }
}

// The server answered, but its packets do not get here: no UDP on the way.
export class Unreachable extends Error {}

export async function refusalOf(answer) {
  const problem = await answer.json().catch(() => null);
  const name = problem?.type?.split(":").pop() ?? "";
  return new Refusal({ status: answer.status, name, detail: problem?.detail, retryS: Number(answer.headers.get("Retry-After")) || null });
}

// How long to wait before the next attempt: longer each time, and never the same for all tiles of all walls at once.
const WAITS_MS = [300, 1000, 2000, 4000, 8000, 15000];
export function waitMs(attempt) {
  return WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)] * (0.6 + 0.8 * Math.random());
}
