import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { generatedSecrets } from '../../bench/generated-secrets.ts';
import { recorded, refusal, writtenFile } from './secrets-file/written-file.ts';
import { readable, resources, synthesized } from './synthesized.ts';

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const MOST_RESOURCES = 500;
const LARGEST_TEMPLATE = 1_000_000;
/** Of all policies within a role: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const LARGEST_POLICY = 10_240;

/** As long as in the partition and the Region with the longest names. */
const longest = (text: string) =>
  text
    .replaceAll('<Partition>', 'aws-us-gov')
    .replaceAll('<Region>', 'ap-southeast-1')
    .replaceAll('<AccountId>', '111122223333');

describe('500 secrets on all functions', () => {
  let templates: Readonly<Record<string, Template>> = {};

  beforeAll(() => {
    templates = synthesized(recorded(generatedSecrets(500)));
  });

  it('are all deployed, in several stacks', () => {
    const counts = Object.entries(templates).map(([name, template]) => [
      name,
      resources(template, 'AWS::SecretsManager::Secret').length,
    ]);
    expect(Object.fromEntries(counts)).toEqual({
      'shop-prod-functions': 0,
      'shop-prod-monitoring': 0,
      ...Object.fromEntries([1, 2, 3, 4, 5].map((number) => [`shop-prod-secrets-${number}`, 100])),
    });
  });

  it('stay below the limits of a stack', () => {
    for (const [name, template] of Object.entries(templates)) {
      expect(resources(template).length, name).toBeLessThan(MOST_RESOURCES * 0.8);
      expect(JSON.stringify(template.toJSON(), null, 1).length, name).toBeLessThan(LARGEST_TEMPLATE * 0.8);
    }
  });

  it('stay below the limits of a role and of an environment', () => {
    const roles = resources(templates['shop-prod-functions'], 'AWS::IAM::Role');
    expect(roles).toHaveLength(8);
    for (const { Properties } of roles) {
      expect(
        longest(JSON.stringify(readable(Properties['Policies']))).length,
        String(Properties['RoleName']),
      ).toBeLessThan(LARGEST_POLICY);
    }
    for (const { Properties } of resources(templates['shop-prod-functions'], 'AWS::Lambda::Function')) {
      expect(JSON.stringify(Properties['Environment'] ?? {}).length).toBeLessThan(4096);
    }
  });
});

describe('more superusers or users than a role has room for', () => {
  const file = (count: number, secret: (n: number) => string) =>
    [
      'project: shop',
      'environments: {prod: {}}',
      'groups: {g: {secrets: {',
      ...Array.from({ length: count }, (_, n) => `  ${secret(n)},`),
      '  }}}',
    ].join('\n');
  const databases = (n: number) => `boss-${n}: {}, app-${n}: {kind: mysql-alternating-users, superuser: g/boss-${n}}`;
  const users = (n: number) =>
    `key-${n}: {kind: iam-access-key, dedicated: true, user: "arn:aws:iam::111122223333:user/app-${n}"}`;

  const key = (n: number) =>
    `"arn:aws:kms:ap-southeast-1:111122223333:key/11111111-1111-1111-1111-${String(n).padStart(12, '0')}"`;
  const databasesWithKeys = (n: number) =>
    `boss-${n}: {key: ${key(n)}}, app-${n}: {kind: mysql-alternating-users, superuser: g/boss-${n}}`;
  const secretsWithKeys = (n: number) => `s-${n}: {kind: random-password, key: ${key(n)}}`;

  it.each([
    ['superusers', databases, 'mysql-alternating-users'],
    ['dedicated users', users, 'iam-access-key'],
  ])('are refused, before a deployment would fail: %s', (_, secret, kind) => {
    expect(refusal(writtenFile(file(150, secret)))).toEqual([
      expect.stringMatching(
        new RegExp(`^secrets.yaml:2: environments\\.prod: gives ${kind} 150 .*an environment of their own`),
      ),
    ]);
  });

  it.each([
    ['keys of superusers', databasesWithKeys],
    ['keys', secretsWithKeys],
  ])('are refused together with their keys: %s', (_, secret) => {
    expect(refusal(writtenFile(file(100, secret)))).toEqual([expect.stringMatching(/ has room for\. /)]);
  });

  it.each([
    ['60 superusers', 60, databases],
    ['50 dedicated users', 50, users],
    ['20 superusers with keys of their own', 20, databasesWithKeys],
    ['80 secrets with keys of their own', 80, secretsWithKeys],
  ])('are those that really fill it: %s still fit', (_, count, secret) => {
    const templates = synthesized(recorded(file(count, secret)));
    const roles = resources(templates['shop-prod-functions'], 'AWS::IAM::Role');
    for (const { Properties } of roles) {
      expect(longest(JSON.stringify(readable(Properties['Policies']))).length).toBeLessThan(LARGEST_POLICY);
    }
  });
});
