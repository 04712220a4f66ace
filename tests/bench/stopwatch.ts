/**
 * Starts: the milliseconds since then, or those of processor time that this process got if these are fewer: somebody else had the processor. A
 * browser does not tell of the latter.
 */
export function stopwatch(): () => number {
  const wall = performance.now();
  if (typeof process === "undefined") return () => performance.now() - wall;
  const used = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(used);
    return Math.min(performance.now() - wall, (user + system) / 1000);
  };
}
