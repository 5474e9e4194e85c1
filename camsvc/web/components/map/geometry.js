// Distances and bearings on the earth, near enough for drawing; the search computes its own (camsvc/domain/geo.py).
const EARTH_M = 6371008.8;
const EARTH_M_PER_DEG = (EARTH_M * Math.PI) / 180;
const SECTOR_STEPS = 24;
const rad = (deg) => (deg * Math.PI) / 180;

// The point that lies so many metres from one in a direction (clockwise from north), as [lat, lon].
export function offset(lat, lon, bearingDeg, metres) {
  const dLat = (metres * Math.cos(rad(bearingDeg))) / EARTH_M_PER_DEG;
  const dLon = (metres * Math.sin(rad(bearingDeg))) / (EARTH_M_PER_DEG * Math.max(0.01, Math.cos(rad(lat))));
  return [lat + dLat, lon + dLon];
}

export function distanceM(a, b) {
  const [latA, lonA] = a;
  const [latB, lonB] = b;
  const h = Math.sin(rad(latB - latA) / 2) ** 2 + Math.cos(rad(latA)) * Math.cos(rad(latB)) * Math.sin(rad(lonB - lonA) / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(h)));
}

// Clockwise from north, 0 to 360.
export function bearingDeg(from, to) {
  const east = (to[1] - from[1]) * Math.cos(rad((from[0] + to[0]) / 2));
  return ((Math.atan2(east, to[0] - from[0]) * 180) / Math.PI + 360) % 360;
}

export const between = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

// The corners of what a camera sees: a circle where it looks all around.
export function sector(lat, lon, headingDeg, fovDeg, rangeM) {
  const corners = fovDeg >= 360 ? [] : [[lat, lon]];
  for (let i = 0; i <= SECTOR_STEPS; i++) corners.push(offset(lat, lon, headingDeg - fovDeg / 2 + (fovDeg * i) / SECTOR_STEPS, rangeM));
  return corners;
}

export function metresPerPixel(lat, zoom) {
  return (Math.cos(rad(lat)) * 2 * Math.PI * EARTH_M) / (256 * 2 ** zoom);
}

// "350 m", "1.2 km" as the language writes numbers.
export function lengthText(metres, locale) {
  const far = metres >= 1000;
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: far ? 1 : 0 }).format(far ? metres / 1000 : metres);
  return `${number} ${far ? "km" : "m"}`;
}
