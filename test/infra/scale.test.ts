import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { generatedSecrets } from '../../bench/generated-secrets.ts';
import { recorded } from './secrets-file/written-file.ts';
import { readable, resources, synthesized } from './synthesized.ts';

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const MOST_RESOURCES = 500;
const LARGEST_TEMPLATE = 1_000_000;
/** Of all policies within a role: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const LARGEST_POLICY = 10_240;

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
    // As long as in the Region and partition with the longest names.
    const longest = (text: string) =>
      text
        .replaceAll('<Partition>', 'aws-us-gov')
        .replaceAll('<Region>', 'ap-southeast-1')
        .replaceAll('<AccountId>', '111122223333');
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
