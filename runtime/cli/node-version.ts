/** The oldest Node that runs millrace: that of `engines` in package.json. */
export const OLDEST_NODE = '22.18';

/** What to say where Node is too old, in one line; null: it is not. Runs on old Nodes itself. */
export function nodeProblem(version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split('.').map(Number);
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return null;
  return `millrace needs Node ${OLDEST_NODE} or newer, and this is ${version}: install a newer one from nodejs.org, or in this folder with \`npm install node@24\`, which npx then uses`;
}
