import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-database.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // XState's development build keeps the checks that its production build drops in silence.
    execArgv: ['--conditions=development'],
    // Two cores, and half of the tests wait: for processes of ours, for a database, for a lease to pass.
    maxWorkers: 3,
    // A false alarm of that build: a machine with a lazy context assigns it itself, and ours are made in
    // actions of the system.
    onConsoleLog: (text) => !text.startsWith('Custom actions should not call `assign()` directly'),
  },
});
