/** Starts: the milliseconds since then, or those of processor time that this process got if these are fewer: somebody else had the processor. */
export function stopwatch(): () => number {
  const [wall, used] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(used);
    return Math.min(performance.now() - wall, (user + system) / 1000);
  };
}
