import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { fakeDatadog } from '../../local/issuers/datadog.ts';
import { type IssuerServer, startIssuers } from '../../local/issuers/issuer-server.ts';
import { keyNames } from '../../shared/strategies/key-name.ts';
import { survivesCrashes } from '../conformance/crash.ts';

/** More than the function may run, and clocks may differ. */
const LATER_MS = 3_600_000;

const datadog = fakeDatadog();
let server: IssuerServer;
let folder: string;
let masterarn = '';
/** The key that somebody made by hand, for which nothing shows that it is the secret's own. */
let first = '';

survivesCrashes('api-key', {
  async start(effects) {
    server = await startIssuers([datadog], { carry: (request, perform) => effects.pass(request, perform) });
    folder = await mkdtemp(join(tmpdir(), 'api-key-'));
    await writeFile(join(folder, 'authority.pem'), server.authority);
  },

  environment: () => ({
    ALLOWED_PRIVATE_HOSTS: server.host,
    NODE_EXTRA_CA_CERTS: join(folder, 'authority.pem'),
  }),

  async newSecret() {
    for (const { id } of datadog.keys.living()) datadog.keys.end(id);
    const { id, value } = datadog.keys.issue({ name: 'made by hand' });
    first = id;
    masterarn = `crash/administrator-${randomUUID()}`;
    return JSON.stringify({ provider: 'datadog', masterarn, keyId: id, key: value, note: 'kept' });
  },

  /** With an orphan, which each rotation has to end. */
  async created(secretArn, store) {
    const { administrator } = datadog;
    const serves = { [secretArn]: {} };
    const baseUrl = server.baseUrlOf(datadog);
    await store(JSON.stringify({ provider: 'datadog', baseUrl, ...administrator, serves }), masterarn);
    datadog.keys.issue({ name: keyNames(secretArn, randomUUID(), 200).name(new Date(), false) });
    datadog.keys.age(LATER_MS);
  },

  accepts: async (text) => datadog.keys.works(JSON.parse(text).key),

  // Until then a key might be one that the function, had it not been killed, would store.
  died: () => datadog.keys.age(LATER_MS),

  async check(current, previous) {
    const known = [first, ...[current, previous].map((text) => JSON.parse(text).keyId)];
    expect(known).toEqual(expect.arrayContaining(datadog.keys.living().map(({ id }) => id)));
    expect(datadog.keys.works(JSON.parse(current).key)).toBe(true);
  },

  async stop() {
    await server.close();
    await rm(folder, { recursive: true });
  },
});
