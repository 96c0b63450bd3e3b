import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { afterAll } from 'vitest';

/** A directory that is gone after the tests of the file or block that calls this; not to be called inside a test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'infra-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What `npm run build` leaves for one function, as far as the infrastructure can tell. */
export function writeBundle(folder: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.mjs'), 'export const handler = async () => {};\n');
  return folder;
}

/** An empty stack and a bundle to deploy; nothing is read from or written to the checkout. */
export function standInStack(): { stack: Stack; bundle: string; outdir: string } {
  const folder = temporaryFolder();
  const outdir = join(folder, 'cdk.out');
  return { stack: new Stack(new App({ outdir }), 'Test'), bundle: writeBundle(join(folder, 'bundle')), outdir };
}
