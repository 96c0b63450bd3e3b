import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { InvalidSecret, OutOfTime, RdsRefused, Unreachable } from '../../../shared/errors.ts';
import { type Rds, rds } from '../../../shared/rds/rds.ts';
import { failureOf } from '../../support/failure.ts';
import { type FakeRds, startFakeRds } from './fake-rds.ts';

const DOMAIN = 'abc123.eu-west-1.rds.amazonaws.com';
const OTHER_ACCOUNT = 'zzz999.eu-west-1.rds.amazonaws.com';
const WRITER = `orders.cluster-${DOMAIN}`;
const READER = `orders.cluster-ro-${DOMAIN}`;
const REPORTS = `reports.cluster-custom-${DOMAIN}`;
const AUDIT = `audit.cluster-custom-${DOMAIN}`;
const PROXY = `pool.proxy-${DOMAIN}`;
const SECRET = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-1-AbCdEf';
const CLUSTER_SECRET = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!cluster-1-AbCdEf';

let fake: FakeRds;
let environment: Record<string, string> = {};

beforeAll(async () => {
  fake = await startFakeRds();
  environment = {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'AKIDONE',
    AWS_SECRET_ACCESS_KEY: 'secret-one',
    AWS_ENDPOINT_URL_RDS: fake.endpoint,
    AWS_MAX_ATTEMPTS: '2',
  };
});

afterAll(() => fake.close());

const at = (id: string) => `${id}.${DOMAIN}`;

beforeEach(() => {
  fake.calls.splice(0);
  fake.failures.splice(0);
  fake.silent = false;
  fake.instances = [
    { id: 'primary', address: at('primary'), engine: 'mysql', port: 3307, secretArn: SECRET },
    { id: 'replica', address: at('replica'), source: 'primary' },
    { id: 'far-replica', address: at('far-replica'), source: 'arn:aws:rds:us-east-1:123456789012:db:primary' },
    { id: 'single', address: at('single') },
    { id: 'new' },
    { id: 'orders-1', address: at('orders-1'), cluster: 'orders' },
    { id: 'orders-2', address: at('orders-2'), cluster: 'orders' },
    { id: 'stock-1', address: at('stock-1'), cluster: 'stock' },
    { id: 'orders-replica', address: at('orders-replica'), sourceCluster: 'orders' },
  ];
  fake.clusters = [
    {
      id: 'orders',
      endpoint: WRITER,
      reader: READER,
      custom: [REPORTS, AUDIT],
      members: ['orders-1', 'orders-2'],
      secretArn: CLUSTER_SECRET,
    },
    { id: 'stock', endpoint: `stock.cluster-${DOMAIN}`, reader: `stock.cluster-ro-${DOMAIN}`, members: ['stock-1'] },
    { id: 'new' },
  ];
  fake.endpoints = new Map([
    ['reports', 'orders'],
    ['audit', 'orders'],
  ]);
});

function step(signal: AbortSignal = new AbortController().signal): Rds {
  return rds({ signal }, environment);
}

