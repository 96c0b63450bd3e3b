import { describe, expect, it } from 'vitest';
import { recorded } from './secrets-file/written-file.ts';
import { readable, resources, synthesized } from './synthesized.ts';

const groups = (...secrets: string[]) =>
  ['groups:', '  g:', '    secrets:', ...secrets.map((secret) => `      ${secret}`)].join('\n');
const token = 'token: {kind: random-password, generate: {}}';
const deployed = (...parts: string[]) => synthesized(recorded(['project: shop', ...parts].join('\n')));

/** All policies of the roles of a stack, by the roles' names. */
function policies(templates: ReturnType<typeof deployed>, stack = 'shop-prod-functions') {
  const roles = resources(templates[stack], 'AWS::IAM::Role');
  return Object.fromEntries(
    roles.map(({ Properties }) => [Properties['RoleName'], JSON.stringify(readable(Properties['Policies']))]),
  );
}

describe('what the file of secrets deploys', () => {
  it.each([
    ['path', 'shop/prod/g/token', 'shop/prod/*'],
    ['cml', 'cml/shop/token', 'cml/shop/*'],
    ['service', 'g-prod-token', '*'],
    ['category', 'shop-prod/token', 'shop-prod/*'],
    ['"{context}/{environment}/{path}/{name}"', 'shop/prod/g/token', 'shop/prod/*'],
    ['"x.{name}@{environment}"', 'x.token@prod', 'x.*'],
  ])('names secrets by %s, and grants what begins like their names', (naming, name, pattern) => {
    const templates = deployed(`naming: ${naming}`, 'environments: {prod: {}}', groups(token));
    expect(resources(templates['shop-prod-secrets-1'], 'AWS::SecretsManager::Secret')).toMatchObject([
      { Properties: { Name: name } },
    ]);
    expect(policies(templates)['shop-prod-random-password']).toContain(`:secret:${pattern}"`);
  });

  it('gives each environment its functions, its key and its secrets, and an account and Region one watch', () => {
    const templates = deployed(
      'environments: {test: {}, prod: {}, far: {region: us-east-1}}',
      groups(token, 'other: {environments: [prod], generate: {}}'),
    );
    expect(Object.keys(templates).toSorted()).toEqual(
      ['test', 'prod', 'far']
        .flatMap((name) => [`shop-${name}-functions`, `shop-${name}-secrets-1`])
        .concat('shop-test-monitoring', 'shop-far-monitoring')
        .toSorted(),
    );
    expect(resources(templates['shop-test-secrets-1'], 'AWS::SecretsManager::Secret')).toHaveLength(1);
    expect(resources(templates['shop-prod-secrets-1'], 'AWS::SecretsManager::Secret')).toHaveLength(2);
    expect(resources(templates['shop-prod-functions'], 'AWS::KMS::Alias')).toMatchObject([
      { Properties: { AliasName: 'alias/shop-prod' } },
    ]);
    expect(resources(templates['shop-prod-functions'], 'AWS::KMS::Key')).toMatchObject([
      { Properties: { EnableKeyRotation: true }, DeletionPolicy: 'Retain' },
    ]);
  });

  it('leaves a secret what it is to CloudFormation while its name stays, wherever it stands in the file', () => {
    const ids = (...parts: string[]) =>
      Object.keys(deployed('environments: {prod: {}}', ...parts)['shop-prod-secrets-1']?.toJSON()['Resources'] ?? {});
    const moved = 'groups: {h: {secrets: {renamed: {path: g, name: token, kind: random-password, generate: {}}}}}';
    expect(ids(moved)).toEqual(ids(groups(token)));
  });

  it('encrypts with the key that an environment or a secret names, and lets functions use just those', () => {
    const own = 'arn:aws:kms:eu-central-1:111122223333:key/11111111-1111-1111-1111-111111111111';
    const other = 'arn:aws:kms:eu-central-1:111122223333:key/22222222-2222-2222-2222-222222222222';
    const templates = deployed(
      `environments: {prod: {key: "${own}"}}`,
      groups(token, `other: {kind: shared-token, json: {}, generate: {field: current}, key: "${other}"}`),
    );
    const keys = resources(templates['shop-prod-secrets-1'], 'AWS::SecretsManager::Secret').map(
      ({ Properties }) => Properties['KmsKeyId'],
    );
    expect(keys).toEqual([own, other]);
    expect(resources(templates['shop-prod-functions'], 'AWS::KMS::Key')).toEqual([]);
    const found = policies(templates);
    expect(found['shop-prod-random-password']).toContain(own);
    expect(found['shop-prod-random-password']).not.toContain(other);
    expect(found['shop-prod-shared-token']).toContain(other);
    expect(found['shop-prod-shared-token']).not.toContain(own);
  });

  it('schedules a secret only once it has a value, and until then says how to give it one', () => {
    const schedules = (secret: string) => {
      const template = deployed('environments: {prod: {}}', groups(secret))['shop-prod-secrets-1'];
      return {
        schedules: resources(template, 'AWS::SecretsManager::RotationSchedule').length,
        outputs: Object.values(template?.toJSON()['Outputs'] ?? {}),
      };
    };
    const waiting = {
      schedules: 0,
      outputs: [
        {
          Description: expect.stringContaining('"filled: true"'),
          Value: 'aws secretsmanager put-secret-value --secret-id shop/prod/g/key --secret-string file://value',
        },
      ],
    };
    expect(schedules('key: {kind: random-password}')).toEqual(waiting);
    expect(schedules('key: {kind: random-password, json: {password: ""}}')).toEqual(waiting);
    expect(schedules('key: {kind: random-password, filled: true}')).toEqual({ schedules: 1, outputs: [] });
    expect(schedules('key: {kind: random-password, generate: {}}')).toEqual({ schedules: 1, outputs: [] });
  });

  it.each([
    ['{}', { ScheduleExpression: 'rate(30 days)' }, false],
    ['{every: 1d}', { ScheduleExpression: 'rate(1 day)' }, false],
    ['{every: 12h, window: 2h}', { ScheduleExpression: 'rate(12 hours)', Duration: '2h' }, false],
    ['{cron: "0 4 1 * ? *", immediately: true}', { ScheduleExpression: 'cron(0 4 1 * ? *)' }, true],
  ])('rotates by %s', (rotation, rules, immediately) => {
    const templates = deployed(
      'environments: {prod: {}}',
      groups(`key: {kind: random-password, generate: {}, rotation: ${rotation}}`),
    );
    expect(resources(templates['shop-prod-secrets-1'], 'AWS::SecretsManager::RotationSchedule')).toMatchObject([
      { Properties: { RotationRules: rules, RotateImmediatelyOnUpdate: immediately } },
    ]);
  });

  it('writes settings, and tags of file, environment, group and secret, the nearest first', () => {
    const templates = deployed(
      'tags: {a: file, b: file, c: file, d: file}',
      'environments: {prod: {tags: {b: environment, c: environment, d: environment}}}',
      'groups:',
      '  g:',
      '    tags: {c: group, d: group}',
      '    secrets:',
      '      key: {kind: random-password, json: {A: "", B: ""}, tags: {d: secret}, settings: {fields: [A, B], length: 40, charset: hex}}',
    );
    const [secret] = resources(templates['shop-prod-secrets-1'], 'AWS::SecretsManager::Secret');
    expect(secret?.Properties['Tags']).toEqual([
      { Key: 'a', Value: 'file' },
      { Key: 'b', Value: 'environment' },
      { Key: 'c', Value: 'group' },
      { Key: 'd', Value: 'secret' },
      { Key: 'rotation:charset', Value: 'hex' },
      { Key: 'rotation:fields', Value: 'A B' },
      { Key: 'rotation:length', Value: '40' },
    ]);
  });

  it('names the superuser in the first value, by an ARN that the function may read', () => {
    const login = 'json: {engine: postgres, host: h, username: u}, generate: {field: password}';
    const templates = deployed(
      'environments: {prod: {}}',
      groups(
        `boss: {kind: postgres-single-user, ${login}}`,
        `app: {kind: postgres-alternating-users, superuser: g/boss, ${login}}`,
      ),
    );
    const arn = 'arn:<Partition>:secretsmanager:<Region>:<AccountId>:secret:shop/prod/g/boss';
    const [, app] = resources(templates['shop-prod-secrets-1'], 'AWS::SecretsManager::Secret');
    expect(readable(app?.Properties['GenerateSecretString'])).toMatchObject({
      SecretStringTemplate: JSON.stringify({ engine: 'postgres', host: 'h', username: 'u', masterarn: arn }),
    });
    const found = policies(templates);
    expect(found['shop-prod-postgres-alternating-users']).toContain(`"Resource":"${arn}-??????"`);
    expect(found['shop-prod-postgres-single-user']).not.toContain('boss');
  });

  it.each<[string, string, readonly string[]]>([
    ['hosts are equal', 'json: {host: db.rds.amazonaws.com}', []],
    ['an instance is named', 'json: {}, database: {instance: orders}', ['DescribeDBClusters', 'DescribeDBInstances']],
    [
      'the superuser has another endpoint',
      'json: {host: ro.rds.amazonaws.com}',
      ['DescribeDBClusters', 'DescribeDBInstances'],
    ],
    [
      'a custom endpoint is used',
      'json: {host: x.cluster-custom-abc.rds.amazonaws.com}',
      ['DescribeDBClusterEndpoints', 'DescribeDBClusters', 'DescribeDBInstances'],
    ],
  ])('lets a function ask RDS for what it has to know, where %s', (_, app, calls) => {
    const templates = deployed(
      'environments: {prod: {}}',
      groups(
        'boss: {json: {host: db.rds.amazonaws.com}}',
        `app: {kind: mysql-alternating-users, superuser: g/boss, ${app}}`,
      ),
    );
    const policy = policies(templates)['shop-prod-mysql-alternating-users'] ?? '';
    expect([...policy.matchAll(/rds:(Describe\w+)/g)].map(([, call]) => call).toSorted()).toEqual(calls);
  });

  it('puts database functions into the network, and no others', () => {
    const network =
      '{vpc: vpc-11111111, subnets: {eu-central-1a: subnet-11111111}, databases: {sg-11111111: 5432}, aws: endpoint}';
    const templates = deployed(
      `environments: {prod: {network: ${network}}}`,
      groups(token, 'db: {kind: postgres-single-user}'),
    );
    const inVpc = resources(templates['shop-prod-functions'], 'AWS::Lambda::Function').map(({ Properties }) => [
      Properties['FunctionName'],
      'VpcConfig' in Properties,
    ]);
    expect(Object.fromEntries(inVpc)).toEqual({
      'shop-prod-random-password': false,
      'shop-prod-postgres-single-user': true,
    });
  });

  it('tells functions what the file sets, the users that are theirs alone, and where the RDS authorities are', () => {
    const templates = deployed(
      'environments: {prod: {}}',
      'functions: {postgres-single-user: {environment: {PASSWORD_LENGTH: "40"}, concurrency: 3}}',
      groups(
        'db: {kind: postgres-single-user}',
        'ci: {kind: iam-access-key, user: "arn:aws:iam::111122223333:user/ci", dedicated: true}',
      ),
    );
    const found = resources(templates['shop-prod-functions'], 'AWS::Lambda::Function').map(
      ({ Properties }) => Properties,
    );
    expect(found).toMatchObject([
      {
        FunctionName: 'shop-prod-postgres-single-user',
        ReservedConcurrentExecutions: 3,
        Environment: { Variables: { NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem', PASSWORD_LENGTH: '40' } },
      },
      {
        FunctionName: 'shop-prod-iam-access-key',
        Environment: { Variables: { DEDICATED_USERS: 'arn:aws:iam::111122223333:user/ci' } },
      },
    ]);
  });
});
