import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, vi } from 'vitest';
import { type FakeIam, startIam } from '../../local/issuers/iam.ts';
import { iamAccessKey } from '../../shared/providers/iam-access-key.ts';
import { rotationHandler } from '../../shared/rotation/handler.ts';
import { iamUser, type UserKeys } from '../../shared/strategies/iam-user.ts';
import { mintedKey } from '../../shared/strategies/minted-key.ts';
import { secretOf, setEnvironment } from '../support/iam-rotation.ts';
import { interceptCalls } from '../support/intercepted-calls.ts';
import { clientFor, startProtocol } from '../support/protocol.ts';
import { type Effect, effectful, type MintedKeySubject, TestClock } from './minted-key-world.ts';

/** The access keys of dedicated IAM users, another one for each test, as the suite of minted keys sees them. */
export function keysOfIamUsers(): MintedKeySubject {
  let iam: FakeIam;
  let clock = new TestClock();

  beforeAll(async () => {
    iam = await startIam({ now: () => clock.now() });
  });

  afterAll(() => iam.close());

  return {
    facts: iamAccessKey.facts,
    dedicated: true,
    replaces: false,

    async start() {
      clock = new TestClock();
      const protocol = await startProtocol(() => clock.now());
      const { users, faults } = iam;
      const user = `app-${randomUUID()}`;
      setEnvironment(iam);
      vi.stubEnv('DEDICATED_USERS', users.add(user, '/team/'));
      iam.propagation = 0;
      const living = () => users.keysOf(user).map(({ id, secret, active }) => ({ id, value: secret, active }));

      return {
        protocol,
        clock,
        keys: {
          living,
          works: (value) => living().some((key) => key.value === value && key.active),
          end: (id) => users.end(id),
          issue: () => users.mint(user).secret,
          propagation: (times) => void Object.assign(iam, { propagation: times }),
        },
        credentials: [],

        newSecret(tags = {}) {
          const value = { ...JSON.parse(secretOf(users.mint(user))), note: 'kept' };
          return protocol.createSecret(
            JSON.stringify(value),
            Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
          );
        },

        keyIn(arn, version) {
          const text = protocol.valueOf(arn, version);
          return text === undefined ? '' : String(JSON.parse(text).SecretAccessKey);
        },

        handler(effect = (_, perform) => perform()) {
          const client = clientFor(protocol.service.endpoint);
          interceptCalls(client, ({ operation }, perform) => effect(operation, perform));
          return rotationHandler(mintedKey(iamUser(askedBy(effect)), clock), client);
        },

        refuse: () => void faults.push({ operation: 'ListAccessKeys', answer: { status: 403, code: 'AccessDenied' } }),

        async close() {
          faults.splice(0);
          vi.unstubAllEnvs();
          await protocol.close();
        },
      };
    },
  };
}

function askedBy(effect: Effect): UserKeys {
  return {
    ownIdentity: (...asked) => effect('role', () => iamAccessKey.ownIdentity(...asked)),
    identityOf: (...asked) => effect('identity', () => iamAccessKey.identityOf(...asked)),
    open: (...asked) => effectful(iamAccessKey.open(...asked), effect),
  };
}
