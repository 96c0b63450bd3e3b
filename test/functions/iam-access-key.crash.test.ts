import { expect } from 'vitest';
import { type FakeIam, startIam } from '../../local/issuers/iam.ts';
import { LOCAL_CREDENTIALS } from '../../local/local-stack.ts';
import { survivesCrashes } from '../conformance/crash.ts';
import type { Effects } from '../support/effects.ts';
import { type EffectProxy, effectProxy } from '../support/secrets-manager-proxy.ts';

/** More than any function here may run, and clocks may differ. */
const LATER_MS = 3_600_000;

const USER = 'app';
let iam: FakeIam;
let proxy: EffectProxy;

survivesCrashes('iam-access-key', {
  async start(effects: Effects) {
    iam = await startIam({ role: LOCAL_CREDENTIALS });
    const actionIn = (_: unknown, body: Buffer) => new URLSearchParams(body.toString()).get('Action') ?? '';
    proxy = await effectProxy(() => iam.endpoint, effects, actionIn);
  },

  environment() {
    const endpoint = `http://127.0.0.1:${proxy.port}`;
    return { DEDICATED_USERS: iam.users.add(USER), AWS_ENDPOINT_URL_IAM: endpoint, AWS_ENDPOINT_URL_STS: endpoint };
  },

  /** With an orphan at the quota of two, so that each rotation has to make room first. */
  async newSecret() {
    for (const { id } of iam.users.keysOf(USER)) iam.users.end(id);
    iam.users.mint(USER);
    const { id, secret } = iam.users.mint(USER);
    iam.users.age(LATER_MS);
    return JSON.stringify({ UserName: USER, AccessKeyId: id, SecretAccessKey: secret });
  },

  accepts: async (text) => works(text),

  // Until then a key might be one that the function, had it not been killed, would store.
  died: () => iam.users.age(LATER_MS),

  // Who died right after the promotion left no date of it: the function's own proofs look like a use since then.
  wayOut: {
    error: 'PreviousKeyStillInUse',
    follow(message) {
      iam.users.end(/Key (AKIA\w+)/.exec(message)?.[1] ?? '');
    },
  },

  async check(current, previous) {
    const known = [current, previous].map((text) => JSON.parse(text).AccessKeyId);
    expect(known).toEqual(expect.arrayContaining(iam.users.keysOf(USER).map(({ id }) => id)));
    expect(works(current)).toBe(true);
  },

  async stop() {
    await proxy.close();
    await iam.close();
  },
});

function works(text: string): boolean {
  const { AccessKeyId, SecretAccessKey } = JSON.parse(text);
  const key = iam.users.key(AccessKeyId);
  return key?.secret === SecretAccessKey && key?.active === true;
}