describe('a database by its identifier', () => {
  it('is where its instance is', async () => {
    const location = { host: at('primary'), port: 3307, engine: 'mysql' };
    expect(await step().locate({ dbInstanceIdentifier: 'Primary' })).toEqual(location);
    expect(fake.calls).toEqual(['DescribeDBInstances Primary']);
  });

  it("is where its cluster's writer is", async () => {
    const location = { host: WRITER, port: 5433, engine: 'aurora-postgresql' };
    expect(await step().locate({ dbClusterIdentifier: 'orders' })).toEqual(location);
    expect(fake.calls).toEqual(['DescribeDBClusters orders']);
  });

  it.each([[{ dbInstanceIdentifier: 'new' }], [{ dbClusterIdentifier: 'new' }]])(
    'has no place while it is created: %o',
    async (place) => {
      const error = await failureOf(step().locate(place));
      expect(error).toBeInstanceOf(Unreachable);
      expect(error.message).toContain('creating');
    },
  );

  it.each([
    [{ dbInstanceIdentifier: 'nobody' }, 'DBInstanceNotFoundFault'],
    [{ dbClusterIdentifier: 'nobody' }, 'DBClusterNotFoundFault'],
    // Without an identifier the API would list every database, and the first is as good as any.
    [{ dbInstanceIdentifier: '' }, 'NotFound'],
    [{ dbClusterIdentifier: '' }, 'NotFound'],
  ])('that is not there is an error that says what to correct: %o', async (place, reason) => {
    const error = await failureOf(step().locate(place));
    expect(error).toBeInstanceOf(RdsRefused);
    expect(error).toMatchObject({ reason });
    expect(error.message).toContain('dbInstanceIdentifier');
  });

  it('is asked for once a step', async () => {
    const one = step();
    await Promise.all([one.locate({ dbClusterIdentifier: 'orders' }), one.locate({ dbClusterIdentifier: 'orders' })]);
    await one.sameDatabase(READER, WRITER);
    expect(fake.calls).toEqual(['DescribeDBClusters orders']);
  });
});

describe("a superuser's host is accepted", () => {
  it.each([
    ['the same instance', at('primary'), at('primary'), at('primary'), []],
    ['the same, but for case and a dot', at('primary'), `PRIMARY.${DOMAIN}.`, at('primary'), []],
    ['the same name outside of RDS', 'db.example.com', 'DB.example.com', 'db.example.com', []],
    ["the cluster's writer itself", WRITER, WRITER, WRITER, []],
    ['the same reader', READER, READER, WRITER, ['DescribeDBClusters orders']],
    ['the primary of a read replica', at('replica'), at('primary'), at('primary'), ['DescribeDBInstances replica']],
    ["the cluster's writer, for its reader", READER, WRITER, WRITER, ['DescribeDBClusters orders']],
    ["the cluster's reader, for its writer", WRITER, READER, WRITER, ['DescribeDBClusters orders']],
    ["the cluster's writer, for an instance", at('orders-2'), WRITER, WRITER, ['DescribeDBClusters orders']],
    ['an instance, for the writer', WRITER, at('orders-2'), WRITER, ['DescribeDBClusters orders']],
    ["the cluster's writer, for a custom endpoint", REPORTS, WRITER, WRITER, ['DescribeDBClusters orders']],
    ['a custom endpoint, for the reader', READER, REPORTS, WRITER, ['DescribeDBClusters orders']],
    [
      'another instance of the cluster',
      at('orders-1'),
      at('orders-2'),
      WRITER,
      ['DescribeDBInstances orders-1', 'DescribeDBClusters orders'],
    ],
    [
      'a custom endpoint, for an instance',
      at('orders-1'),
      REPORTS,
      WRITER,
      ['DescribeDBInstances orders-1', 'DescribeDBClusters orders'],
    ],
    [
      'another custom endpoint',
      REPORTS,
      AUDIT,
      WRITER,
      ['DescribeDBClusterEndpoints audit', 'DescribeDBClusters orders'],
    ],
    [
      'the writer, for an instance that replicates the cluster',
      at('orders-replica'),
      WRITER,
      WRITER,
      ['DescribeDBClusters orders', 'DescribeDBInstances orders-replica'],
    ],
  ])('that is %s', async (_what, host, superuserHost, writer, calls) => {
    expect(await step().sameDatabase(host, superuserHost)).toEqual({ kind: 'same', writer });
    expect(fake.calls).toEqual(calls);
  });

  it('that is a custom endpoint which the API lists by its name alone', async () => {
    fake.clusters = [{ id: 'orders', endpoint: WRITER, reader: READER, custom: ['reports'] }];
    expect(await step().sameDatabase(REPORTS, WRITER)).toEqual({ kind: 'same', writer: WRITER });
  });
});

