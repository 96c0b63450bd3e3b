import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readDeployable, recordOf } from '../../../infra/secrets-file/read.ts';
import { record, recorded, refusal, writtenFile } from './written-file.ts';

const USER = 'arn:aws:iam::111122223333:user/app';
const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';

function fileWith(secret: string, environment = 'prod: {}', project = 'shop'): string {
  return [
    `project: ${project}`,
    'environments:',
    `  ${environment}`,
    'groups:',
    '  g:',
    '    secrets:',
    `      ${secret}`,
  ].join('\n');
}

describe('a mistake that no deployment would notice', () => {
  it.each<[string, string, RegExp]>([
    [
      'an IAM user of another account',
      fileWith(`app: {kind: iam-access-key, user: "${USER}"}`, 'prod: {account: "999988887777"}'),
      /^secrets.yaml:7: .*user: is of account 111122223333, and prod is of 999988887777/,
    ],
    [
      'a key of another Region',
      fileWith(`app: {key: "${KEY}"}`, 'prod: {region: eu-central-1}'),
      /key: is of Region eu-west-1/,
    ],
    [
      'a superuser of another Region',
      fileWith(
        'app: {kind: mysql-alternating-users, superuser: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:boss-AbCdEf"}',
        'prod: {region: eu-central-1}',
      ),
      /superuser: is of Region eu-west-1/,
    ],
    [
      'a zone outside of the Region',
      fileWith(
        'app: {}',
        'prod: {region: eu-central-1, network: {vpc: vpc-11111111, subnets: {eu-west-1a: subnet-11111111}, databases: {sg-11111111: 5432}, aws: nat}}',
      ),
      /subnets.eu-west-1a: is no zone of Region eu-central-1/,
    ],
    [
      'zones of two Regions',
      fileWith(
        'app: {}',
        'prod: {network: {vpc: vpc-11111111, subnets: {eu-west-1a: subnet-11111111, eu-west-2a: subnet-22222222}, databases: {sg-11111111: 5432}, aws: nat}}',
      ),
      /subnets.eu-west-2a: is no zone of Region eu-west-1/,
    ],
    [
      'an engine under the kind of another',
      fileWith('app: {kind: mysql-single-user, json: {engine: postgres, host: h, username: u, password: ""}}'),
      /json: has an "engine" that mysql-single-user is not for: .*mariadb/,
    ],
    [
      'a login without a user',
      fileWith('app: {kind: postgres-single-user, json: {engine: postgres, host: h, password: ""}}'),
      /json: is no login for postgres-single-user: username missing/,
    ],
  ])('is refused: %s', (_, text, says) => {
    expect(refusal(writtenFile(text))).toEqual([expect.stringMatching(says)]);
  });

  it('is let be where the first value was recorded before', () => {
    const wrong = 'app: {kind: postgres-single-user, json: {engine: mysql, port: 0x1F}}';
    const file = writtenFile(fileWith(wrong));
    writeFileSync(recordOf(file), 'prod shop/prod/g/app 1 {"json":{"engine":"mysql","port":31}}\n');
    expect(refusal(file, readDeployable)).toEqual([]);
  });

  it('such as another name of the project, which every stack has in its own, is refused by the record', () => {
    const file = writtenFile(fileWith('app: {}'));
    record(file);
    writeFileSync(file, fileWith('app: {}', undefined, 'store'));
    expect(refusal(file, readDeployable)[0]).toMatch(
      /^secrets.record:\d+: .*no longer declared|^secrets.yaml:1: project: is not "shop"/,
    );
    expect(refusal(file, readDeployable).join('\n')).toContain('project: is not "shop", as recorded');
  });

  it.each(['filled', 'dedicated'])('is none if it says that "%s" is false', (key) => {
    const secret =
      key === 'filled' ? 'app: {filled: false}' : `app: {kind: iam-access-key, user: "${USER}", dedicated: false}`;
    expect(refusal(writtenFile(fileWith(secret)))).toEqual([]);
  });
});

describe('what is wrong', () => {
  it('in many secrets that are not recorded is one message', () => {
    const file = writtenFile(fileWith('{a: {}, b: {}, c: {}}'.slice(1, -1).replaceAll(', ', '\n      ')));
    expect(refusal(file, readDeployable)).toEqual([
      expect.stringMatching(
        /prod shop\/prod\/g\/a and 2 more \(prod shop\/prod\/g\/b, prod shop\/prod\/g\/c\) are not recorded/,
      ),
    ]);
  });

  it('in form, in meaning and against the record is told together', () => {
    const file = writtenFile(fileWith('a: {rotation: {evry: 30d}}\n      b: {kind: nothing}'));
    const told = refusal(file, readDeployable).join('\n');
    for (const says of ['evry', '"nothing" is no kind of secret', 'not recorded yet']) expect(told).toContain(says);
  });
});

