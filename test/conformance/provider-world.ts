import { randomUUID } from 'node:crypto';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { certificateAuthority } from '../../local/certificates.ts';
import type { FakeIssuer } from '../../local/issuers/fake-issuer.ts';
import type { IssuedKeys } from '../../local/issuers/issued-keys.ts';
import { type IssuerServer, startIssuers } from '../../local/issuers/issuer-server.ts';
import type { Declaration } from '../../shared/providers/declaration.ts';
import { openDeclared } from '../../shared/providers/declared-provider.ts';
import type { Access, Issuer, TimeLimit } from '../../shared/providers/provider.ts';
import type { RotationHandler } from '../../shared/rotation/handler.ts';
import { rotationHandler } from '../../shared/rotation/handler.ts';
import { administered } from '../../shared/strategies/administered-issuer.ts';
import { mintedKey } from '../../shared/strategies/minted-key.ts';
import { interceptCalls } from '../support/intercepted-calls.ts';
import { clientFor, type Protocol, startProtocol } from '../support/protocol.ts';
import { succeeded } from './minted-key-steps.ts';
import { type Effect, effectful, type MintedKeySubject, TestClock } from './minted-key-world.ts';

/** What a provider of the suite is tested with. */
export interface ProviderSubject {
  readonly declaration: Declaration;
  readonly fake: () => FakeIssuer;
  /** The target's fields in the administrator's secret. */
  readonly target?: Readonly<Record<string, unknown>>;
  /** The target as the fake knows it. */
  readonly account?: string;
  /** For issuers whose keys have no names. */
  readonly dedicated?: boolean;
  /** More fields of the administrator's secret, such as addresses, by where the fake is. */
  readonly administrator?: (baseUrl: string) => Readonly<Record<string, unknown>>;
}

/** A function `api-key` in this process, with a Secrets Manager and an issuer that stand in for real ones. */
export interface ProviderWorld {
  readonly protocol: Protocol;
  readonly server: IssuerServer;
  readonly clock: TestClock;
  /** The issuer's keys; another issuer for each test. */
  readonly keys: IssuedKeys;
  readonly account: string;
  readonly administrator: Readonly<Record<string, unknown>>;
  /** As the function opens it. */
  open(limit: TimeLimit): Issuer;
  /** A secret with no key yet, which the administrator's secret serves. Returns its ARN. */
  newSecret(tags?: Readonly<Record<string, string>>): string;
  /** A handler as a fresh container has it. */
  handler(effect?: Effect): RotationHandler;
  /** What the service does once all steps have succeeded. */
  succeeded(arn: string, token: string): void;
  close(): Promise<void>;
}

/** One for the process: Node keeps the authorities that it has been told to trust. */
const authority = certificateAuthority();
const trusted = getCACertificates('default');

export async function startWorld(subject: ProviderSubject): Promise<ProviderWorld> {
  const fake = subject.fake();
  const server = await startIssuers([fake], { authority: await authority });
  const clock = new TestClock();
  const protocol = await startProtocol(() => clock.now());
  setDefaultCACertificates([...trusted, server.authority]);
  process.env['ALLOWED_PRIVATE_HOSTS'] = server.host;

  fake.keys.now = () => clock.now();
  const baseUrl = server.baseUrlOf(fake);
  const administrator = { ...fake.administrator, baseUrl, ...subject.administrator?.(baseUrl) };
  const open = (access: Access, limit: TimeLimit) => openDeclared(subject.declaration, access, limit, clock);
  const targets = subject.target && { targets: { production: subject.target } };

  return {
    protocol,
    server,
    clock,
    keys: fake.keys,
    account: subject.account ?? '',
    administrator,

    open: (limit) =>
      open({ administrator, target: subject.target ?? {}, environment: process.env, conceal: () => {} }, limit),

    newSecret(tags = {}) {
      const { name: provider } = subject.declaration;
      const masterarn = `test/administrator-${randomUUID()}`;
      const value = { provider, masterarn, keyId: '', key: '', note: 'kept' };
      const arn = protocol.createSecret(
        JSON.stringify(value),
        Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      );
      const serves = { [arn]: { ...targets, ...(subject.dedicated && { dedicated: true }) } };
      const secret = JSON.stringify({ provider, ...administrator, serves });
      protocol.service.store.create(masterarn, {}, randomUUID(), { SecretString: secret });
      return arn;
    },

    handler(effect = (_, perform) => perform()) {
      const client = clientFor(protocol.service.endpoint);
      interceptCalls(client, ({ operation }, perform) => effect(operation, perform));
      const { name } = subject.declaration;
      const provider = { name, open: (access: Access, limit: TimeLimit) => effectful(open(access, limit), effect) };
      return rotationHandler(mintedKey(administered([provider]), clock), client);
    },

    succeeded: (arn, token) => succeeded({ protocol, clock }, arn, token),

    async close() {
      setDefaultCACertificates(trusted);
      delete process.env['ALLOWED_PRIVATE_HOSTS'];
      await protocol.close();
      await server.close();
    },
  };
}

/** A declared provider, as the suite of minted keys sees it. */
export function mintedKeysOf(subject: ProviderSubject): MintedKeySubject {
  const { declaration, dedicated = false } = subject;
  return {
    facts: declaration.facts,
    dedicated,
    replaces: declaration.retire === undefined,

    async start() {
      const world = await startWorld(subject);
      const { protocol, clock, server, keys, account, administrator } = world;
      const { baseUrl: _, ...credentials } = administrator;
      return {
        protocol,
        clock,
        keys: {
          living: () => keys.living(account),
          works: (value) => keys.works(value),
          end: (id) => void keys.end(id, account),
          issue: () => keys.issue({ name: 'made by hand', target: account }).value,
          propagation: (times) => void Object.assign(keys, { propagation: times }),
        },
        credentials: Object.values(credentials)
          .filter((text) => typeof text === 'string')
          .filter((text) => text.length > 15 && !text.startsWith('https://')),
        newSecret: world.newSecret,
        keyIn: (arn, version) => String(JSON.parse(protocol.valueOf(arn, version) ?? '{"key":""}').key),
        handler: world.handler,
        refuse: () => void server.faults.push({ on: /./, fault: { kind: 'echoes', status: 403 } }),
        close: world.close,
      };
    },
  };
}
