import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FakeIssuer } from './fake-issuer.ts';
import { type FakeIam, startIam } from './iam.ts';
import { type IssuerServer, type IssuerServerOptions, startIssuers } from './issuer-server.ts';

/** Issuers on this machine, and what a function has to be told to go to them. */
export interface StandIns extends IssuerServer {
  /** Environment variables of the function: the issuers' authority, and that they may have a private address. */
  readonly environment: Readonly<Record<string, string>>;
}

export async function startStandIns(
  issuers: readonly FakeIssuer[],
  options: IssuerServerOptions = {},
): Promise<StandIns> {
  const server = await startIssuers(issuers, options);
  const folder = await mkdtemp(join(tmpdir(), 'issuers-'));
  const authority = join(folder, 'authority.pem');
  await writeFile(authority, server.authority);
  return {
    ...server,
    environment: { ALLOWED_PRIVATE_HOSTS: server.host, NODE_EXTRA_CA_CERTS: authority },
    async close() {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

export interface DedicatedUser {
  readonly iam: FakeIam;
  readonly userName: string;
  /** Environment variables of the function: where IAM and STS are, and whose keys are the secret's alone. */
  readonly environment: Readonly<Record<string, string>>;
}

/** An IAM on this machine, with one user, which has no key yet. */
export async function startDedicatedUser(userName: string): Promise<DedicatedUser> {
  const iam = await startIam();
  const { endpoint } = iam;
  const environment = {
    DEDICATED_USERS: iam.users.add(userName),
    AWS_ENDPOINT_URL_IAM: endpoint,
    AWS_ENDPOINT_URL_STS: endpoint,
  };
  return { iam, userName, environment };
}