describe("a superuser's host is different", () => {
  it.each([
    ['another name outside of RDS', 'db.example.com', 'other.example.com', 0],
    ['a CNAME', at('primary'), 'db.example.com', 0],
    ['an RDS host for a CNAME', 'db.example.com', at('primary'), 0],
    ["another account's instance of the same name", at('primary'), `primary.${OTHER_ACCOUNT}`, 0],
    ["another account's cluster of the same name", READER, `orders.cluster-${OTHER_ACCOUNT}`, 0],
    ["another account's cluster, for an instance", at('orders-1'), `orders.cluster-${OTHER_ACCOUNT}`, 0],
    ['another cluster', READER, `stock.cluster-${DOMAIN}`, 0],
    ['another instance', at('single'), at('primary'), 1],
    ['the replica of the primary', at('primary'), at('replica'), 1],
    ['another replica', at('replica'), at('far-replica'), 1],
    ['the namesake of a primary in another Region', at('far-replica'), at('primary'), 1],
    ["another cluster's instance", at('orders-1'), at('stock-1'), 2],
    ['a cluster, for an instance outside', at('single'), WRITER, 2],
    ["a cluster, for another cluster's instance", at('stock-1'), WRITER, 2],
    ['an instance outside, for a cluster', WRITER, at('single'), 1],
    ["another cluster's custom endpoint", at('stock-1'), REPORTS, 2],
    ['a custom endpoint that the cluster does not have', WRITER, `unknown.cluster-custom-${DOMAIN}`, 1],
  ])('that is %s', async (_what, host, superuserHost, calls) => {
    expect(await step().sameDatabase(host, superuserHost)).toEqual({ kind: 'different' });
    expect(fake.calls).toHaveLength(calls);
  });

  it("whatever the names say, if both are another account's", async () => {
    const [host, superuserHost] = [`replica.${OTHER_ACCOUNT}`, `primary.${OTHER_ACCOUNT}`];
    expect(await step().sameDatabase(host, superuserHost)).toEqual({ kind: 'different' });
    expect(await step().sameDatabase(`orders.cluster-ro-${OTHER_ACCOUNT}`, `orders-1.${OTHER_ACCOUNT}`)).toEqual({
      kind: 'different',
    });
  });
});

describe('an RDS Proxy', () => {
  it.each([
    [PROXY, WRITER],
    [WRITER, PROXY],
    [PROXY, PROXY],
    [PROXY, 'db.example.com'],
  ])('is recognised: %s for %s', async (host, superuserHost) => {
    expect(await step().sameDatabase(host, superuserHost)).toEqual({ kind: 'proxy', host: PROXY });
    expect(fake.calls).toEqual([]);
  });
});

