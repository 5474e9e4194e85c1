// The tracks of an incident as a redacted copy treats them (docs/reference/redaction.md): joined over short holes,
// carried a little beyond both ends, widened. What is drawn here is a preview; the copy is made by the server.

export const MEDIA_HZ = 90000;

export const keyOf = (ref) => `${ref.session}|${ref.analysis_session ?? ""}|${ref.track}`;

export function pathsOf(document) {
  return (document?.tracks ?? [])
    .filter((each) => each.points.length)
    .map((each) => {
      const ref = { session: each.session, track: each.track };
      if (each.analysis_session) ref.analysis_session = each.analysis_session;
      return { ref, key: keyOf(ref), number: each.track, kind: each.class, session: each.session, points: each.points, hint: 0 };
    });
}

// [left, top, width, height] at a media time, or null where it is not hidden then. `rules`: carry_s, hole_s.
export function boxAt(path, session, pts, rules) {
  const points = path.points;
  const carry = rules.carry_s * MEDIA_HZ;
  if (path.session !== session || pts < points[0][0] - carry || pts > points[points.length - 1][0] + carry) return null;
  if (pts <= points[0][0]) return points[0].slice(1, 5);
  let i = path.hint; // pictures come in order: the last place is the best guess
  if (i >= points.length || points[i][0] > pts) i = 0;
  while (i + 1 < points.length && points[i + 1][0] <= pts) i++;
  path.hint = i;
  const [from, to] = [points[i], points[i + 1]];
  if (!to) return from.slice(1, 5);
  const apart = to[0] - from[0];
  if (apart > rules.hole_s * MEDIA_HZ) {
    if (pts - from[0] <= carry) return from.slice(1, 5);
    return to[0] - pts <= carry ? to.slice(1, 5) : null;
  }
  const share = (pts - from[0]) / apart;
  return [1, 2, 3, 4].map((k) => from[k] + (to[k] - from[k]) * share);
}

// The moment at which it is seen best, for its picture: large, sure, and away from the edges.
export function bestPoint(path) {
  const worth = ([, left, top, width, height, confidence]) => {
    const cut = left < 0.005 || top < 0.005 || left + width > 0.995 || top + height > 0.995;
    return width * height * (confidence ?? 1) * (cut ? 0.3 : 1);
  };
  return path.points.reduce((best, each) => (worth(each) > worth(best) ? each : best));
}

// Widened by a share of its own sides, within the picture.
export function widened([left, top, width, height], margin) {
  const [x, y] = [Math.max(0, left - width * margin), Math.max(0, top - height * margin)];
  return [x, y, Math.min(1, left + width * (1 + margin)) - x, Math.min(1, top + height * (1 + margin)) - y];
}

// The upper part of a person's box, in which the head is; all of somebody who lies.
export function headOf([left, top, width, height], rules) {
  return [left, top, width, Math.min(Math.max(height * rules.head_of_height, width * rules.head_of_width), height)];
}
