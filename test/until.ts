type Holds = () => boolean | Promise<boolean>;
type Words = () => string | Promise<string>;

/** Waits until it holds, looking every few milliseconds. `missed`: what did not come, and what tells why. */
export async function until(holds: Holds, withinMs = 30_000, missed: Words = () => holds.toString()): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${await missed()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
