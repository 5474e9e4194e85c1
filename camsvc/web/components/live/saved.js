// The walls that a user has saved, by the REST API; and the wall as it stands, in the browser.

const WALLS = "/api/v1/walls";

async function ask(url, options = {}) {
  const answer = await fetch(url, { credentials: "same-origin", ...options });
  if (answer.status === 401) window.camSessionEnded?.();
  if (!answer.ok) {
    const problem = await answer.json().catch(() => null);
    throw Object.assign(new Error(problem?.detail || `HTTP ${answer.status}`), { status: answer.status });
  }
  return answer.status === 204 ? null : answer.json();
}

export async function savedWalls() {
  const found = await ask(WALLS);
  return (found.items ?? found).map(taken);
}

export const savedWall = async (name) => taken(await ask(`${WALLS}/${encodeURIComponent(name)}`));

export const saveWall = ({ name, tiles, cameras, cycleS }) =>
  ask(`${WALLS}/${encodeURIComponent(name)}`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ tiles, cameras, cycle_s: cycleS }),
  });

export const removeWall = (name) => ask(`${WALLS}/${encodeURIComponent(name)}`, { method: "DELETE" });

function taken({ name, tiles, cameras, cycle_s: cycleS }) {
  return { name, tiles, cameras: cameras || [], cycleS: cycleS ?? null };
}

// The wall as it was left, so that a reload brings it back. Of this user: a watch room shares its browsers.
const key = (user) => `camsvc.wall.${user}`;

export function leftWall(user) {
  try {
    const found = JSON.parse(localStorage.getItem(key(user)));
    return found && Array.isArray(found.cameras) ? found : null;
  } catch {
    return null;
  }
}

export const keepWall = (user, wall) => localStorage.setItem(key(user), JSON.stringify(wall));
