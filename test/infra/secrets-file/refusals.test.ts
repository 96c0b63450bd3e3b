import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { refusal, writtenFile } from './written-file.ts';

/** A file with nothing wrong, in lines that cases replace. */
const lines = [
  'project: shop', // 1
  'environments:', // 2
  '  test: {}', // 3
  '  prod: {}', // 4
  'groups:', // 5
  '  database:', // 6
  '    secrets:', // 7
  '      admin:', // 8
  '        kind: postgres-single-user', // 9
  '      orders:', // 10
  '        kind: postgres-alternating-users', // 11
  '        superuser: database/admin', // 12
  '        rotation: {every: 30d}', // 13
];
const network =
  '{vpc: vpc-11111111, subnets: {eu-west-1a: subnet-11111111}, databases: {sg-11111111: 5432}, aws: endpoint}';
const withLine = (number: number, ...replacement: string[]) =>
  lines.toSpliced(number - 1, 1, ...replacement).join('\n');

describe('the file of secrets', () => {
  it('is accepted as it stands', () => {
    expect(refusal(writtenFile(lines.join('\n')))).toEqual([]);
  });

  it.each<[string, string, RegExp]>([
    [
      'an unknown kind',
      withLine(9, '        kind: postgres-single-usr'),
      /^secrets.yaml:9: .*kind: .*did you mean "postgres-single-user"/,
    ],
    [
      'a kind of every object',
      withLine(9, '        kind: toString'),
      /^secrets.yaml:9: .*"toString" is no kind of secret: accepted: random-password/,
    ],
    ['an unknown key', withLine(9, '        knd: random-password'), /^secrets.yaml:9: .*\.knd: .*did you mean "kind"/],
    [
      'an unknown key at the top',
      withLine(1, 'project: shop', 'enviroments: {}'),
      /^secrets.yaml:2: enviroments: .*did you mean "environments"/,
    ],
    ['a missing key', lines.slice(1).join('\n'), /^secrets.yaml:1: project: is missing/],
    ['a name with a space', withLine(10, '      my orders:'), /^secrets.yaml:10: .*letters, digits/],
    [
      'a naming pattern that the service refuses',
      withLine(1, 'project: shop', 'naming: "{environment}:{name}"'),
      /^secrets.yaml:11: .*name "test:orders" has a ":".*letters, digits/,
    ],
    [
      'a placeholder that stands for nothing',
      withLine(1, 'project: shop', 'naming: "{env}/{name}"'),
      /^secrets.yaml:2: naming: \{env\} stands for nothing: .*environment/,
    ],
    [
      'a preset that is none',
      withLine(1, 'project: shop', 'naming: servce'),
      /^secrets.yaml:2: naming: .*did you mean "service"/,
    ],
    [
      'two secrets of one name',
      withLine(1, 'project: shop', 'naming: "{environment}/same"'),
      /^secrets.yaml:11: .*has the name "test\/same" in test, as database\/admin in test has/,
    ],
    [
      'two environments with the same names',
      withLine(1, 'project: shop', 'naming: cml'),
      /^secrets.yaml:9: .*"cml\/shop\/admin" in prod, as database\/admin in test has/,
    ],
    [
      'a schedule below four hours',
      withLine(13, '        rotation: {every: 3h}'),
      /^secrets.yaml:13: .*rotation: .*at least 4 hours/,
    ],
    [
      'a cron that comes every hour',
      withLine(13, '        rotation: {cron: "0 * * * ? *"}'),
      /^secrets.yaml:13: .*less than 4 apart/,
    ],
    [
      'a cron that comes twice around midnight',
      withLine(13, '        rotation: {cron: "0 1,23 * * ? *"}'),
      /^secrets.yaml:13: .*less than 4 apart/,
    ],
    [
      'a cron with a minute',
      withLine(13, '        rotation: {cron: "5 1 * * ? *"}'),
      /^secrets.yaml:13: .*the minute must be 0/,
    ],
    [
      'a window into the next day',
      withLine(13, '        rotation: {cron: "0 22 * * ? *", window: 3h}'),
      /^secrets.yaml:13: .*next UTC day/,
    ],
    [
      'both a rate and a cron',
      withLine(13, '        rotation: {every: 30d, cron: "0 1 * * ? *"}'),
      /^secrets.yaml:13: .*both "every" and "cron"/,
    ],
    [
      'a superuser that is not declared',
      withLine(12, '        superuser: database/admn'),
      /^secrets.yaml:12: .*superuser: "database\/admn" is not declared.*did you mean "database\/admin"/,
    ],
    ['a superuser that is missing', withLine(12), /^secrets.yaml:10: .*needs "superuser"/],
    [
      "a superuser that is nobody's",
      withLine(9, '        kind: postgres-single-user', '        superuser: database/orders'),
      /^secrets.yaml:10: .*superuser: is of no use to postgres-single-user/,
    ],
    [
      'a superuser by a partial ARN',
      withLine(12, '        superuser: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:boss"'),
      /^secrets.yaml:12: .*whole ARN/,
    ],
    [
      'a superuser that another environment lacks',
      withLine(9, '        kind: postgres-single-user', '        environments: [test]'),
      /^secrets.yaml:13: .*does not exist in prod/,
    ],
    [
      'a secret that is its own superuser',
      withLine(12, '        superuser: database/orders'),
      /^secrets.yaml:12: .*database\/orders → database\/orders would need the other/,
    ],
    [
      'a superuser cycle',
      withLine(9, '        kind: postgres-alternating-users', '        superuser: database/orders'),
      /^secrets.yaml:10: .*database\/admin → database\/orders → database\/admin/,
    ],
    [
      'an environment that does not exist',
      withLine(9, '        environments: [test, prd]'),
      /^secrets.yaml:9: .*environments\.1: "prd" is no environment.*did you mean "prod"/,
    ],
    [
      'no environment',
      withLine(2, 'environments: {}').replace('  test: {}\n  prod: {}\n', ''),
      /^secrets.yaml:2: environments: names no environment/,
    ],
    [
      'a tab',
      withLine(9, '\t\tkind: postgres-single-user'),
      /^secrets.yaml:9: Tabs are not allowed.*Indent with spaces/,
    ],
    ['an anchor', withLine(9, '        kind: &kind postgres-single-user'), /^secrets.yaml:9: An anchor/],
    ['an alias', withLine(9, '        kind: *kind'), /^secrets.yaml:9: (An alias|Unresolved alias)/],
    ['a tag of YAML', withLine(9, '        kind: !!js/function "x"'), /^secrets.yaml:9: .*Remove the tag/],
    ['a key twice', withLine(3, '  prod: {}'), /^secrets.yaml:4: .*unique.*Remove or rename/],
    ['a second document', [...lines, '---', 'project: other'].join('\n'), /^secrets.yaml:1[45]: .*Keep one document/],
    ['nothing', '', /^secrets.yaml:1: must hold keys of its own/],
    ['a list', '- project', /^secrets.yaml:1: must hold keys of its own/],
    [
      'an account that YAML reads as a number',
      withLine(3, '  test: {account: 111122223333}'),
      /^secrets.yaml:3: .*account: must be twelve digits, in quotes/,
    ],
    [
      'settings of another kind',
      withLine(9, '        kind: postgres-single-user', '        settings: {fields: [A]}'),
      /^secrets.yaml:10: .*settings: fields: of no use to postgres-single-user/,
    ],
    [
      'a setting that is none of its kind',
      withLine(9, '        kind: postgres-single-user', '        settings: {charset: emoji}'),
      /^secrets.yaml:10: .*charset: must be ascii, /,
    ],
    [
      'a database for a password',
      withLine(9, '        kind: random-password', '        database: {instance: orders}'),
      /^secrets.yaml:10: .*database: is of no use to random-password/,
    ],
    [
      'an instance and a cluster',
      withLine(9, '        kind: postgres-single-user', '        database: {instance: a, cluster: b}'),
      /^secrets.yaml:10: .*either an "instance" or a "cluster"/,
    ],
    ['a rotation of nothing', withLine(9, '        rotation: {every: 30d}'), /^secrets.yaml:9: .*needs a "kind"/],
    ['an access key of nobody', withLine(9, '        kind: iam-access-key'), /^secrets.yaml:9: .*needs "user"/],
    [
      'a field that is generated and given',
      withLine(9, '        json: {key: ""}', '        generate: {field: key}'),
      /^secrets.yaml:9: .*has a value for "key"/,
    ],
    [
      'a generated field of no object',
      withLine(9, '        generate: {field: key}'),
      /^secrets.yaml:9: .*there is no "json"/,
    ],
    [
      'an object with nothing to generate',
      withLine(9, '        json: {a: b}', '        generate: {length: 20}'),
      /^secrets.yaml:10: .*needs the "field"/,
    ],
    [
      'a reference written by hand',
      withLine(9, '        json: {masterarn: x}'),
      /^secrets.yaml:9: .*"masterarn" is written by/,
    ],
    [
      'a tag that settings write',
      withLine(9, '        tags: {"rotation:length": "8"}'),
      /^secrets.yaml:9: .*written by "settings"/,
    ],
    [
      'an unknown function',
      withLine(1, 'project: shop', 'functions: {redis: {concurrency: 2}}'),
      /^secrets.yaml:2: functions\.redis: is no kind of function/,
    ],
    ...['AWS_REGION', 'AWS_LAMBDA_FUNCTION_NAME', 'LAMBDA_TASK_ROOT', 'AWS_SECRET_ACCESS_KEY'].map(
      (name): [string, string, RegExp] => [
        `a variable that Lambda sets itself: ${name}`,
        withLine(1, 'project: shop', `functions: {random-password: {environment: {${name}: x}}}`),
        /^secrets.yaml:2: .*none that Lambda sets itself/,
      ],
    ),
    ...['POWERTOOLS_METRICS_NAMESPACE', 'POWERTOOLS_METRICS_DISABLED', 'POWERTOOLS_DEV'].map(
      (name): [string, string, RegExp] => [
        `metrics that no alarm looks at: ${name}`,
        withLine(1, 'project: shop', `functions: {random-password: {environment: {${name}: x}}}`),
        /^secrets.yaml:2: .*none that hides the metrics from the alarms/,
      ],
    ),
    [
      'a password in the environment of a function',
      withLine(1, 'project: shop', 'functions: {random-password: {environment: {DB_PASSWORD: x}}}'),
      /^secrets.yaml:2: functions.random-password.environment.DB_PASSWORD: seems to hold a secret/,
    ],
    [
      'function names that are too long',
      withLine(4, '  production-frankfurt: {}').replace('project: shop', 'project: shop-of-many-brands'),
      /^secrets.yaml:4: .*67 characters.*Lambda takes 64/,
    ],
    [
      'the same endpoints twice in one VPC',
      lines.with(2, `  test: {network: ${network}}`).with(3, `  prod: {network: ${network}}`).join('\n'),
      /^secrets.yaml:4: environments.prod.network.aws: the VPC has the endpoints of test.* Say "nat"/,
    ],
    [
      'a replica of one secret in its own Region',
      withLine(
        9,
        '        kind: postgres-single-user',
        '        replicas: {eu-west-1: default, eu-west-2: default}',
      ).replace('test: {}', 'test: {region: eu-west-2}'),
      /^secrets.yaml:10: .*replicas: eu-west-2 is the Region of the secret itself in test/,
    ],
    ['a name that JavaScript would lose', withLine(10, '      __proto__:'), /^secrets.yaml:10: .*__proto__. Rename it/],
    ['the name of 600 characters', withLine(10, `      ${'n'.repeat(600)}:`), /^secrets.yaml:10: .*at most 100/],
    [
      'a name that its pattern makes too long',
      withLine(1, 'project: shop', `naming: "${'n'.repeat(490)}/{name}"`).replace('orders', 'o'.repeat(30)),
      /^secrets.yaml:11: .*has 521 characters, and the service takes 512/,
    ],
    [
      'an address that is none',
      withLine(1, 'project: shop', 'monitoring: {emails: [on-call]}'),
      /^secrets.yaml:2: monitoring.emails.0: must be a mail address/,
    ],
    [
      'a replica in its own Region',
      withLine(3, '  test: {region: eu-west-1, replicas: {eu-west-1: default}}'),
      /^secrets.yaml:3: .*Region of the secrets themselves/,
    ],
  ])('is refused with %s, in a line with the remedy', (_, text, expected) => {
    expect(refusal(writtenFile(text))).toContainEqual(expect.stringMatching(expected));
  });

  it('is refused for everything that is wrong, at once and in order', () => {
    const text = [
      withLine(9, '        kind: redis'),
      '  other:',
      '    secrets: {x: {kind: random-password, rotation: {every: 2h}}}',
    ].join('\n');
    expect(refusal(writtenFile(text)).map((line) => line.split(': ')[0])).toEqual([
      'secrets.yaml:9',
      'secrets.yaml:15',
    ]);
  });

  it('that is a folder is refused, and nothing is thrown that nobody expects', () => {
    expect(refusal(dirname(writtenFile('')))).toEqual([expect.stringMatching(/cannot be read \(EISDIR\)/)]);
  });

  it('lets functions have the variables that they read', () => {
    const names = [
      'PASSWORD_LENGTH',
      'MINIMUM_ENTROPY_BITS',
      'RECOVER_THROUGH_SUPERUSER',
      'AWS_MAX_ATTEMPTS',
      'POWERTOOLS_LOG_LEVEL',
    ];
    const environment = names.map((name) => `${name}: "1"`).join(', ');
    const text = withLine(1, 'project: shop', `functions: {mysql-single-user: {environment: {${environment}}}}`);
    expect(refusal(writtenFile(text))).toEqual([]);
  });

  it.each([
    ['PASSWORD_LENGHT', 'did you mean "PASSWORD_LENGTH"?'],
    ['RECOVER_THROUGH_SUPERUSER', 'is no variable of random-password'],
  ])('refuses %s as a variable of a function that does not read it', (name, says) => {
    const text = withLine(1, 'project: shop', `functions: {random-password: {environment: {${name}: "40"}}}`);
    expect(refusal(writtenFile(text))).toEqual([expect.stringContaining(says)]);
  });

  it('that is not there is named', () => {
    expect(refusal('nowhere/secrets.yaml')).toEqual([
      'secrets.yaml:1: there is no such file. Name one with -c secrets=PATH.',
    ]);
  });
});
