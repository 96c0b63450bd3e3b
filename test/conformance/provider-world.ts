import { randomUUID } from 'node:crypto';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { certificateAuthority } from '../../local/certificates.ts';
import type { FakeIssuer } from '../../local/issuers/fake-issuer.ts';
import type { IssuedKeys } from '../../local/issuers/issued-keys.ts';
import { type IssuerServer, startIssuers } from '../../local/issuers/issuer-server.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Declaration } from '../../shared/providers/declaration.ts';
import { openDeclared } from '../../shared/providers/declared-provider.ts';
import type { Access, Issuer, TimeLimit } from '../../shared/providers/provider.ts';
import type { RotationHandler } from '../../shared/rotation/handler.ts';
import { rotationHandler } from '../../shared/rotation/handler.ts';
import { administered } from '../../shared/strategies/administered-issuer.ts';
import { mintedKey } from '../../shared/strategies/minted-key.ts';
import { type Around, interceptCalls } from '../support/intercepted-calls.ts';
import { clientFor, type Protocol, startProtocol } from '../support/protocol.ts';

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

/** Time that passes only when somebody waits, or a test says so. */
export class TestClock implements Clock {
  readonly waits: number[] = [];
  #ahead = 0;

  now(): Date {
    return new Date(Date.now() + this.#ahead);
  }

  async wait(milliseconds: number): Promise<void> {
    this.waits.push(milliseconds);
    this.#ahead += milliseconds;
  }

  pass(milliseconds: number): void {
    this.#ahead += milliseconds;
  }
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
  /** A handler as a fresh container has it; `watch` sees each call of the issuer, `around` each of Secrets Manager. */
  handler(watch?: (issuer: Issuer) => Issuer, around?: Around): RotationHandler;
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
  const protocol = await startProtocol();
  const clock = new TestClock();
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

    handler(watch = (issuer) => issuer, around) {
      const client = clientFor(protocol.service.endpoint);
      if (around) interceptCalls(client, around);
      const { name } = subject.declaration;
      const provider = { name, open: (access: Access, limit: TimeLimit) => watch(open(access, limit)) };
      return rotationHandler(mintedKey(administered([provider]), clock), client);
    },

    succeeded(arn, token) {
      const secret = protocol.service.store.find(arn);
      secret.versions.clearPending(token, clock.now());
      const [functionArn, lastRotated] = ['arn:aws:lambda:us-east-1:123456789012:function:api-key', clock.now()];
      secret.rotation = {
        functionArn,
        rules: {},
        schedule: undefined,
        enabled: true,
        lastRotated,
        latest: undefined,
        due: undefined,
      };
    },

    async close() {
      setDefaultCACertificates(trusted);
      delete process.env['ALLOWED_PRIVATE_HOSTS'];
      await protocol.close();
      await server.close();
    },
  };
}
