import dns from 'node:dns';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../local/databases/postgres-server.ts';
import { createSuperuser, SUPERUSER } from '../../support/alternating-roles.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { newPairRotation, type PairOptions, rolesOf } from '../../support/pair-rotation.ts';
import { type Protocol, startProtocol } from '../../support/protocol.ts';
import { newRoleRotation } from '../../support/role-rotation.ts';
import { type FakeInstance, type FakeRds, startFakeRds } from '../rds/fake-rds.ts';

const DOMAIN = 'abc123.eu-west-1.rds.amazonaws.com';
const WRITER = `orders.cluster-${DOMAIN}`;
const READER = `orders.cluster-ro-${DOMAIN}`;

let server: PostgresServer;
let protocol: Protocol;
let fake: FakeRds;
outputOfEachTest();
const { lookup } = dns;

beforeAll(async () => {
  [server, protocol, fake] = await Promise.all([
    startPostgres({ settings: { ssl: 'off' } }),
    startProtocol(),
    startFakeRds(),
  ]);
  await createSuperuser(server);
  // All endpoints of RDS are the server of this test.
  const atHome = (host: string) => (host.endsWith(DOMAIN) ? '127.0.0.1' : host);
  Object.assign(dns, {
    lookup: (host: string, ...rest: unknown[]) => Reflect.apply(lookup, dns, [atHome(host), ...rest]),
  });
});

afterAll(async () => {
  Object.assign(dns, { lookup });
  await Promise.all([server.stop(), protocol.close(), fake.close()]);
});

