import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { badRequest, post, refusal, startService, token } from './service.ts';

async function secret() {
  const { service, client } = await startService();
  const first = token();
  await client.send(
    new CreateSecretCommand({ Name: 's', SecretString: '1', Description: 'old', ClientRequestToken: first }),
  );
  const described = () => client.send(new DescribeSecretCommand({ SecretId: 's' }));
  return { service, client, first, described };
}

describe('UpdateSecret', () => {
  it('answers no version when it changes metadata only, and leaves the rest alone', async () => {
    const { client, first, described } = await secret();
    const updated = await client.send(new UpdateSecretCommand({ SecretId: 's', KmsKeyId: 'alias/k' }));
    expect(updated.VersionId).toBeUndefined();
    expect(await described()).toMatchObject({
      Description: 'old',
      KmsKeyId: 'alias/k',
      VersionIdsToStages: { [first]: ['AWSCURRENT'] },
    });
  });

  it('writes a new current version, as a put without stages would', async () => {
    const { client, first, described } = await secret();
    const second = token();
    const updated = await client.send(
      new UpdateSecretCommand({ SecretId: 's', SecretString: '2', ClientRequestToken: second }),
    );
    expect(updated.VersionId).toBe(second);
    expect((await described()).VersionIdsToStages).toEqual({ [second]: ['AWSCURRENT'], [first]: ['AWSPREVIOUS'] });
    expect((await client.send(new GetSecretValueCommand({ SecretId: 's' }))).SecretString).toBe('2');
  });

  it('succeeds again with the same token and value, and refuses another one', async () => {
    const { client, first } = await secret();
    const update = (SecretString: string) =>
      client.send(new UpdateSecretCommand({ SecretId: 's', SecretString, ClientRequestToken: first }));
    expect((await update('1')).VersionId).toBe(first);
    expect(await refusal(update('2'))).toMatchObject({ code: 'ResourceExistsException', status: 400 });
  });

  it('needs a ClientRequestToken', async () => {
    const { service } = await secret();
    expect((await post(service.endpoint, 'UpdateSecret', { SecretId: 's', Description: 'new' })).body).toEqual({
      __type: 'InvalidRequestException',
      Message: 'You must provide a ClientRequestToken value. We recommend a UUID-type value.',
    });
  });

  it('changes nothing when it refuses', async () => {
    const { client, first, described } = await secret();
    const update = new UpdateSecretCommand({
      SecretId: 's',
      Description: 'new',
      SecretString: '2',
      ClientRequestToken: first,
    });
    expect(await refusal(client.send(update))).toEqual(badRequest('ResourceExistsException', expect.any(String)));
    expect((await described()).Description).toBe('old');
  });
});
