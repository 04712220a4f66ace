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

/** "1.0× real time", "0.012× real time", "1/50 000 of real time". */
export function paceText(pace: number): string {
  if (pace === 0) return "0× real time";
  if (pace < 0.001) return `1/${grouped(Math.round(1 / pace))} of real time`;
  const digits = pace >= 10 ? 0 : pace >= 0.1 ? 1 : 3;
  return `${pace.toFixed(digits)}× real time`;
}
