import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { badRequest, post, refusal, startService, token } from './service.ts';

async function secretWith(...values: string[]) {
  const { service, client } = await startService();
  const { ARN } = await client.send(new CreateSecretCommand({ Name: 's' }));
  const put = async (SecretString: string, VersionStages?: string[], ClientRequestToken: string = token()) => {
    const answer = await client.send(
      new PutSecretValueCommand({
        SecretId: 's',
        SecretString,
        ClientRequestToken,
        ...(VersionStages && { VersionStages }),
      }),
    );
    return answer.VersionId ?? '';
  };
  const stages = async () => (await client.send(new DescribeSecretCommand({ SecretId: 's' }))).VersionIdsToStages ?? {};
  const ids: string[] = [];
  for (const value of values) ids.push(await put(value));
  return { service, client, ARN, put, stages, ids };
}

describe('PutSecretValue', () => {
  it('without stages moves AWSCURRENT and AWSPREVIOUS, and the former previous has no label left', async () => {
    const { ids, stages } = await secretWith('1', '2', '3');
    expect(await stages()).toEqual({ [ids[2] ?? '']: ['AWSCURRENT'], [ids[1] ?? '']: ['AWSPREVIOUS'] });
  });

  it('that moves AWSCURRENT takes AWSPENDING off a version that holds both, and off no other', async () => {
    const { put, stages } = await secretWith();
    const both = await put('1', ['AWSPENDING']);
    const second = await put('2');
    expect(await stages()).toEqual({ [both]: ['AWSPREVIOUS'], [second]: ['AWSCURRENT'] });
    const waiting = await put('3', ['AWSPENDING']);
    const third = await put('4');
    expect(await stages()).toEqual({ [second]: ['AWSPREVIOUS'], [waiting]: ['AWSPENDING'], [third]: ['AWSCURRENT'] });
  });

  it('with stages attaches exactly those, takes them from whoever held them and leaves current alone', async () => {
    const { ids, put, stages } = await secretWith('1');
    const first = await put('2', ['AWSPENDING', 'mine']);
    const second = await put('3', ['mine']);
    expect(await stages()).toEqual({ [ids[0] ?? '']: ['AWSCURRENT'], [first]: ['AWSPENDING'], [second]: ['mine'] });
  });

  it('attaches AWSCURRENT too when AWSPENDING comes as the very first version', async () => {
    const { put, stages } = await secretWith();
    const id = await put('1', ['AWSPENDING']);
    expect((await stages())[id]?.toSorted()).toEqual(['AWSCURRENT', 'AWSPENDING']);
  });

  it('succeeds again with the same token and value, and moves no label back', async () => {
    const { put, stages, ids } = await secretWith('1', '2');
    expect(await put('1', undefined, ids[0])).toBe(ids[0]);
    expect((await stages())[ids[1] ?? '']).toEqual(['AWSCURRENT']);
  });

  it('refuses the same token with another value, and keeps the first one', async () => {
    const { client, ARN, put, ids } = await secretWith('1');
    expect(await refusal(put('other', undefined, ids[0]))).toEqual(
      badRequest(
        'ResourceExistsException',
        `You can't use ClientRequestToken ${ids[0]} because that value is already in use for a version of secret ${ARN}.`,
      ),
    );
    const read = await client.send(new GetSecretValueCommand({ SecretId: 's' }));
    expect(read.SecretString).toBe('1');
  });

  it('fills the empty AWSPENDING placeholder of its token', async () => {
    const { service, put, stages, ids } = await secretWith('1');
    const placeholder = token();
    service.store.find('s').versions.stagePending(placeholder, undefined, new Date());
    expect(await put('2', ['AWSPENDING'], placeholder)).toBe(placeholder);
    expect(await stages()).toEqual({ [ids[0] ?? '']: ['AWSCURRENT'], [placeholder]: ['AWSPENDING'] });
  });

  it('refuses a call with neither value', async () => {
    const { client } = await secretWith();
    expect(await refusal(client.send(new PutSecretValueCommand({ SecretId: 's' })))).toEqual(
      badRequest('InvalidRequestException', 'You must provide either SecretString or SecretBinary.'),
    );
  });

  it('needs a ClientRequestToken', async () => {
    const { service } = await secretWith();
    expect((await post(service.endpoint, 'PutSecretValue', { SecretId: 's', SecretString: 'v' })).body).toEqual({
      __type: 'InvalidRequestException',
      Message: 'You must provide a ClientRequestToken value. We recommend a UUID-type value.',
    });
  });

  it('allows 20 labels over all versions and refuses the next one whole', async () => {
    const { put, stages } = await secretWith('1', '2');
    const labels = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `label-${from + n}`);
    // AWSCURRENT and AWSPREVIOUS are the other two.
    await put('3', labels(0, 18));
    const before = await stages();
    expect(await refusal(put('4', ['one-more']))).toMatchObject({ code: 'LimitExceededException', status: 400 });
    expect(await stages()).toEqual(before);
  });

  it.each([
    ['a token of 31 characters', { ClientRequestToken: 'x'.repeat(31) }, 'clientRequestToken'],
    ['a token of 65 characters', { ClientRequestToken: 'x'.repeat(65) }, 'clientRequestToken'],
    ['no stage in the list', { VersionStages: [] }, 'versionStages'],
    ['21 stages', { VersionStages: Array.from({ length: 21 }, (_, n) => `${n}`) }, 'versionStages'],
    ['a stage of 257 characters', { VersionStages: ['x'.repeat(257)] }, 'versionStages.1.member'],
    ['a RotationToken that is no token', { RotationToken: '_'.repeat(36) }, 'rotationToken'],
  ])('refuses %s', async (_, wrong, member) => {
    const { client } = await secretWith();
    const command = new PutSecretValueCommand({ SecretId: 's', SecretString: 'v', ...wrong });
    expect(await refusal(client.send(command))).toEqual(
      badRequest('ValidationException', expect.stringContaining(`1 validation error detected: Value at '${member}'`)),
    );
  });
});
