import { defineConfig } from 'vitest/config';

/** Projects run one after the other, the quick ones first. */
const project = (name: string, groupOrder: number, testTimeout: number, options: object = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    environment: 'node' as const,
    testTimeout,
    hookTimeout: 120_000,
    sequence: { groupOrder },
    ...options,
  },
});

/** Suites that start servers or kill processes have the machine to themselves. */
const ALONE = { fileParallelism: false, pool: 'forks' as const };

export default defineConfig({
  test: {
    reporters: ['default', './test/report/closing-line.ts'],
    projects: [
      project('unit', 0, 20_000, { maxWorkers: '100%' }),
      project('conformance', 1, 60_000, ALONE),
      project('integration', 2, 120_000, ALONE),
      project('e2e', 3, 300_000, ALONE),
      project('chaos', 4, 900_000, ALONE),
    ],
  },
});
