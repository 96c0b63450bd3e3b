import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { badRequest, refusal, startService, stoppedClock } from './service.ts';

describe('DescribeSecret', () => {
  it('shows nothing of rotation on a secret that was never rotated', async () => {
    const { client } = await startService();
    await client.send(new CreateSecretCommand({ Name: 's', SecretString: 'v' }));
    const described = await client.send(new DescribeSecretCommand({ SecretId: 's' }));
    const rotationFields = Object.entries(described).filter(([, value]) => value !== undefined);
    expect(rotationFields.map(([key]) => key).filter((key) => /Rotat/.test(key))).toEqual([]);
  });

  it('leaves versions without a label out', async () => {
    const { client } = await startService();
    await client.send(new CreateSecretCommand({ Name: 's', SecretString: '1' }));
    for (const SecretString of ['2', '3'])
      await client.send(new PutSecretValueCommand({ SecretId: 's', SecretString }));
    const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId: 's' }));
    expect(Object.values(VersionIdsToStages).flat().toSorted()).toEqual(['AWSCURRENT', 'AWSPREVIOUS']);
    expect(Object.keys(VersionIdsToStages)).toHaveLength(2);
  });

  it('shows the day of the last access once there was a get', async () => {
    const { clock } = stoppedClock('2026-03-10T12:34:56.789Z');
    const { client } = await startService({ clock });
    await client.send(new CreateSecretCommand({ Name: 's', SecretString: 'v' }));
    const lastAccess = async () => (await client.send(new DescribeSecretCommand({ SecretId: 's' }))).LastAccessedDate;
    expect(await lastAccess()).toBeUndefined();
    await client.send(new GetSecretValueCommand({ SecretId: 's' }));
    expect(await lastAccess()).toEqual(new Date('2026-03-10T00:00:00Z'));
  });

  it('shows when the secret was created and changed, to the millisecond', async () => {
    const { clock, moveTo } = stoppedClock('2026-03-10T12:34:56.789Z');
    const { client } = await startService({ clock });
    await client.send(new CreateSecretCommand({ Name: 's', SecretString: 'v' }));
    moveTo('2026-03-11T01:02:03.004Z');
    await client.send(new PutSecretValueCommand({ SecretId: 's', SecretString: 'w' }));
    expect(await client.send(new DescribeSecretCommand({ SecretId: 's' }))).toMatchObject({
      CreatedDate: new Date('2026-03-10T12:34:56.789Z'),
      LastChangedDate: new Date('2026-03-11T01:02:03.004Z'),
    });
  });

  it('still describes a secret that is marked for deletion', async () => {
    const { client } = await startService();
    await client.send(new CreateSecretCommand({ Name: 's' }));
    await client.send(new DeleteSecretCommand({ SecretId: 's' }));
    const described = await client.send(new DescribeSecretCommand({ SecretId: 's' }));
    expect(described.DeletedDate).toBeInstanceOf(Date);
  });

  it('cannot find an unknown secret', async () => {
    const { client } = await startService();
    expect(await refusal(client.send(new DescribeSecretCommand({ SecretId: 'unknown' })))).toEqual(
      badRequest('ResourceNotFoundException', "Secrets Manager can't find the specified secret."),
    );
  });
});
