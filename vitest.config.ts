import { defineConfig } from 'vitest/config';

const project = (name: string, testTimeout: number, options: object = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    environment: 'node',
    testTimeout,
    hookTimeout: 120_000,
    ...options,
  },
});

export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [
      project('unit', 10_000),
      project('conformance', 60_000),
      project('integration', 120_000, { fileParallelism: false, pool: 'forks' }),
      project('e2e', 300_000, { fileParallelism: false, pool: 'forks' }),
      project('chaos', 900_000, { fileParallelism: false, pool: 'forks' }),
      project('simulation', 120_000),
    ],
  },
});
