import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { badRequest, refusal, startService, token } from './service.ts';

const cannotFind = (what: string) =>
  badRequest('ResourceNotFoundException', `Secrets Manager can't find the specified secret value for ${what}`);

async function secret() {
  const { service, client } = await startService();
  const current = token();
  const pending = token();
  const { ARN = '' } = await client.send(
    new CreateSecretCommand({ Name: 'team/s', SecretString: 'now', ClientRequestToken: current }),
  );
  await client.send(
    new PutSecretValueCommand({
      SecretId: ARN,
      SecretString: 'next',
      ClientRequestToken: pending,
      VersionStages: ['AWSPENDING'],
    }),
  );
  const get = (SecretId: string, version: { VersionId?: string; VersionStage?: string } = {}) =>
    client.send(new GetSecretValueCommand({ SecretId, ...version }));
  return { service, client, ARN, current, pending, get };
}

describe('GetSecretValue', () => {
  it('reads AWSCURRENT unless told otherwise', async () => {
    const { ARN, current, get } = await secret();
    expect(await get(ARN)).toMatchObject({
      ARN,
      Name: 'team/s',
      SecretString: 'now',
      VersionId: current,
      VersionStages: ['AWSCURRENT'],
      CreatedDate: expect.any(Date),
    });
  });

  it('finds a secret by name, ARN and ARN without the six last characters', async () => {
    const { ARN, get } = await secret();
    for (const id of ['team/s', ARN, ARN.slice(0, -7)]) expect((await get(id)).SecretString).toBe('now');
  });

  it.each([
    ['another name', 'team/other'],
    ['part of the name', 'team'],
    ['the name with other last characters', 'arn:aws:secretsmanager:us-east-1:123456789012:secret:team/s-AAAAA'],
    ['an ARN of another region', 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:team/s'],
  ])('does not find it by %s', async (_, id) => {
    const { get } = await secret();
    expect(await refusal(get(id))).toEqual(
      badRequest('ResourceNotFoundException', "Secrets Manager can't find the specified secret."),
    );
  });

  it('refuses an impossible SecretId', async () => {
    const { get } = await secret();
    expect(await refusal(get('no spaces'))).toEqual(
      badRequest(
        'ValidationException',
        'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
      ),
    );
  });

  it('reads by stage, by version, and by both when they agree', async () => {
    const { pending, get } = await secret();
    for (const version of [
      { VersionStage: 'AWSPENDING' },
      { VersionId: pending },
      { VersionId: pending, VersionStage: 'AWSPENDING' },
    ]) {
      expect((await get('team/s', version)).SecretString).toBe('next');
    }
  });

  it('cannot find a stage that nobody holds', async () => {
    const { get } = await secret();
    expect(await refusal(get('team/s', { VersionStage: 'AWSPREVIOUS' }))).toEqual(
      cannotFind('staging label: AWSPREVIOUS'),
    );
  });

  it('cannot find AWSCURRENT of a secret that never had a value', async () => {
    const { client, get } = await secret();
    await client.send(new CreateSecretCommand({ Name: 'empty' }));
    expect(await refusal(get('empty'))).toEqual(cannotFind('staging label: AWSCURRENT'));
  });

  it('cannot find a version that does not exist', async () => {
    const { get } = await secret();
    const missing = token();
    expect(await refusal(get('team/s', { VersionId: missing }))).toEqual(cannotFind(`VersionId: ${missing}`));
  });

  it('cannot find the value of the empty placeholder that a rotation staged', async () => {
    const { service, get } = await secret();
    const placeholder = token();
    service.store.find('team/s').versions.stagePending(placeholder, undefined, new Date());
    const expected = cannotFind('staging label: AWSPENDING');
    expect(await refusal(get('team/s', { VersionStage: 'AWSPENDING' }))).toEqual(expected);
    expect(await refusal(get('team/s', { VersionStage: 'AWSPENDING', VersionId: placeholder }))).toEqual(expected);
  });

  it('refuses a version and a stage that disagree', async () => {
    const { current, get } = await secret();
    expect(await refusal(get('team/s', { VersionId: current, VersionStage: 'AWSPENDING' }))).toEqual(
      badRequest(
        'InvalidRequestException',
        'You provided a VersionStage that is not associated to the provided VersionId.',
      ),
    );
  });

  it('refuses a secret that is marked for deletion', async () => {
    const { client, get } = await secret();
    await client.send(new DeleteSecretCommand({ SecretId: 'team/s' }));
    expect(await refusal(get('team/s'))).toEqual(
      badRequest(
        'InvalidRequestException',
        "You can't perform this operation on the secret because it was marked for deletion.",
      ),
    );
  });
});
