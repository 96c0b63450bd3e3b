import { CreateAccessKeyCommand, IAMClient, UpdateAccessKeyCommand } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeIam, startIam } from '../../../local/issuers/iam.ts';

const ROLE = { accessKeyId: 'AKIDROLE', secretAccessKey: 'secret-of-the-role' };

let iam: FakeIam;
let UserName = '';

beforeAll(async () => {
  iam = await startIam({ role: ROLE });
});

afterAll(() => iam.close());

let users = 0;
beforeEach(() => {
  users += 1;
  UserName = `app-${users}`;
  iam.users.add(UserName);
});

const connection = (credentials = ROLE) => ({
  endpoint: iam.endpoint,
  region: 'us-east-1',
  credentials,
  maxAttempts: 1,
});
const asRole = () => new IAMClient(connection());
const identityWith = (credentials: typeof ROLE) =>
  new STSClient(connection(credentials)).send(new GetCallerIdentityCommand({}));
const key = () => {
  const { id, secret } = iam.users.mint(UserName);
  return { accessKeyId: id, secretAccessKey: secret };
};

// The codes and statuses are those of https://docs.aws.amazon.com/IAM/latest/APIReference/ under each operation, and of
// its page on common errors; LimitExceeded and NoSuchEntity get their longer names from the SDK.
describe('the local IAM', () => {
  it('refuses a third key, though the others are inactive', async () => {
    for (const _ of [1, 2]) {
      const { AccessKey: { AccessKeyId } = {} } = await asRole().send(new CreateAccessKeyCommand({ UserName }));
      await asRole().send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: 'Inactive' }));
    }
    const third = asRole().send(new CreateAccessKeyCommand({ UserName }));
    await expect(third).rejects.toMatchObject({ name: 'LimitExceededException', $metadata: { httpStatusCode: 409 } });
  });

  it('knows no user that nobody added', async () => {
    const made = asRole().send(new CreateAccessKeyCommand({ UserName: 'nobody' }));
    await expect(made).rejects.toMatchObject({ name: 'NoSuchEntityException', $metadata: { httpStatusCode: 404 } });
  });

  it('lets a key tell whose it is, and nothing else', async () => {
    const credentials = key();
    await expect(identityWith(credentials)).resolves.toMatchObject({ Arn: iam.users.arnOf(UserName) });
    const made = new IAMClient(connection(credentials)).send(new CreateAccessKeyCommand({ UserName }));
    await expect(made).rejects.toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
  });

  it.each<[string, string, () => typeof ROLE]>([
    ['another secret', 'SignatureDoesNotMatch', () => ({ ...key(), secretAccessKey: 'wrong' })],
    ['an unknown key', 'InvalidClientTokenId', () => ({ ...ROLE, accessKeyId: 'AKIAAAAAAAAAAAAAAAAA' })],
    ["another key's secret", 'SignatureDoesNotMatch', () => ({ ...key(), secretAccessKey: key().secretAccessKey })],
  ])('refuses a signature by %s', async (_, name, credentials) => {
    await expect(identityWith(credentials())).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 403 } });
  });

  it.each([
    ['is not signed', {}, 'Action=GetCallerIdentity', 403, 'MissingAuthenticationToken'],
    ['is for an operation that it does not have', {}, 'Action=DeleteUser', 400, 'InvalidAction'],
    [
      'has a signature of its own making',
      {
        authorization: `AWS4-HMAC-SHA256 Credential=AKIDROLE/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
      },
      'Action=CreateAccessKey',
      403,
      'SignatureDoesNotMatch',
    ],
  ])('refuses a request that %s', async (_, headers, body, status, code) => {
    const answer = await fetch(iam.endpoint, { method: 'POST', headers, body });
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain(`<Code>${code}</Code>`);
  });
});
