import { availableParallelism } from 'node:os';

/** @type {import('jest').Config} */
export default {
  testMatch: ['<rootDir>/spec/**/*.spec.ts'],
  injectGlobals: false, // specs import what they use; `jest` is no global in ES modules anyway
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': ['ts-jest', { useESM: true }] },
  // No test fails because the machine is busy: this only ends what hangs.
  testTimeout: 300_000,
  // Most specs wait for processes rather than compute: three at once on two processors.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  // A worker keeps the scripts of all specs that it has run, and each time that the inspector is turned on it goes through them.
  workerIdleMemoryLimit: '600MB',
  collectCoverageFrom: ['lib/**/*.ts'],
  coverageProvider: 'v8',
};
