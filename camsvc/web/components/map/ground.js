// What lies beneath every map: tiles where an operator has them, else boundaries, roads and water from files.
import { leaflet as L } from "nicegui-leaflet";
import { element } from "camsvc-map/element.js";

const NAMES_MAX = 300; // of boundaries and roads
const NAME_PX = 9; // a letter of a name takes this, with some room
const LETTER_PX = 6.5; // and this without
const LINE_PX = 15; // names are so far above each other
const ZOOM_MAX = 20;
const TILES_NATIVE_MAX = 19; // beyond, tiles are enlarged
export const FIT = { padding: [36, 36], maxZoom: 17 };
const styles = new Map(); // style sheets by their address, and when they are there

// Resolves when the style sheet is there, or cannot be had: a map without its looks is better than none.
export function styled(url) {
  if (!styles.has(url)) {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: url });
    styles.set(url, new Promise((done) => (link.onload = link.onerror = done)));
    document.head.append(link);
  }
  return styles.get(url);
}

export class Ground {
  // `given` is what map_modules.ground says; `fit()` goes to what the map is about.
  constructor(place, given, fit) {
    const map = L.map(place, { zoomControl: false, attributionControl: Boolean(given.tiles && given.attribution), boxZoom: false, maxZoom: ZOOM_MAX });
    this.map = map;
    this.given = given;
    this.marked = [];
    this.areas = []; // of features that say which area they bound
    const zoom = L.control.zoom({ zoomInTitle: given.texts["map.zoom_in"], zoomOutTitle: given.texts["map.zoom_out"] }).addTo(map);
    this.addFit(zoom.getContainer(), fit);
    L.control.scale({ imperial: false, maxWidth: 120 }).addTo(map);
    if (map.attributionControl) map.attributionControl.setPrefix(false);
    if (given.tiles) L.tileLayer(given.tiles, { attribution: given.attribution, maxZoom: ZOOM_MAX, maxNativeZoom: TILES_NATIVE_MAX }).addTo(map);
    map.setView([given.centre[0], given.centre[1]], given.centre[2]);
    map.on("zoomanim", () => (this.zooming = true));
    map.on("zoomend", () => (this.zooming = false));
    this.sizer = new ResizeObserver(() => map.invalidateSize({ pan: false }));
    this.sizer.observe(place);
  }

  addFit(bar, fit) {
    const button = element("a", "cam-map__fit");
    button.href = "#";
    button.title = this.given.texts["map.fit"];
    button.setAttribute("role", "button");
    button.setAttribute("aria-label", this.given.texts["map.fit"]);
    button.append(element("i", "material-icons", "zoom_out_map"));
    L.DomEvent.disableClickPropagation(button);
    button.addEventListener("click", (event) => {
      event.preventDefault();
      fit();
    });
    bar.append(button);
  }

  // Boundaries and roads; returns when they are there, with the extent of all of them, or null.
  async loadLayers() {
    const { map } = this;
    map.createPane("names").style.zIndex = 450; // above the lines, below the pins
    const names = [];
    const extent = L.latLngBounds([]);
    for (const url of this.given.layers) {
      const answer = await fetch(url, { credentials: "same-origin" }).catch(() => null);
      if (!answer?.ok || this.gone) continue;
      const layer = this.lines(await answer.json(), names);
      if (this.gone) return null;
      layer.addTo(map).bringToBack();
      if (layer.getBounds().isValid()) extent.extend(layer.getBounds());
    }
    const show = () => this.name(names);
    map.on("zoomend", show);
    show();
    this.mark(this.marked);
    return extent.isValid() ? extent : null;
  }

  // A name is shown where its line or area is about as long as the name, and no longer one's name is in the way.
  name(names) {
    const { map } = this;
    const sized = names.map(({ drawn, chars }) => {
      const box = drawn.getBounds();
      const [from, to, at] = [box.getNorthWest(), box.getSouthEast(), drawn.getCenter?.() ?? box.getCenter()].map((each) => map.latLngToLayerPoint(each));
      return { drawn, at, wide: chars * LETTER_PX, long: from.distanceTo(to), fits: from.distanceTo(to) > chars * NAME_PX };
    });
    const taken = [];
    for (const each of sized.sort((a, b) => b.long - a.long)) {
      const free = each.fits && !taken.some((other) => Math.abs(other.at.x - each.at.x) < (other.wide + each.wide) / 2 && Math.abs(other.at.y - each.at.y) < LINE_PX);
      if (free) taken.push(each);
      each.drawn[free ? "openTooltip" : "closeTooltip"]();
    }
  }

  lines(document, names) {
    return L.geoJSON(document, {
      interactive: false,
      style: (feature) => ({ className: `cam-map__line cam-map__line--${lineKind(feature)}` }),
      pointToLayer: (_, at) => L.circleMarker(at, { radius: 2, className: "cam-map__line" }),
      onEachFeature: (feature, drawn) => {
        if (feature.properties?.area) this.areas.push({ path: feature.properties.area, drawn });
        const name = feature.properties?.name;
        if (!name || !drawn.getBounds || names.length >= NAMES_MAX) return;
        drawn.bindTooltip(element("span", "", name), { permanent: true, direction: "center", className: `cam-map__name cam-map__name--${lineKind(feature)}`, interactive: false, pane: "names" });
        names.push({ drawn, chars: String(name).length });
      },
    });
  }

  // Paths of areas whose boundaries are drawn strongly.
  mark(paths) {
    this.marked = paths;
    for (const { path, drawn } of this.areas) drawn.getElement?.()?.classList.toggle("cam-map__line--marked", paths.includes(path));
  }

  // Leaflet ends the animation of a zoom by a timer that it does not take back: a map goes after its last zoom.
  remove() {
    this.gone = true;
    this.sizer.disconnect();
    if (this.zooming) this.map.once("zoomend", () => queueMicrotask(() => this.map.remove()));
    else this.map.remove();
  }
}

function lineKind(feature) {
  const kind = feature.properties?.kind;
  if (["water", "road", "street"].includes(kind)) return kind;
  return /Line/.test(feature.geometry?.type) ? "road" : "area";
}