describe('a number that JavaScript would write otherwise', () => {
  it.each(['1234567890123456789', '9007199254740993', '012345678901', '15.10', '1e400', '0x1F', '+5', '.inf'])(
    'is refused by line, and not quoted: %s',
    (number) => {
      const told = refusal(writtenFile(fileWith(`app: {json: {list: [1, {id: ${number}}]}}`)));
      expect(told).toContainEqual(
        expect.stringMatching(/^secrets.yaml:7: groups.g.secrets.app.json.list.1.id: .*Quote it/),
      );
      expect(told.join()).not.toContain(number);
    },
  );

  it.each(['9007199254740991', '15.5', '-3', '"012345678901"'])('is taken if it is the same: %s', (number) => {
    expect(refusal(writtenFile(fileWith(`app: {json: {id: ${number}}}`)))).toEqual([]);
  });
});

describe('a schedule', () => {
  it.each(['cron(0 10 ? FEB,MAY,AUG,NOV TUE#2 *)', '0 10 ? FEB,MAY,AUG,NOV TUE#2 *'])(
    'may be written as %s',
    (cron) => {
      const file = recorded(fileWith(`app: {kind: random-password, generate: {}, rotation: {cron: "${cron}"}}`));
      expect(file.environments[0]?.secrets[0]?.rotation?.rules.scheduleExpression).toBe(
        'cron(0 10 ? FEB,MAY,AUG,NOV TUE#2 *)',
      );
    },
  );
});

describe('{environment} in a value', () => {
  const text = fileWith(
    'app: {json: {host: "db.{environment}.internal", list: ["{name} of {project}"], other: "{else}"}}',
  );

  it('is written out, and other braces are left alone', () => {
    expect(recorded(text).environments[0]?.secrets[0]?.shape).toEqual({
      json: { host: 'db.prod.internal', list: ['app of shop'], other: '{else}' },
    });
  });

  it('stays as it was recorded before it was written out', () => {
    const file = writtenFile(text);
    const literal = { json: { host: 'db.{environment}.internal', list: ['{name} of {project}'], other: '{else}' } };
    writeFileSync(recordOf(file), `prod shop/prod/g/app 1 ${JSON.stringify(literal)}\n`);
    expect(readDeployable(file).environments[0]?.secrets[0]?.shape).toEqual(literal);
  });
});

describe('a guess about what is secret', () => {
  it.each([
    '# built from 3f786850e387550fdab836ed7e6dc881de23001b',
    'commit: 3f786850e387550fdab836ed7e6dc881de23001b',
    'image: shop@sha256:9f86d081884c7d659a2feaa0c55ad0159f86d081884c7d659a2feaa0c55ad015',
  ])('lets ids of commits and images pass: %s', (line) => {
    expect(
      refusal(
        writtenFile(
          `${fileWith(`app: {json: {${line.replace(/^# .*/, 'a: b')}}}`)}\n${line.startsWith('#') ? line : ''}`,
        ),
      ),
    ).toEqual([]);
  });

  it.each(['tokenEndpoint', 'token_url', 'secretName', 'SECRET_ARN', 'tokenId', 'apiKeyHeader', 'password_length'])(
    'takes %s for no secret',
    (field) => {
      expect(refusal(writtenFile(fileWith(`app: {json: {${field}: something}}`)))).toEqual([]);
    },
  );

  it('takes edit-me in a URL for a placeholder', () => {
    expect(refusal(writtenFile(fileWith('app: {json: {url: "postgres://app:edit-me@db/orders"}}')))).toEqual([]);
  });

  it('that is wrong is overruled for one value by "plain", which is recorded', () => {
    const value = '9f86d081884c7d659a2feaa0c55ad015';
    const guarded = (plain: string) => fileWith(`app: {${plain}json: {token: nothing-secret, id: ${value}}}`);
    const file = writtenFile(guarded(''));
    expect(refusal(file)).toHaveLength(1);
    writeFileSync(file, guarded('plain: [token, id], '));
    expect(refusal(file)).toEqual([]);
    record(file);
    expect(readFileSync(recordOf(file), 'utf8')).toMatch(/ plain token,id\n$/);
    expect(refusal(file, readDeployable)).toEqual([]);
    writeFileSync(file, guarded('plain: [token, id, other], '));
    expect(refusal(file)).toEqual([expect.stringContaining('plain: names other')]);
  });
});
