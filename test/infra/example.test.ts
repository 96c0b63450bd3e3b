import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { readDeployable } from '../../infra/secrets-file/read.ts';
import { templatesOf, withApp } from './synthesized.ts';

/** Findings of AWS's own rules that are meant, each for its reason. */
const ACKNOWLEDGED: readonly { readonly rule: string; readonly at: RegExp; readonly reason: string }[] = [
  {
    rule: 'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:shop/prod/*]',
    at: /^shop-prod-functions\/[a-z-]+\/Role\/Resource$/,
    reason:
      'A list of secrets would outgrow the policy. The condition AllowRotationLambdaArn binds the statement to secrets that name this function as their rotator.',
  },
  {
    rule: 'AwsSolutions-SMG4',
    at: /^shop-prod-secrets-1\/shop:prod:(database|monitoring|ci|recovery):[a-z-]+\/Secret\/Resource$/,
    reason:
      'A secret without a value gets no schedule until it has one; some are rotated by hand. The output says which.',
  },
];

describe('the example', () => {
  const { violations, templates } = withApp(readDeployable('infra/secrets.yaml'), (app) => ({
    violations: new AwsSolutionsChecks(app).validateScope(app).violations,
    templates: Object.entries(templatesOf(app)).map(([name, template]) => [name, template.toJSON()]),
  }));

  it('has no finding of cdk-nag that is not acknowledged with its reason', () => {
    const findings = violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => ({ rule: ruleName, at: String(constructPath) })),
    );
    const used = new Set<unknown>();
    const unacknowledged = findings.filter(({ rule, at }) => {
      const found = ACKNOWLEDGED.find((acknowledged) => acknowledged.rule === rule && acknowledged.at.test(at));
      used.add(found);
      return found === undefined;
    });
    expect(unacknowledged).toEqual([]);
    expect(ACKNOWLEDGED.filter((acknowledged) => !used.has(acknowledged))).toEqual([]);
  });

  it('is deployed as it was looked at', () => {
    const masked = JSON.stringify(Object.fromEntries(templates)).replaceAll(/[0-9a-f]{64}/g, '<hash of the asset>');
    expect(JSON.parse(masked)).toMatchSnapshot();
  });
});

describe('the constructs', () => {
  it('write no property past the types of CDK', () => {
    const folder = join(import.meta.dirname, '..', '..', 'infra');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    expect(files.length).toBeGreaterThan(20);
    const escaping = files.filter((name) =>
      /\.add(?:Property)?(?:Deletion)?Override\(|new CfnResource\(|\bas (?:any|unknown)\b/.test(
        readFileSync(join(folder, name), 'utf8'),
      ),
    );
    expect(escaping).toEqual([]);
  });
});
