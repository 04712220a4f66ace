/** Numbers of the clock, grouped in threes by a no-break space so that they can be read. */
const GROUP = "\u00a0";

export const grouped = (value: number): string =>
  Math.floor(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, GROUP);

/** Seconds with nine places: 4.218 306 940. */
export function clockSeconds(seconds: number): string {
  const [whole, fraction] = seconds.toFixed(9).split(".");
  return `${grouped(Number(whole))}.${fraction.replace(/(\d{3})(?=\d)/g, `$1${GROUP}`)}`;
}

/** "1.0× real time", "0.002× real time". */
export function paceText(pace: number): string {
  if (pace === 0) return "0× real time";
  const digits = pace >= 10 ? 0 : pace >= 0.1 ? 1 : pace >= 0.001 ? 3 : 6;
  return `${pace.toFixed(digits)}× real time`;
}