describe('a master secret that RDS manages', () => {
  const instance = { host: at('primary'), port: 3307, engine: 'mysql' };
  const cluster = { host: WRITER, port: 5433, engine: 'aurora-postgresql' };

  it.each([
    ["the user's host", SECRET, { host: at('primary') }, instance, 1],
    ["the user's host in capitals", SECRET, { host: at('PRIMARY') }, instance, 1],
    ["the user's dbInstanceIdentifier", SECRET, { dbInstanceIdentifier: 'primary' }, instance, 1],
    ['the primary of a replica', SECRET, { host: at('replica') }, instance, 2],
    ['the writer', CLUSTER_SECRET, { host: WRITER }, cluster, 1],
    ['the reader', CLUSTER_SECRET, { host: READER }, cluster, 1],
    ['a custom endpoint', CLUSTER_SECRET, { host: REPORTS }, cluster, 2],
    ['an instance of a cluster', CLUSTER_SECRET, { host: at('orders-2') }, cluster, 2],
    ['a replica of a cluster', CLUSTER_SECRET, { host: at('orders-replica') }, cluster, 2],
    ["the user's dbClusterIdentifier", CLUSTER_SECRET, { dbClusterIdentifier: 'orders' }, cluster, 1],
  ])('is completed by %s', async (_what, secretArn, near, location, calls) => {
    expect(await step().completeManagedMaster({ secretArn, username: 'admin', near })).toEqual(location);
    expect(fake.calls).toHaveLength(calls);
  });

  it.each([
    ["another database's", SECRET, { host: at('single') }],
    ["another database's", CLUSTER_SECRET, { host: at('replica') }],
    ["a cluster's other", SECRET, { dbClusterIdentifier: 'orders' }],
    ["another account's namesake's", SECRET, { host: `primary.${OTHER_ACCOUNT}` }],
    ["another account's cluster's", CLUSTER_SECRET, { host: `orders.cluster-${OTHER_ACCOUNT}` }],
    ["a far primary's namesake's", SECRET, { host: at('far-replica') }],
  ])('is refused when it is %s: %s near %o', async (_what, secretArn, near) => {
    const error = await failureOf(step().completeManagedMaster({ secretArn, username: 'admin', near }));
    expect(error).toBeInstanceOf(InvalidSecret);
    expect(error.message).toContain('Correct masterarn');
  });

  it.each([
    ['a name outside of RDS', { host: 'db.example.com' }, 'Put the RDS endpoint'],
    ['a proxy', { host: PROXY }, 'is an RDS Proxy'],
  ])('cannot be found by %s', async (_what, near, remedy) => {
    const error = await failureOf(step().completeManagedMaster({ secretArn: SECRET, username: 'admin', near }));
    expect(error).toBeInstanceOf(InvalidSecret);
    expect(error.message).toContain(remedy);
    expect(fake.calls).toEqual([]);
  });

  it('is refused when it names another user than the master', async () => {
    const near = { host: at('primary') };
    const error = await failureOf(step().completeManagedMaster({ secretArn: SECRET, username: 'root', near }));
    expect(error).toBeInstanceOf(InvalidSecret);
    expect(error.message).toContain('the master user of primary is admin');
  });
});

describe('when the API does not do what it is asked', () => {
  const locate = (signal?: AbortSignal) => step(signal).locate({ dbInstanceIdentifier: 'primary' });

  it('a missing permission is named', async () => {
    fake.failures.push({ status: 403, code: 'AccessDenied', message: 'User: role is not authorized' });
    const error = await failureOf(locate());
    expect(error).toBeInstanceOf(RdsRefused);
    expect(error).toMatchObject({ reason: 'AccessDenied' });
    expect(error.message).toContain('rds:DescribeDBInstances');
    expect(error.message).toContain('User: role is not authorized');
    expect(fake.calls).toHaveLength(1);
  });

  it('a missing permission does not make two hosts different', async () => {
    fake.failures.push({ status: 403, code: 'AccessDenied' });
    await expect(step().sameDatabase(READER, WRITER)).rejects.toThrow('rds:DescribeDBClusters');
  });

  it.each([
    [400, 'Throttling'],
    [500, 'InternalFailure'],
    [503, 'ServiceUnavailable'],
  ])('%i %s is tried again', async (status, code) => {
    fake.failures.push({ status, code });
    expect(await locate()).toMatchObject({ host: at('primary') });
    expect(fake.calls).toHaveLength(2);
  });

  it.each([
    [400, 'Throttling'],
    [503, 'ServiceUnavailable'],
  ])('%i %s without end is Unreachable', async (status, code) => {
    fake.failures.push({ status, code }, { status, code });
    const error = await failureOf(locate());
    expect(error).toBeInstanceOf(Unreachable);
    expect(error.message).toContain(code);
  });

  it('no server at all is Unreachable', async () => {
    environment = { ...environment, AWS_ENDPOINT_URL_RDS: 'http://127.0.0.1:1' };
    try {
      expect(await failureOf(locate())).toBeInstanceOf(Unreachable);
    } finally {
      environment = { ...environment, AWS_ENDPOINT_URL_RDS: fake.endpoint };
    }
  });

  it("the step's end is OutOfTime", async () => {
    fake.silent = true;
    const abort = new AbortController();
    const failure = failureOf(locate(abort.signal));
    await expect.poll(() => fake.calls).toHaveLength(1);
    abort.abort();
    const error = await failure;
    expect(error).toBeInstanceOf(OutOfTime);
    expect(error.message).toContain('DescribeDBInstances for primary');
  });
});
