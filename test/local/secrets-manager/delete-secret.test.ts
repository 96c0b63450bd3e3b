import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { badRequest, refusal, startService, stoppedClock, token } from './service.ts';

async function secret() {
  const { clock, moveTo } = stoppedClock('2026-03-10T12:00:00Z');
  const { client } = await startService({ clock });
  const { ARN } = await client.send(new CreateSecretCommand({ Name: 's', SecretString: 'v' }));
  const remove = (
    input: { RecoveryWindowInDays?: number; ForceDeleteWithoutRecovery?: boolean } = {},
    SecretId = 's',
  ) => client.send(new DeleteSecretCommand({ SecretId, ...input }));
  return { client, ARN, remove, moveTo };
}

const gone = badRequest('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");

describe('DeleteSecret', () => {
  it('marks the secret for deletion in 30 days unless told otherwise', async () => {
    const { ARN, remove } = await secret();
    expect(await remove()).toMatchObject({ ARN, Name: 's', DeletionDate: new Date('2026-04-09T12:00:00Z') });
  });

  it.each([7, 30])('takes a recovery window of %i days, after which the secret is gone', async (days) => {
    const { client, remove, moveTo } = await secret();
    const { DeletionDate } = await remove({ RecoveryWindowInDays: days });
    const due = Date.parse('2026-03-10T12:00:00Z') + days * 86_400_000;
    expect(DeletionDate).toEqual(new Date(due));
    const describeAt = (time: number) => {
      moveTo(new Date(time).toISOString());
      return client.send(new DescribeSecretCommand({ SecretId: 's' }));
    };
    await describeAt(due - 1);
    expect(await refusal(describeAt(due))).toEqual(gone);
  });

  it.each([6, 31])('refuses a recovery window of %i days', async (RecoveryWindowInDays) => {
    const { remove } = await secret();
    expect(await refusal(remove({ RecoveryWindowInDays }))).toMatchObject({ code: 'InvalidParameterException' });
  });

  it('refuses a recovery window together with force', async () => {
    const { remove } = await secret();
    const both = { RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: true };
    expect(await refusal(remove(both))).toMatchObject({ code: 'InvalidParameterException' });
  });

  it('deletes at once with force, and the name is free again', async () => {
    const { client, ARN, remove } = await secret();
    const deleted = await remove({ ForceDeleteWithoutRecovery: true });
    expect(deleted).toMatchObject({ ARN, Name: 's', DeletionDate: new Date('2026-03-10T12:00:00Z') });
    expect(await refusal(client.send(new DescribeSecretCommand({ SecretId: 's' })))).toEqual(gone);
    expect((await client.send(new CreateSecretCommand({ Name: 's' }))).ARN).not.toBe(ARN);
  });

  it('succeeds with force for a secret that does not exist', async () => {
    const { remove } = await secret();
    expect(await remove({ ForceDeleteWithoutRecovery: true }, 'never')).toMatchObject({
      ARN: expect.stringContaining(':secret:never-'),
      Name: 'never',
      DeletionDate: expect.any(Date),
    });
  });

  it('cannot find a secret that does not exist without force', async () => {
    const { remove } = await secret();
    expect(await refusal(remove({}, 'never'))).toEqual(gone);
  });

  it('leaves nothing to do on the secret', async () => {
    const { client, remove } = await secret();
    await remove();
    const calls = {
      PutSecretValue: client.send(new PutSecretValueCommand({ SecretId: 's', SecretString: 'w' })),
      UpdateSecret: client.send(new UpdateSecretCommand({ SecretId: 's', Description: 'd' })),
      UpdateSecretVersionStage: client.send(
        new UpdateSecretVersionStageCommand({ SecretId: 's', VersionStage: 'x', MoveToVersionId: token() }),
      ),
      TagResource: client.send(new TagResourceCommand({ SecretId: 's', Tags: [] })),
      UntagResource: client.send(new UntagResourceCommand({ SecretId: 's', TagKeys: [] })),
      RotateSecret: client.send(new RotateSecretCommand({ SecretId: 's' })),
      DeleteSecret: remove(),
    };
    for (const [operation, call] of Object.entries(calls)) {
      expect(await refusal(call), operation).toEqual(
        badRequest(
          'InvalidRequestException',
          "You can't perform this operation on the secret because it was marked for deletion.",
        ),
      );
    }
  });
});