beforeEach(() => {
  fake.calls.splice(0);
  [fake.instances, fake.clusters] = [[], []];
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDONE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret-one');
  vi.stubEnv('AWS_ENDPOINT_URL_RDS', fake.endpoint);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

const noPlace = { host: undefined, port: undefined };
const beginPair = (options?: PairOptions) => newPairRotation(server, protocol, options);
type Pair = Awaited<ReturnType<typeof beginPair>>;

/** The instance through which the rotation's connections are seen. */
function instance(rotation: { proxy: { port: number } }, more: Partial<FakeInstance> = {}): FakeInstance {
  return { id: 'orders-1', address: '127.0.0.1', port: rotation.proxy.port, ...more };
}

describe('a secret that names no host', () => {
  it.each([
    ['an instance', { dbInstanceIdentifier: 'orders-1' }, 'DescribeDBInstances orders-1'],
    ['a cluster', { dbClusterIdentifier: 'orders' }, 'DescribeDBClusters orders'],
  ])('but %s of RDS rotates where that is, for one question a step', async (_, identifier, call) => {
    const rotation = await newRoleRotation(server, protocol, { fields: () => ({ ...noPlace, ...identifier }) });
    const port = rotation.proxy.port;
    fake.instances = [instance(rotation)];
    fake.clusters = [{ id: 'orders', endpoint: '127.0.0.1', port }];
    const old = rotation.passwordIn('AWSCURRENT');

    await rotation.finish();

    expect(await rotation.logsIn(rotation.passwordIn('AWSCURRENT'))).toBe(true);
    expect(await rotation.logsIn(old)).toBe(false);
    expect(JSON.parse(rotation.textIn('AWSCURRENT'))).toEqual({
      ...JSON.parse(rotation.textIn('AWSPREVIOUS')),
      password: rotation.passwordIn('AWSCURRENT'),
    });
    // createSecret and finishSecret need no database.
    expect(fake.calls).toEqual([call, call]);
  });

  it('is refused where RDS runs another engine', async () => {
    const fields = () => ({ ...noPlace, dbInstanceIdentifier: 'orders-1' });
    const rotation = await newRoleRotation(server, protocol, { fields });
    fake.instances = [instance(rotation, { engine: 'mysql' })];
    await rotation.step('createSecret');
    const error = await rotation.failure('setSecret');
    expect(error).toMatchObject({ name: 'InvalidSecret', message: expect.stringContaining('RDS runs mysql') });
    expect(rotation.proxy.sent().toString()).toBe('');
  });

  it('says which permission is missing', async () => {
    const fields = () => ({ ...noPlace, dbInstanceIdentifier: 'orders-1' });
    const rotation = await newRoleRotation(server, protocol, { fields });
    fake.failures.push({ status: 403, code: 'AccessDenied' });
    await rotation.step('createSecret');
    const error = await rotation.failure('setSecret');
    expect(error).toMatchObject({ name: 'RdsRefused', message: expect.stringContaining('rds:DescribeDBInstances') });
  });
});

describe("a superuser's secret in which RDS keeps a master password", () => {
  const managed = { ...noPlace, engine: undefined, ssl: undefined };

  it.each([
    ['names its instance', { ...noPlace, dbInstanceIdentifier: 'orders-1' }],
    ['has a host outside RDS, and names its instance', { dbInstanceIdentifier: 'orders-1' }],
  ])('is completed by what RDS says of the database, where the secret %s', async (_, fields) => {
    const rotation = await beginPair({ fields, superuserFields: { ...managed, ssl: false } });
    fake.instances = [instance(rotation, { secretArn: rotation.superuserArn, master: SUPERUSER.username })];
    await rotation.finish();
    expect(rotation.loginIn('AWSCURRENT').username).toBe(rotation.clone);
    expect(await rotation.logsIn('AWSCURRENT')).toBe(true);
    expect(await rotation.logsIn('AWSPREVIOUS')).toBe(true);
  });

  it('of another database is refused, and nothing is changed', async () => {
    const fields = { ...noPlace, dbInstanceIdentifier: 'orders-1' };
    const rotation = await beginPair({ fields, superuserFields: managed });
    fake.instances = [instance(rotation, { secretArn: `${rotation.superuserArn}-of-another`, master: 'admin' })];
    await nothingChanges(rotation, {
      name: 'InvalidSecret',
      message: expect.stringContaining(`The superuser's secret ${rotation.superuserArn}`),
    });
  });

  it('cannot be completed for a host that tells RDS nothing', async () => {
    const rotation = await beginPair({ superuserFields: managed });
    await nothingChanges(rotation, {
      name: 'InvalidSecret',
      message: expect.stringMatching(/holds no host.*or engine, host and port/),
    });
    expect(fake.calls).toEqual([]);
  });
});

describe("a superuser's secret for another endpoint", () => {
  /** A pair whose secret and whose superuser's secret name these hosts; all of them are the same server. */
  const at = (host: string, superuserHost: string) =>
    beginPair({ fields: { host }, superuserFields: { host: superuserHost } });

  beforeEach(() => {
    fake.clusters = [
      { id: 'orders', endpoint: WRITER, reader: READER, members: ['orders-1', 'orders-2'] },
      { id: 'stock', endpoint: `stock.cluster-${DOMAIN}`, members: ['stock-1'] },
    ];
    fake.instances = [
      { id: 'orders-1', address: `orders-1.${DOMAIN}`, cluster: 'orders' },
      { id: 'stock-1', address: `stock-1.${DOMAIN}`, cluster: 'stock' },
      { id: 'primary', address: `primary.${DOMAIN}` },
      { id: 'replica', address: `replica.${DOMAIN}`, source: 'primary' },
    ];
  });

  it.each([
    ["the writer of the reader's cluster", READER, WRITER],
    ["an instance of the writer's cluster", WRITER, `orders-1.${DOMAIN}`],
    ['the primary of a read replica', `replica.${DOMAIN}`, `primary.${DOMAIN}`],
  ])('that is %s is taken', async (_, host, superuserHost) => {
    const rotation = await at(host, superuserHost);
    await rotation.finish();
    expect(JSON.parse(rotation.textIn('AWSCURRENT'))).toMatchObject({ host, username: rotation.clone });
    expect(await rotation.logsIn('AWSCURRENT')).toBe(true);
  });

  it.each([
    ['another cluster', WRITER, `stock.cluster-${DOMAIN}`],
    ['an instance of another cluster', WRITER, `stock-1.${DOMAIN}`],
    ['a replica of the very database', `primary.${DOMAIN}`, `replica.${DOMAIN}`],
    ['another account', WRITER, 'orders.cluster-zzz999.eu-west-1.rds.amazonaws.com'],
    ['a place outside RDS', WRITER, '127.0.0.1'],
  ])('that is %s is refused with both hosts, and nothing is changed', async (_, host, superuserHost) => {
    const rotation = await at(host, superuserHost);
    const { port } = rotation.proxy;
    await nothingChanges(rotation, { name: 'SuperuserRefused', message: expect.stringContaining(`${host}:${port}`) });
    await expect(rotation.step('setSecret')).rejects.toThrow(`${superuserHost}:${port}`);
    expect(rotation.proxy.sent().toString()).toBe('');
  });

  it('that is a proxy is refused with what to name instead', async () => {
    const rotation = await at(WRITER, `pool.proxy-${DOMAIN}`);
    await nothingChanges(rotation, {
      name: 'InvalidSecret',
      message: expect.stringMatching(/The superuser's secret arn:.*is an RDS Proxy/),
    });
  });
});

it('a database outside RDS is rotated without a question to RDS', async () => {
  const rotation = await beginPair();
  await rotation.finish();
  expect(fake.calls).toEqual([]);
});

async function nothingChanges(rotation: Pair, error: object): Promise<void> {
  await rotation.step('createSecret');
  const before = await rolesOf(server);
  expect(await rotation.failure('setSecret')).toMatchObject(error);
  expect(await rolesOf(server)).toEqual(before);
}
