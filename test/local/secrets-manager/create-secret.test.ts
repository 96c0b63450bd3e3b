import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { badRequest, post, refusal, startService, token } from './service.ts';

describe('CreateSecret', () => {
  it('answers the ARN, which is the name and six more characters, the name and the token as version', async () => {
    const { client } = await startService();
    const ClientRequestToken = token();
    const created = await client.send(new CreateSecretCommand({ Name: 'a/b', SecretString: 'v', ClientRequestToken }));
    expect(created).toMatchObject({
      ARN: expect.stringMatching(/^arn:aws:secretsmanager:us-east-1:123456789012:secret:a\/b-[A-Za-z0-9]{6}$/),
      Name: 'a/b',
      VersionId: ClientRequestToken,
    });
  });

  it('ends the ARN in the six characters that the server was given', async () => {
    const { client } = await startService({ arnSuffix: () => 'AbCd12' });
    expect((await client.send(new CreateSecretCommand({ Name: 's' }))).ARN).toMatch(/:secret:s-AbCd12$/);
  });

  it('makes no version without a value, and the first put then gets AWSCURRENT', async () => {
    const { client } = await startService();
    const created = await client.send(new CreateSecretCommand({ Name: 'empty' }));
    expect(created.VersionId).toBeUndefined();
    const described = await client.send(new DescribeSecretCommand({ SecretId: 'empty' }));
    expect(described.VersionIdsToStages).toBeUndefined();
    const put = await client.send(new PutSecretValueCommand({ SecretId: 'empty', SecretString: 'v' }));
    expect(put.VersionStages).toEqual(['AWSCURRENT']);
  });

  it('keeps description, key and tags', async () => {
    const { client } = await startService();
    const Tags = [{ Key: 'team', Value: 'core' }];
    await client.send(new CreateSecretCommand({ Name: 's', Description: 'd', KmsKeyId: 'alias/k', Tags }));
    const described = await client.send(new DescribeSecretCommand({ SecretId: 's' }));
    expect(described).toMatchObject({ Description: 'd', KmsKeyId: 'alias/k', Tags });
  });

  it.each(['has space', 'star*', 'colon:', 'ünïcode'])('refuses the name "%s"', async (Name) => {
    const { client } = await startService();
    expect(await refusal(client.send(new CreateSecretCommand({ Name })))).toEqual(
      badRequest(
        'ValidationException',
        'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
      ),
    );
  });

  it('refuses a name that exists', async () => {
    const { client } = await startService();
    await client.send(new CreateSecretCommand({ Name: 's', SecretString: 'v' }));
    expect(await refusal(client.send(new CreateSecretCommand({ Name: 's', SecretString: 'v' })))).toEqual(
      badRequest('ResourceExistsException', 'The operation failed because the secret s already exists.'),
    );
  });

  it('refuses a name that is scheduled for deletion', async () => {
    const { client } = await startService();
    await client.send(new CreateSecretCommand({ Name: 's' }));
    await client.send(new DeleteSecretCommand({ SecretId: 's' }));
    expect(await refusal(client.send(new CreateSecretCommand({ Name: 's' })))).toEqual(
      badRequest(
        'InvalidRequestException',
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
      ),
    );
  });

  it('succeeds again with the same token and value', async () => {
    const { client } = await startService();
    const command = () => new CreateSecretCommand({ Name: 's', SecretString: 'v', ClientRequestToken: request });
    const request = token();
    const first = await client.send(command());
    const second = await client.send(command());
    expect([second.ARN, second.VersionId]).toEqual([first.ARN, request]);
  });

  it('refuses the same token with another value', async () => {
    const { client } = await startService();
    const ClientRequestToken = token();
    const { ARN } = await client.send(new CreateSecretCommand({ Name: 's', SecretString: 'v', ClientRequestToken }));
    const again = client.send(new CreateSecretCommand({ Name: 's', SecretString: 'w', ClientRequestToken }));
    expect(await refusal(again)).toEqual(
      badRequest(
        'ResourceExistsException',
        `You can't use ClientRequestToken ${ClientRequestToken} because that value is already in use for a version of secret ${ARN}.`,
      ),
    );
  });

  it('needs a ClientRequestToken, which the client fills in by itself', async () => {
    const { service } = await startService();
    expect(await post(service.endpoint, 'CreateSecret', { Name: 's', SecretString: 'v' })).toMatchObject({
      status: 400,
      body: {
        __type: 'InvalidRequestException',
        Message: 'You must provide a ClientRequestToken value. We recommend a UUID-type value.',
      },
    });
  });

  it('takes 65536 bytes of value and not one more, in text and in binary', async () => {
    const { client } = await startService();
    const bytes = 65_536;
    const create = (Name: string, value: { SecretString: string } | { SecretBinary: Uint8Array }) =>
      client.send(new CreateSecretCommand({ Name, ...value }));
    const twoBytesEach = 'é'.repeat(bytes / 2);
    await create('text', { SecretString: twoBytesEach });
    await create('binary', { SecretBinary: new Uint8Array(bytes) });
    const tooLong = (member: string) =>
      badRequest(
        'ValidationException',
        `1 validation error detected: Value at '${member}' failed to satisfy constraint: Member must have length less than or equal to 65536`,
      );
    expect(await refusal(create('t', { SecretString: `${twoBytesEach}x` }))).toEqual(tooLong('secretString'));
    expect(await refusal(create('b', { SecretBinary: new Uint8Array(bytes + 1) }))).toEqual(tooLong('secretBinary'));
  });

  it('gives bytes back as they came', async () => {
    const { client } = await startService();
    const SecretBinary = Uint8Array.from([0, 255, 128, 10]);
    await client.send(new CreateSecretCommand({ Name: 'b', SecretBinary }));
    const read = await client.send(new GetSecretValueCommand({ SecretId: 'b' }));
    expect(Uint8Array.from(read.SecretBinary ?? [])).toEqual(SecretBinary);
    expect(read.SecretString).toBeUndefined();
  });
});
