import { randomUUID } from 'node:crypto';
import { fakeDatadog } from '../../local/issuers/datadog.ts';
import type { Fault } from '../../local/issuers/fake-issuer.ts';
import { type DedicatedUser, type StandIns, startDedicatedUser, startStandIns } from '../../local/issuers/stand-ins.ts';
import { json, type LeakCase, leaksNothing, plant } from '../conformance/leaks.ts';
import type { Protocol } from '../support/protocol.ts';

const datadog = fakeDatadog();
let protocol: Protocol;
let issuers: StandIns;
let user: DedicatedUser;

/** A secret at Datadog, and its administrator's, which may say something else. */
function apiKey(
  what: string,
  error?: RegExp,
  {
    secret = () => ({}),
    administrator = () => ({}),
    fault,
  }: {
    readonly secret?: (planted: string[]) => Record<string, unknown>;
    readonly administrator?: (planted: string[]) => Record<string, unknown>;
    readonly fault?: { readonly on: RegExp; readonly fault: Fault };
  } = {},
): LeakCase {
  let named = '';
  return {
    what,
    function: 'api-key',
    ...(error && { error }),

    secret(planted) {
      named = `leaks/administrator-${randomUUID()}`;
      issuers.faults.splice(0);
      if (fault) issuers.faults.push(fault);
      const { id, value } = datadog.keys.issue({ name: `made by hand for ${named}` });
      const fields = { provider: 'datadog', masterarn: named, keyId: id, key: plant(planted, value) };
      return { ...json({ ...fields, note: plant(planted), ...secret(planted) }), tags: AT_ONCE };
    },

    created(arn, planted) {
      for (const credential of Object.values(datadog.administrator)) plant(planted, credential);
      const fields = { provider: 'datadog', baseUrl: issuers.baseUrlOf(datadog), ...datadog.administrator };
      const value = { ...fields, note: plant(planted), serves: { [arn]: {} }, ...administrator(planted) };
      protocol.service.store.create(named, {}, randomUUID(), { SecretString: JSON.stringify(value) });
    },

    environment: () => issuers.environment,
  };
}

const AT_ONCE = [{ Key: 'rotation:retire', Value: 'at-once' }];
const echo = (on: RegExp, status = 400) => ({ fault: { on, fault: { kind: 'echoes', status } as const } });

const apiKeys: readonly LeakCase[] = [
  apiKey('rotates an API key'),
  apiKey('hears the administrator’s credential from the issuer, which makes no key', /IssuerRefused/, echo(/^POST /)),
  apiKey('hears it from an issuer that refuses it', /IssuerRefused.*credential/s, echo(/^GET .*api_keys/, 403)),
  apiKey('hears the new key from the issuer', /IssuerRefused.*trying a key/s, echo(/validate/)),
  apiKey('is redirected with its credential', /IssuerRefused.*redirect/s, {
    fault: { on: /^POST /, fault: { kind: 'redirects', to: 'https://127.0.0.1:1/elsewhere' } },
  }),
  apiKey('gets half a key', /Unreachable/, { fault: { on: /^POST /, fault: { kind: 'answer is truncated' } } }),
  apiKey('finds a credential that no header can carry', /InvalidSecret.*"administrator\.apiKey"/s, {
    administrator: (p) => ({ apiKey: plant(p) }),
  }),
  apiKey('finds a credential of another kind', /"apiKey" must be a text/, {
    administrator: (p) => ({ apiKey: { nested: plant(p) } }),
  }),
  apiKey('finds a password where the address should be', /"baseUrl" must be an address/, {
    administrator: (p) => ({ baseUrl: plant(p) }),
  }),
  apiKey('finds a password in the address', /"baseUrl" must be an address/, {
    administrator: (p) => ({ baseUrl: `https://u:${plant(p, `canary-${randomUUID()}`)}@127.0.0.1/` }),
  }),
  apiKey('finds an administrator who serves others', /AdministratorRefused.*does not serve/s, {
    administrator: (p) => ({ serves: {}, provider: plant(p) }),
  }),
  apiKey('finds a password where the provider should be', /"provider" must be one of/, {
    secret: (p) => ({ provider: plant(p) }),
  }),
  apiKey('finds a declaration of the wrong shape', /InvalidSecret.*"declaration\.mint"/s, {
    secret: () => ({ provider: 'http' }),
    administrator: (p) => ({ provider: 'http', declaration: { mint: plant(p), facts: [plant(p)] } }),
  }),
];

/** A secret of the one user, with a key that works, and what else it says. */
function accessKey(
  what: string,
  error?: RegExp,
  more: (planted: string[]) => Record<string, unknown> = () => ({}),
): LeakCase {
  return {
    what,
    function: 'iam-access-key',
    ...(error && { error }),

    secret(planted) {
      const { iam, userName } = user;
      for (const { id } of iam.users.keysOf(userName)) iam.users.end(id);
      iam.faults.splice(0);
      const { id, secret } = iam.users.mint(userName);
      const fields = { UserName: userName, AccessKeyId: id, SecretAccessKey: plant(planted, secret) };
      return { ...json({ ...fields, note: plant(planted), ...more(planted) }), tags: AT_ONCE };
    },

    environment: () => user.environment,
  };
}

const accessKeys: readonly LeakCase[] = [
  accessKey('rotates an access key'),
  accessKey('is refused the current key', /CurrentLoginRefused/, (p) => ({ SecretAccessKey: plant(p) })),
  accessKey('finds a secret where the user should be', /"UserName" must be/, (p) => ({ UserName: plant(p) })),
  accessKey('finds a secret where the id should be', /CurrentLoginRefused/, (p) => ({ AccessKeyId: plant(p) })),
  accessKey('finds the key of the wrong shape', /"SecretAccessKey"/, (p) => ({ SecretAccessKey: { wrong: plant(p) } })),
  accessKey('gets nonsense instead of the new key', /Unreachable.*iam:CreateAccessKey/s, (p) => {
    const text = `<CreateAccessKeyResponse><Secret>${plant(p, `canary-${randomUUID()}`)}`;
    user.iam.faults.push({ operation: 'CreateAccessKey', answer: { text }, done: true });
    return {};
  }),
];

leaksNothing([...apiKeys, ...accessKeys], {
  async start(started) {
    protocol = started;
    issuers = await startStandIns([datadog]);
    user = await startDedicatedUser('leaks-app');
  },

  async stop() {
    await issuers.close();
    await user.iam.close();
  },
});
