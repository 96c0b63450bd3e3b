import { describe, expect, it } from 'vitest';
import { endpointName, proxyAdvice } from '../../../shared/rds/endpoint-name.ts';

describe('the name of an endpoint', () => {
  it.each([
    ['db1.abc123.eu-west-1.rds.amazonaws.com', 'instance', 'db1'],
    ['orders.cluster-abc123.eu-west-1.rds.amazonaws.com', 'writer', 'orders'],
    ['orders.cluster-ro-abc123.eu-west-1.rds.amazonaws.com', 'reader', 'orders'],
    ['reports.cluster-custom-abc123.eu-west-1.rds.amazonaws.com', 'custom', 'reports'],
    ['pool.proxy-abc123.eu-west-1.rds.amazonaws.com', 'proxy', 'pool'],
    ['pool-ro.endpoint.proxy-abc123.eu-west-1.rds.amazonaws.com', 'proxy', 'pool-ro'],
    ['DB1.ABC123.EU-WEST-1.RDS.AMAZONAWS.COM.', 'instance', 'db1'],
    ['cluster-ro-db.abc123.eu-west-1.rds.amazonaws.com', 'instance', 'cluster-ro-db'],
  ])('%s tells %s %s', (host, kind, identifier) => {
    expect(endpointName(host)).toMatchObject({
      kind,
      identifier,
      region: 'eu-west-1',
      domain: 'abc123.eu-west-1.rds.amazonaws.com',
    });
  });

  it.each([
    ['db1.abc123.cn-north-1.rds.amazonaws.com.cn', 'instance'],
    ['db1.abc123.rds.cn-north-1.amazonaws.com.cn', 'instance'],
    ['orders.cluster-ro-abc123.rds.cn-north-1.amazonaws.com.cn', 'reader'],
  ])('of China, %s, tells the region too', (host, kind) => {
    expect(endpointName(host)).toMatchObject({ kind, region: 'cn-north-1' });
  });

  it.each([
    'database.example.com',
    '10.0.0.1',
    'localhost',
    '',
    'db1.abc123.eu-west-1.rds.amazonaws.com.example.com',
    'db1.example.rds.amazonaws.com',
    'abc123.eu-west-1.rds.amazonaws.com',
    'a.db1.abc123.eu-west-1.rds.amazonaws.com',
    'db1.endpoint.abc123.eu-west-1.rds.amazonaws.com',
    'db1.cluster-other-abc123.eu-west-1.rds.amazonaws.com',
    'global.global-abc123.global.rds.amazonaws.com',
    'db1.abc123.eu-west-1.redshift.amazonaws.com',
  ])('outside of RDS, "%s", tells nothing', (host) => {
    expect(endpointName(host)).toEqual({ kind: 'elsewhere', host });
  });
});

describe('advice about an RDS Proxy', () => {
  it('names the proxy, and says where passwords are set', () => {
    const advice = proxyAdvice('Pool.proxy-abc123.eu-west-1.rds.amazonaws.com');
    expect(advice).toContain('pool.proxy-abc123.eu-west-1.rds.amazonaws.com');
    expect(advice).toContain('Passwords are set at the database');
  });

  it('is for nothing else', () => {
    expect(proxyAdvice('db1.abc123.eu-west-1.rds.amazonaws.com')).toBeUndefined();
  });
});
