import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-database.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // XState's development build keeps the checks that its production build drops in silence.
    execArgv: ['--conditions=development'],
    maxWorkers: 2,
  },
});
