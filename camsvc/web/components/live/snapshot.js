// What is seen, as a file: the picture in its own size, with its boxes when they are shown, named by camera and moment.
import { paintBoxes } from "./scenes.js";

// ``picture``: a <video> or a <canvas>. Resolves to the file's name; null when there is no picture.
export async function snapshot(picture, camera, wallMs, boxes, labels) {
  const [width, height] = [picture?.videoWidth ?? picture?.width, picture?.videoHeight ?? picture?.height];
  if (!width) return null;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, width, height);
  paintBoxes(context, [0, 0, width, height], boxes, labels);
  const file = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const moment = new Date(wallMs).toISOString().replace(/[-:]/g, "").replace(".", "_");
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: `${camera}_${moment}.png` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  return link.download;
}
