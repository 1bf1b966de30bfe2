/** One run of the real servers (test/support/globalSetup.ts) for all tests; TypeScript is compiled by swc. */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2023' } }] },
  globalSetup: '<rootDir>/test/support/globalSetup.ts',
  globalTeardown: '<rootDir>/test/support/globalTeardown.ts',
  // Each file brings up its own API, worker and sandbox; two cores run two files well.
  maxWorkers: 2,
  // Longer than the waits within a test (dev/apiClient.ts), which say what did not come.
  testTimeout: 120_000,
};
