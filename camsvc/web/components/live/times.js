// Moments and spans as the page shows them, in its language and its time zone.

export function timesIn(locale, timezone, texts) {
  const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: timezone });
  const seconds = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return {
    clock: (ms) => clock.format(new Date(ms)),
    moment: (ms) => `${new Date(ms).toISOString().replace("T", " ").replace("Z", "")} UTC`,
    delay: (ms) => texts["unit.second"].replace("{n}", seconds.format(ms / 1000)),
    // For how long something has been so.
    seconds(ms) {
      const s = Math.max(0, Math.floor(ms / 1000));
      const [n, unit] = s >= 7200 ? [Math.floor(s / 3600), "hour"] : s >= 120 ? [Math.floor(s / 60), "minute"] : [s, "second"];
      return texts["unit." + unit].replace("{n}", n);
    },
  };
}
