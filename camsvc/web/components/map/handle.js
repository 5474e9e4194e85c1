// A point that is taken with the pointer, or reached with Tab and moved with the arrow keys.
import { leaflet as L } from "nicegui-leaflet";
import { element } from "camsvc-map/element.js";

const STEP_PX = 8; // of an arrow key; with Shift one
const SETTLE_MS = 700; // after the last arrow key: then the move is done
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// `moving(at)` as it goes, `moved(at)` at its end, `removed()` on Delete; `at` is [lat, lon].
export function handle(map, at, { kind, icon, label, begin, moving, moved, removed }) {
  const knob = element("div", `cam-handle cam-handle--${kind}`);
  if (icon) knob.append(element("i", "material-icons", icon));
  const marker = L.marker(at, {
    icon: L.divIcon({ html: knob, className: "cam-handle-box", iconSize: [22, 22] }),
    draggable: true,
    autoPan: true,
    keyboard: true,
    zIndexOffset: kind === "between" ? 1500 : 2000, // above the pins
  });
  const where = () => [marker.getLatLng().lat, marker.getLatLng().lng];
  marker.on("dragstart", () => {
    marker.busy = true;
    begin?.();
  });
  marker.on("drag", () => moving?.(where()));
  marker.on("dragend", () => {
    marker.busy = false;
    moved(where());
  });
  marker.on("add", () => {
    const box = marker.getElement();
    box.setAttribute("role", "button");
    box.setAttribute("aria-label", label);
    box.title = label;
    box.dataset.handle = kind;
    L.DomEvent.disableClickPropagation(box);
    box.addEventListener("keydown", (event) => {
      const way = WAYS[event.key];
      if (way) {
        if (!marker.busy) begin?.();
        marker.busy = true;
        const px = event.shiftKey ? 1 : STEP_PX;
        const to = map.layerPointToLatLng(map.latLngToLayerPoint(marker.getLatLng()).add([way[0] * px, way[1] * px]));
        marker.setLatLng(to);
        moving?.(where());
        clearTimeout(marker.settling);
        marker.settling = setTimeout(() => settle(), SETTLE_MS);
      } else if ((event.key === "Delete" || event.key === "Backspace") && removed) removed();
      else if (event.key === "Enter") settle();
      else return;
      event.preventDefault();
      event.stopPropagation(); // else the map moves as well
    });
    box.addEventListener("blur", () => settle());
    if (removed) box.addEventListener("dblclick", () => removed());
  });
  marker.on("remove", () => clearTimeout(marker.settling));
  function settle() {
    clearTimeout(marker.settling);
    if (!marker.settling) return;
    marker.settling = null;
    marker.busy = false;
    moved(where());
  }
  return marker;
}
