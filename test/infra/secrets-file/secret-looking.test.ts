import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filledSecretFields, secretLookingLines } from '../../../infra/secrets-file/secret-looking.ts';
import { refusal, writtenFile } from './written-file.ts';

describe('a value in the file of secrets', () => {
  // Joined here, so that no scanner takes this file for a leak.
  it.each([
    ['an AWS access key id', ['AKIA', 'IOSFODNN7EXAMPLE'].join('')],
    ['an AWS secret key', ['wJalrXUtnFEMI/K7MDENG', '/bPxRfiCYEXAMPLEKEY'].join('')],
    ['a private key', ['-----BEGIN RSA', ' PRIVATE KEY-----'].join('')],
    ['a token of GitHub', ['ghp', '_16C7e42F292c6912E7710c838347Ae178B4a'].join('')],
    ['a key of Stripe', ['sk', '_live_4eC39HqLyjWDarjtT1zdp7dc'].join('')],
    ['a URL with a password', 'mongodb://app:hunter2@db.example.com/orders'],
    ['a key in hex', '9f86d081884c7d659a2feaa0c55ad015'],
  ])('is found, and not quoted: %s', (_, value) => {
    const refused = refusal(writtenFile(`project: shop\nenvironments: {}\ngroups: {}\ntags: {k: "${value}"}\n`));
    expect(refused.join('\n')).toMatch(/secrets.yaml:4: this looks like .*put-secret-value/);
    expect(refused.join('\n')).not.toContain(value);
  });

  it('is found in a comment as well', () => {
    expect(secretLookingLines('a: b\n# password was ghp_16C7e42F292c6912E7710c838347Ae178B4a')).toMatchObject([
      { line: 2 },
    ]);
  });

  it('is found if it is 32 bytes in base64 that nobody could tell from random ones', () => {
    for (let n = 0; n < 200; n++) {
      const value = createHash('sha256').update(String(n)).digest('base64url');
      expect(secretLookingLines(`key: ${value}`), value).toHaveLength(1);
    }
  });

  it.each([
    'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    'arn:aws:iam::111122223333:role/service-role/GrafanaServiceAccountReaderOfProduction',
    'arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Operator_0123456789abcdef',
    'arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds!db-0a1b2c3d-4e5f-6789-abcd-0123456789ab-AbCdEf',
    'vpc-0123456789abcdef0',
    'subnet-0123456789abcdef0',
    'cron: "0 3 ? * SUN *"',
    'host: orders.cluster-c9akciq32rgw.eu-central-1.rds.amazonaws.com',
    'naming: "{context}/{environment}/{path}/{name}"',
    'https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html',
    'fields: [MONGODB_URI, JWT_SECRET, GOOGLE_OAUTH2_CLIENT_SECRET_PRODUCTION]',
  ])('is not seen in what is none: %s', (line) => {
    expect(secretLookingLines(line)).toEqual([]);
  });
});

describe('a field that is named like a secret', () => {
  const secretName = fc.constantFrom(
    'password',
    'JWT_SECRET',
    'apiKey',
    'API_KEY',
    'access_token',
    'passphrase',
    'privateKey',
  );
  const value = fc.string({ minLength: 1 }).filter((text) => text !== 'edit-me' && !/^<[^<>]*>$/.test(text));

  it('may hold nothing but a placeholder, however deep it stands', () => {
    fc.assert(
      fc.property(secretName, value, (name, text) => {
        expect(filledSecretFields({ [name]: text }, [])).toHaveLength(1);
        expect(filledSecretFields({ outer: [{ [name]: text }] }, [])).toMatchObject([{ path: ['outer', '0', name] }]);
      }),
    );
  });

  it.each(['', 'edit-me', '<from the console>'])('may hold the placeholder %j', (placeholder) => {
    expect(filledSecretFields({ password: placeholder }, [])).toEqual([]);
  });

  it('may hold no list of secrets, and no long number', () => {
    expect(filledSecretFields({ tokens: ['', 'hunter2'] }, [])).toMatchObject([{ path: ['tokens', '1'] }]);
    expect(filledSecretFields({ password: 12345678 }, [])).toMatchObject([{ path: ['password'] }]);
  });

  it('may hold a setting: a number of seconds or letters, true, or an object', () => {
    const json = { token_seconds: 86400, password_length: 40, secret_required: true, credentials: { user: 'app' } };
    expect(filledSecretFields(json, [])).toEqual([]);
  });

  it('is told without its value', () => {
    const text =
      'project: shop\nenvironments: {prod: {}}\ngroups:\n  g:\n    secrets:\n      s:\n        json:\n          password: hunter2\n';
    expect(refusal(writtenFile(text))).toEqual([expect.stringMatching(/^secrets.yaml:8: .*json\.password: .*edit-me/)]);
    expect(refusal(writtenFile(text)).join()).not.toContain('hunter2');
  });
});
