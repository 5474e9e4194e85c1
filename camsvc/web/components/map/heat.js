// How many incidents where, as a glow: each cell a soft spot, spots add up, and the sum becomes a colour.
import { leaflet as L } from "nicegui-leaflet";

const SPOT_PX = 34; // of a cell's glow; cells nearer than half of it are one spot
const FAINTEST = 0.22; // of one incident where another place has thousands: it must still be seen
// Dark red over orange to pale yellow is told apart by the colour-blind too; the same ramp is in map.css.
const RAMP = [
  [0, [255, 237, 160, 0]],
  [0.15, [254, 217, 118, 150]],
  [0.4, [253, 141, 60, 190]],
  [0.7, [227, 26, 28, 210]],
  [1, [128, 0, 38, 225]],
];

export class HeatLayer {
  // `told` hears the largest number of a spot, which is what the deepest colour means; 0 without.
  constructor(map, told) {
    this.map = map;
    this.told = told;
    this.cells = [];
    map.createPane("heat").style.zIndex = 420; // above lines and names of the ground, below the pins
    map.getPane("heat").style.pointerEvents = "none";
    this.canvas = document.createElement("canvas");
    this.canvas.className = "cam-map__heat leaflet-zoom-hide";
    this.canvas.setAttribute("aria-hidden", "true");
    map.getPane("heat").append(this.canvas);
    map.on("moveend zoomend resize", () => this.draw());
    this.palette = palette();
  }

  // `cells` as [lat, lon, number].
  show(cells) {
    this.cells = cells;
    this.draw();
  }

  draw() {
    const { map, canvas } = this;
    const size = map.getSize();
    canvas.style.display = this.cells.length ? "" : "none";
    if (!this.cells.length || !size.x) return this.told(0);
    [canvas.width, canvas.height] = [size.x, size.y];
    L.DomUtil.setPosition(canvas, map.containerPointToLayerPoint([0, 0]));
    const spots = this.spots();
    const most = Math.max(...spots.map((spot) => spot.number), 1);
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    const stamp = glow();
    let seen = 0;
    for (const { x, y, number } of spots) {
      if (x < -SPOT_PX || y < -SPOT_PX || x > size.x + SPOT_PX || y > size.y + SPOT_PX) continue;
      pen.globalAlpha = most > 1 ? FAINTEST + (1 - FAINTEST) * (Math.log(number) / Math.log(most)) : 1;
      pen.drawImage(stamp, x - SPOT_PX, y - SPOT_PX);
      seen++;
    }
    if (seen) this.colour(pen, size);
    canvas.dataset.spots = seen;
    this.told(most);
  }

  // Cells as they fall together at this zoom, in pixels of the container.
  spots() {
    const { map } = this;
    const grid = new Map();
    const cell = SPOT_PX / 2;
    for (const [lat, lon, number] of this.cells) {
      const at = map.project([lat, lon]);
      const key = `${Math.floor(at.x / cell)},${Math.floor(at.y / cell)}`;
      const spot = grid.get(key) || { x: 0, y: 0, number: 0 };
      spot.x += at.x * number;
      spot.y += at.y * number;
      spot.number += number;
      grid.set(key, spot);
    }
    const corner = map.getPixelBounds().min;
    return [...grid.values()].map(({ x, y, number }) => ({ x: x / number - corner.x, y: y / number - corner.y, number }));
  }

  colour(pen, size) {
    const picture = pen.getImageData(0, 0, size.x, size.y);
    const { data } = picture;
    for (let i = 3; i < data.length; i += 4) {
      if (!data[i]) continue;
      const from = data[i] * 4;
      for (let k = 0; k < 4; k++) data[i - 3 + k] = this.palette[from + k];
    }
    pen.putImageData(picture, 0, 0);
  }
}

let stamped = null;
function glow() {
  if (stamped) return stamped;
  stamped = document.createElement("canvas");
  stamped.width = stamped.height = SPOT_PX * 2;
  const pen = stamped.getContext("2d");
  const fading = pen.createRadialGradient(SPOT_PX, SPOT_PX, 0, SPOT_PX, SPOT_PX, SPOT_PX);
  fading.addColorStop(0, "rgb(0 0 0 / 1)");
  fading.addColorStop(0.35, "rgb(0 0 0 / 0.62)");
  fading.addColorStop(1, "rgb(0 0 0 / 0)");
  pen.fillStyle = fading;
  pen.fillRect(0, 0, SPOT_PX * 2, SPOT_PX * 2);
  return stamped;
}

// Red, green, blue and opacity by how strong the glow is, 0…255.
function palette() {
  const made = new Uint8ClampedArray(256 * 4);
  for (let i = 0; i < 256; i++) {
    const at = i / 255;
    const next = Math.max(1, RAMP.findIndex(([stop]) => stop >= at));
    const [[low, from], [high, to]] = [RAMP[next - 1], RAMP[next]];
    for (let k = 0; k < 4; k++) made[i * 4 + k] = from[k] + ((to[k] - from[k]) * (at - low)) / (high - low);
  }
  return made;
}
