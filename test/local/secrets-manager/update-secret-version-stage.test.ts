import {
  CreateSecretCommand,
  DescribeSecretCommand,
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { badRequest, refusal, startService, token } from './service.ts';

async function secret() {
  const { service, client } = await startService();
  const [previous, current, pending] = [token(), token(), token()];
  await client.send(new CreateSecretCommand({ Name: 's', SecretString: '1', ClientRequestToken: previous }));
  const put = (SecretString: string, ClientRequestToken: string, VersionStages: string[]) =>
    client.send(new PutSecretValueCommand({ SecretId: 's', SecretString, ClientRequestToken, VersionStages }));
  await put('2', current, ['AWSCURRENT']);
  await put('3', pending, ['AWSPENDING', 'mine']);
  const move = (VersionStage: string, MoveToVersionId?: string, RemoveFromVersionId?: string) =>
    client.send(
      new UpdateSecretVersionStageCommand({
        SecretId: 's',
        VersionStage,
        ...(MoveToVersionId !== undefined && { MoveToVersionId }),
        ...(RemoveFromVersionId !== undefined && { RemoveFromVersionId }),
      }),
    );
  const stages = async () => {
    const described = await client.send(new DescribeSecretCommand({ SecretId: 's' }));
    const sorted = Object.entries(described.VersionIdsToStages ?? {}).map(([id, held]) => [id, held.toSorted()]);
    return Object.fromEntries(sorted);
  };
  const before = {
    [previous]: ['AWSPREVIOUS'],
    [current]: ['AWSCURRENT'],
    [pending]: ['AWSPENDING', 'mine'],
  };
  return { service, move, stages, before, previous, current, pending };
}

describe('UpdateSecretVersionStage', () => {
  it('moves AWSCURRENT, AWSPREVIOUS follows, the target keeps AWSPENDING and other labels stay', async () => {
    const { move, stages, current, pending } = await secret();
    expect(await move('AWSCURRENT', pending, current)).toMatchObject({ Name: 's', ARN: expect.any(String) });
    expect(await stages()).toEqual({
      [current]: ['AWSPREVIOUS'],
      [pending]: ['AWSCURRENT', 'AWSPENDING', 'mine'],
    });
  });

  it('goes back to the previous version, which changes places with the current one', async () => {
    const { move, stages, previous, current } = await secret();
    await move('AWSCURRENT', previous, current);
    expect(await stages()).toMatchObject({ [previous]: ['AWSCURRENT'], [current]: ['AWSPREVIOUS'] });
  });

  it('takes a label off', async () => {
    const { move, stages, pending } = await secret();
    await move('AWSPENDING', undefined, pending);
    expect((await stages())[pending]).toEqual(['mine']);
  });

  it('attaches a new label without RemoveFromVersionId', async () => {
    const { move, stages, current } = await secret();
    await move('blue', current);
    expect((await stages())[current]).toEqual(['AWSCURRENT', 'blue']);
  });

  it('succeeds where the label is already', async () => {
    const { move, stages, before, current } = await secret();
    await move('AWSCURRENT', current);
    expect(await stages()).toEqual(before);
  });

  it('needs RemoveFromVersionId to move AWSCURRENT', async () => {
    const { move, stages, before, current, pending } = await secret();
    expect(await refusal(move('AWSCURRENT', pending))).toEqual(
      badRequest(
        'InvalidParameterException',
        `The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version ${current}, so you must explicitly reference that version in RemoveFromVersionId.`,
      ),
    );
    expect(await stages()).toEqual(before);
  });

  it.each([
    ['RemoveFromVersionId does not hold the label', 'AWSCURRENT', 'pending', 'previous'],
    ['nobody holds the label that is to be removed', 'blue', undefined, 'current'],
    ['AWSCURRENT would be on no version', 'AWSCURRENT', undefined, 'current'],
    ['AWSPREVIOUS would be on the current version', 'AWSPREVIOUS', 'current', 'previous'],
    ['neither version is named', 'mine', undefined, undefined],
  ] as const)('fails when %s', async (_, label, to, from) => {
    const { move, stages, before, ...ids } = await secret();
    const attempt = move(label, to && ids[to], from && ids[from]);
    expect(await refusal(attempt)).toMatchObject({ code: 'InvalidParameterException', status: 400 });
    expect(await stages()).toEqual(before);
  });

  it('fails for a version that does not exist', async () => {
    const { move, current } = await secret();
    const missing = token();
    expect(await refusal(move('AWSCURRENT', missing, current))).toMatchObject({ code: 'ResourceNotFoundException' });
  });

  it('never makes an empty placeholder current', async () => {
    const { service, move, current } = await secret();
    const placeholder = token();
    service.store.find('s').versions.stagePending(placeholder, undefined, new Date());
    expect(await refusal(move('AWSCURRENT', placeholder, current))).toMatchObject({ code: 'InvalidRequestException' });
    expect(service.store.find('s').versions.holderOf('AWSCURRENT')?.id).toBe(current);
  });
});
