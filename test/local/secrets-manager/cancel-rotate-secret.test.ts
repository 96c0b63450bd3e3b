import { CancelRotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { functionArn } from './functions.ts';
import { gate, rotationSetting } from './rotation-setting.ts';
import { refusal } from './service.ts';

const cancel = () => new CancelRotateSecretCommand({ SecretId: 's' });

describe('CancelRotateSecret', () => {
  it('turns rotation off and still shows function and rules', async () => {
    const { service, client, described, rotateSecret } = await rotationSetting();
    await rotateSecret({ RotationRules: { AutomaticallyAfterDays: 30 } });
    await service.settled();
    await client.send(cancel());
    const after = await described();
    expect(after).toMatchObject({
      RotationEnabled: false,
      RotationLambdaARN: functionArn,
      RotationRules: { AutomaticallyAfterDays: 30 },
    });
    expect(after.NextRotationDate).toBeUndefined();
  });

  it('stops a rotation after the step that runs, and AWSPENDING stays', async () => {
    const { passed, open } = gate();
    const { service, client, original, steps, stages, rotateSecret } = await rotationSetting(() => passed);
    const { VersionId = '' } = await rotateSecret();
    await expect.poll(steps).toEqual(['createSecret']);
    expect((await client.send(cancel())).VersionId).toBe(VersionId);
    open();
    await service.settled();
    expect(steps()).toEqual(['createSecret']);
    expect(await stages()).toEqual({ [original]: ['AWSCURRENT'], [VersionId]: ['AWSPENDING'] });
    expect(service.results).toMatchObject([{ outcome: 'cancelled' }]);
  });

  it('does not wait for the next attempt of a rotation that failed', async () => {
    const { service, client, steps, rotateSecret } = await rotationSetting(
      () => {
        throw new Error('no');
      },
      { retryDelayMs: 3_600_000 },
    );
    await rotateSecret();
    await expect.poll(steps).toEqual(['createSecret']);
    await client.send(cancel());
    await service.settled();
    expect(steps()).toEqual(['createSecret']);
  });

  it('leaves a secret that refuses to rotate, and takes nothing up, until AWSPENDING is cleared', async () => {
    const { service, client, steps, rotateSecret } = await rotationSetting(
      () => {
        throw new Error('no');
      },
      { retries: 0 },
    );
    await rotateSecret();
    await service.settled();
    await client.send(cancel());
    expect(await refusal(rotateSecret())).toMatchObject({ code: 'InvalidRequestException' });
    await service.settled();
    expect(steps()).toEqual(['createSecret']);
  });

  it('refuses a secret that was never set up for rotation', async () => {
    const { client } = await rotationSetting();
    expect(await refusal(client.send(cancel()))).toMatchObject({ code: 'InvalidRequestException' });
  });
});
