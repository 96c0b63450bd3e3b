import { defineConfig } from 'vitest/config';

/** Files of tests that other tests run, some of them to see them fail. */
export default defineConfig({ test: { include: ['test/examples/*.example.ts'] } });
