import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import type { RotationProgress } from '../../../local/secrets-manager/rotation-events.ts';
import { functionArn } from './functions.ts';
import { allSteps, gate, rotationSetting } from './rotation-setting.ts';
import { badRequest, post, refusal, token } from './service.ts';

const incomplete = badRequest(
  'InvalidRequestException',
  "A previous rotation isn't complete. That rotation will be reattempted.",
);

describe('RotateSecret', () => {
  it('answers the token as version, before the function has done anything', async () => {
    const { passed, open } = gate();
    const { service, arn, rotateSecret } = await rotationSetting(() => passed);
    const ClientRequestToken = token();
    expect(await rotateSecret({ ClientRequestToken })).toMatchObject({
      ARN: arn,
      Name: 's',
      VersionId: ClientRequestToken,
    });
    open();
    await service.settled();
  });

  it('stages AWSPENDING on a version without a value before the first invocation', async () => {
    const { passed, open } = gate();
    const { service, client, original, stages, rotateSecret } = await rotationSetting(() => passed);
    const { VersionId = '' } = await rotateSecret();
    expect(await stages()).toEqual({ [original]: ['AWSCURRENT'], [VersionId]: ['AWSPENDING'] });
    const pending = client.send(new GetSecretValueCommand({ SecretId: 's', VersionId, VersionStage: 'AWSPENDING' }));
    expect(await refusal(pending)).toMatchObject({ code: 'ResourceNotFoundException' });
    open();
    await service.settled();
  });

  it('invokes the four steps in order with the full ARN, the token and a RotationToken', async () => {
    const { service, arn, requests, rotateSecret } = await rotationSetting();
    const { VersionId } = await rotateSecret();
    await service.settled();
    const RotationToken = expect.stringMatching(/^[a-zA-Z0-9-]{36,256}$/);
    expect(requests).toEqual(
      allSteps.map((Step) => ({ Step, SecretId: arn, ClientRequestToken: VersionId, RotationToken })),
    );
  });

  it('ends with AWSCURRENT on the token, AWSPENDING nowhere, and the date of the rotation', async () => {
    const { service, original, described, eventNames, rotateSecret } = await rotationSetting();
    const { VersionId = '' } = await rotateSecret();
    await service.settled();
    expect(await described()).toMatchObject({
      RotationEnabled: true,
      RotationLambdaARN: functionArn,
      LastRotatedDate: expect.any(Date),
      VersionIdsToStages: { [VersionId]: ['AWSCURRENT'], [original]: ['AWSPREVIOUS'] },
    });
    expect(eventNames()).toEqual(['RotationStarted', 'RotationSucceeded']);
  });

  it('can leave AWSPENDING where the function left it', async () => {
    const { service, stages, rotateSecret } = await rotationSetting(undefined, { clearPendingAfterSuccess: false });
    const { VersionId = '' } = await rotateSecret();
    await service.settled();
    expect((await stages())?.[VersionId]?.toSorted()).toEqual(['AWSCURRENT', 'AWSPENDING']);
    await rotateSecret();
    await service.settled();
    expect(service.results.map(({ outcome }) => outcome)).toEqual(['succeeded', 'succeeded']);
  });

  it('remembers function and rules for the next call', async () => {
    const { service, client, described, rotateSecret } = await rotationSetting();
    await rotateSecret({ RotationRules: { AutomaticallyAfterDays: 30, Duration: '3h' } });
    await service.settled();
    await client.send(new RotateSecretCommand({ SecretId: 's' }));
    await service.settled();
    expect(await described()).toMatchObject({
      RotationLambdaARN: functionArn,
      RotationRules: { AutomaticallyAfterDays: 30, Duration: '3h' },
    });
    expect(service.results).toHaveLength(2);
  });

  it('answers the same again to the same token, and rotates once', async () => {
    const { service, steps, rotateSecret } = await rotationSetting();
    const ClientRequestToken = token();
    await rotateSecret({ ClientRequestToken });
    expect((await rotateSecret({ ClientRequestToken })).VersionId).toBe(ClientRequestToken);
    await service.settled();
    await rotateSecret({ ClientRequestToken });
    await service.settled();
    expect(steps()).toEqual(allSteps);
  });
});

describe('RotateSecret refuses', () => {
  it('a secret for which no function was ever set', async () => {
    const { client } = await rotationSetting();
    expect(await refusal(client.send(new RotateSecretCommand({ SecretId: 's' })))).toEqual(
      badRequest('InvalidRequestException', 'No Lambda rotation function ARN is associated with this secret.'),
    );
  });

  it.each([
    ['a function that the host does not have', { RotationLambdaARN: `${functionArn}-2` }, {}],
    ['any function where there is no host', {}, { functions: undefined }],
  ])('%s, and saves nothing', async (_, input, options) => {
    const { original, described, rotateSecret } = await rotationSetting(undefined, options);
    expect(await refusal(rotateSecret({ RotationRules: { AutomaticallyAfterDays: 1 }, ...input }))).toEqual(
      badRequest(
        'AccessDeniedException',
        'Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.',
      ),
    );
    const after = await described();
    expect(after.RotationLambdaARN).toBeUndefined();
    expect(after.VersionIdsToStages).toEqual({ [original]: ['AWSCURRENT'] });
  });

  it('a request without ClientRequestToken, with another code than other operations', async () => {
    const { service } = await rotationSetting();
    expect((await post(service.endpoint, 'RotateSecret', { SecretId: 's' })).body).toEqual({
      __type: 'InvalidParameterException',
      Message: 'You must provide a ClientRequestToken value. We recommend a UUID-type value.',
    });
  });

  it('days and a schedule expression together', async () => {
    const { rotateSecret } = await rotationSetting();
    const RotationRules = { AutomaticallyAfterDays: 30, ScheduleExpression: 'rate(30 days)' };
    expect(await refusal(rotateSecret({ RotationRules }))).toEqual(
      badRequest(
        'InvalidParameterException',
        'You cannot specify both rotation frequency and schedule expression together.',
      ),
    );
  });

  it.each([
    ['0 days', { AutomaticallyAfterDays: 0 }, 'automaticallyAfterDays'],
    ['1001 days', { AutomaticallyAfterDays: 1001 }, 'automaticallyAfterDays'],
    ['a duration in minutes', { AutomaticallyAfterDays: 1, Duration: '30m' }, 'duration'],
    ['a duration of four characters', { AutomaticallyAfterDays: 1, Duration: '100h' }, 'duration'],
    ['an expression of 257 characters', { ScheduleExpression: 'x'.repeat(257) }, 'scheduleExpression'],
  ])('%s', async (_, RotationRules, member) => {
    const { rotateSecret } = await rotationSetting();
    expect(await refusal(rotateSecret({ RotationRules }))).toEqual(
      badRequest('ValidationException', expect.stringContaining(`Value at 'rotationRules.${member}' failed`)),
    );
  });

  it('while another rotation runs, and lets that one finish undisturbed', async () => {
    const { passed, open } = gate();
    const { service, steps, stages, rotateSecret } = await rotationSetting(() => passed);
    const { VersionId = '' } = await rotateSecret();
    expect(await refusal(rotateSecret())).toEqual(incomplete);
    open();
    await service.settled();
    expect(steps()).toEqual(allSteps);
    expect((await stages())?.[VersionId]).toEqual(['AWSCURRENT']);
  });

  it('while AWSPENDING is on another version than AWSCURRENT, and takes that rotation up with its own token', async () => {
    let broken = true;
    const { service, requests, stages, rotateSecret } = await rotationSetting(
      ({ Step }) => {
        if (broken && Step === 'setSecret') throw new Error('the target is down');
      },
      { retries: 0 },
    );
    const { VersionId: first = '' } = await rotateSecret();
    await service.settled();
    broken = false;
    expect(await refusal(rotateSecret())).toEqual(incomplete);
    await service.settled();
    expect(new Set(requests.map(({ ClientRequestToken }) => ClientRequestToken))).toEqual(new Set([first]));
    expect((await stages())?.[first]).toEqual(['AWSCURRENT']);
  });

  it('no longer once AWSPENDING was taken off by hand', async () => {
    let broken = true;
    const { service, client, rotateSecret } = await rotationSetting(
      () => {
        if (broken) throw new Error('broken');
      },
      { retries: 0 },
    );
    const { VersionId: first = '' } = await rotateSecret();
    await service.settled();
    broken = false;
    const remove = { SecretId: 's', VersionStage: 'AWSPENDING', RemoveFromVersionId: first };
    await client.send(new UpdateSecretVersionStageCommand(remove));
    const { VersionId: second } = await rotateSecret();
    await service.settled();
    expect(service.results.at(-1)).toMatchObject({ versionId: second, outcome: 'succeeded' });
  });
});

describe('A rotation that fails', () => {
  it.each(allSteps)('in %s is repeated whole, with the same tokens, as often as told', async (failing) => {
    const { service, requests, steps, original, stages, eventNames, rotateSecret } = await rotationSetting(
      ({ Step }) => {
        if (Step === failing) throw new Error('no');
      },
      { retries: 2 },
    );
    const { VersionId = '' } = await rotateSecret();
    await service.settled();
    const oneAttempt = allSteps.slice(0, allSteps.indexOf(failing) + 1);
    expect(steps()).toEqual([...oneAttempt, ...oneAttempt, ...oneAttempt]);
    expect(new Set(requests.map((r) => `${r.ClientRequestToken} ${r.RotationToken}`)).size).toBe(1);
    expect(await stages()).toEqual({ [original]: ['AWSCURRENT'], [VersionId]: ['AWSPENDING'] });
    expect(eventNames()).toEqual(['RotationStarted', 'RotationFailed']);
    expect(service.events[1]?.detail.errorMessage).toBe(
      `Error when executing lambda ${functionArn} during ${failing} step`,
    );
  });

  it('once succeeds at the next attempt, with the candidate of the first one', async () => {
    let failures = 1;
    const { service, steps, eventNames, stages, rotateSecret } = await rotationSetting(({ Step }) => {
      if (Step === 'testSecret' && failures-- > 0) throw new Error('not yet');
    });
    const { VersionId = '' } = await rotateSecret();
    await service.settled();
    expect(steps()).toEqual([...allSteps.slice(0, 3), ...allSteps]);
    expect((await stages())?.[VersionId]).toEqual(['AWSCURRENT']);
    expect(eventNames()).toEqual(['RotationStarted', 'RotationSucceeded']);
    expect(service.results).toMatchObject([{ outcome: 'succeeded', attempts: 2 }]);
  });

  it('after the promotion succeeds at the next attempt too', async () => {
    let failures = 1;
    const { service, client, original, rotateSecret } = await rotationSetting(
      async ({ Step, SecretId, ClientRequestToken }) => {
        if (Step !== 'finishSecret' || failures-- <= 0) return;
        const move = { MoveToVersionId: ClientRequestToken, RemoveFromVersionId: original };
        await client.send(new UpdateSecretVersionStageCommand({ SecretId, VersionStage: 'AWSCURRENT', ...move }));
        throw new Error('died after promoting');
      },
    );
    await rotateSecret();
    await service.settled();
    expect(service.results).toMatchObject([{ outcome: 'succeeded', attempts: 2 }]);
  });

  it('because all steps return and nothing was promoted blames finishSecret', async () => {
    const { service, steps, original, stages, eventNames, rotateSecret } = await rotationSetting(
      ({ Step }) => (Step === 'finishSecret' ? 'skip' : undefined),
      { retries: 1 },
    );
    const { VersionId = '' } = await rotateSecret();
    await service.settled();
    expect(steps()).toEqual([...allSteps, ...allSteps]);
    expect(eventNames()).toEqual(['RotationStarted', 'RotationFailed']);
    expect(service.results).toMatchObject([{ outcome: 'failed', failure: { step: 'finishSecret' } }]);
    expect(await stages()).toEqual({ [original]: ['AWSCURRENT'], [VersionId]: ['AWSPENDING'] });
  });

  it('because the host breaks its promise and rejects ends the rotation, not the service', async () => {
    const functions = { has: () => true, invoke: () => Promise.reject(new Error('host is gone')) };
    const { service, eventNames, described, rotateSecret } = await rotationSetting(undefined, {
      functions,
      retries: 0,
    });
    await rotateSecret();
    await service.settled();
    expect(eventNames()).toEqual(['RotationStarted', 'RotationFailed']);
    expect((await described()).RotationEnabled).toBe(true);
  });
});

describe('A rotation', () => {
  it('is abandoned when a new current value is written by hand', async () => {
    const { service, client, steps, eventNames, stages, rotateSecret } = await rotationSetting(async ({ Step }) => {
      if (Step !== 'setSecret') return;
      await client.send(
        new PutSecretValueCommand({ SecretId: 's', SecretString: 'by hand', ClientRequestToken: byHand }),
      );
    });
    const byHand = token();
    const { VersionId = '' } = await rotateSecret();
    await service.settled();
    expect(steps()).toEqual(['createSecret', 'setSecret']);
    expect(eventNames()).toEqual(['RotationStarted', 'RotationAbandoned']);
    expect(await stages()).toMatchObject({ [byHand]: ['AWSCURRENT'], [VersionId]: ['AWSPENDING'] });
  });

  it('is told to EventBridge as the service tells it', async () => {
    const { service, arn, rotateSecret } = await rotationSetting();
    await rotateSecret();
    await service.settled();
    expect(service.events[0]).toMatchObject({
      source: 'aws.secretsmanager',
      'detail-type': 'AWS Service Event via CloudTrail',
      account: '123456789012',
      region: 'us-east-1',
      detail: {
        eventSource: 'secretsmanager.amazonaws.com',
        eventName: 'RotationStarted',
        eventType: 'AwsServiceEvent',
        additionalEventData: { SecretId: arn },
      },
    });
    expect(service.events[0]?.detail).not.toHaveProperty('errorMessage');
  });

  it('shows each step, attempt and log line to whoever watches, until they stop watching', async () => {
    let failures = 1;
    const { service, rotateSecret } = await rotationSetting(({ Step }) => {
      if (Step === 'createSecret' && failures-- > 0) throw new Error('not yet');
    });
    const seen: string[] = [];
    const line = (progress: RotationProgress): string => {
      switch (progress.kind) {
        case 'event':
          return progress.event.detail.eventName;
        case 'step-started':
          return `${progress.step} ${progress.attempt}`;
        case 'step-ended':
          return `${progress.invocation.outcome}: ${progress.invocation.log.join()}`;
        case 'retrying':
          return `again ${progress.attempt}`;
        case 'ended':
          return progress.result.outcome;
      }
    };
    const stop = service.onProgress((progress) => seen.push(line(progress)));
    await rotateSecret();
    await service.settled();
    stop();
    await rotateSecret();
    await service.settled();
    expect(seen).toEqual([
      'RotationStarted',
      'createSecret 1',
      'failed: createSecret ran',
      'again 2',
      ...allSteps.flatMap((step) => [`${step} 2`, `returned: ${step} ran`]),
      'RotationSucceeded',
      'succeeded',
    ]);
  });
});

describe('RotateSecret without rotating immediately', () => {
  it('runs testSecret alone, on a pending copy of the current value that is gone afterwards', async () => {
    const { passed, open } = gate();
    const { service, client, original, steps, stages, eventNames, rotateSecret } = await rotationSetting(() => passed);
    const { VersionId = '' } = await rotateSecret({ RotateImmediately: false });
    expect(await stages()).toEqual({ [original]: ['AWSCURRENT'], [VersionId]: ['AWSPENDING'] });
    const pending = await client.send(new GetSecretValueCommand({ SecretId: 's', VersionStage: 'AWSPENDING' }));
    expect(pending.SecretString).toBe('original');
    open();
    await service.settled();
    expect(steps()).toEqual(['testSecret']);
    expect(await stages()).toEqual({ [original]: ['AWSCURRENT'] });
    expect(service.store.find('s').versions.get(VersionId)).toBeUndefined();
    expect(eventNames()).toEqual(['TestRotationStarted', 'TestRotationSucceeded']);
  });

  it('turns rotation on, and the date of the last rotation stays unknown', async () => {
    const { service, described, rotateSecret } = await rotationSetting();
    await rotateSecret({ RotateImmediately: false, RotationRules: { AutomaticallyAfterDays: 30 } });
    await service.settled();
    const after = await described();
    expect(after).toMatchObject({ RotationEnabled: true, NextRotationDate: expect.any(Date) });
    expect(after.LastRotatedDate).toBeUndefined();
  });

  it('tells of a test that fails, and leaves nothing pending', async () => {
    const { service, original, steps, stages, eventNames, rotateSecret } = await rotationSetting(() => {
      throw new Error('the password is wrong');
    });
    await rotateSecret({ RotateImmediately: false });
    await service.settled();
    expect(steps()).toEqual(['testSecret']);
    expect(eventNames()).toEqual(['TestRotationStarted', 'TestRotationFailed']);
    expect(service.events[1]?.detail.errorMessage).toBe(
      `Error when executing lambda ${functionArn} during testSecret step`,
    );
    expect(await stages()).toEqual({ [original]: ['AWSCURRENT'] });
  });

  it('refuses the token of a version, which it would have to throw away', async () => {
    const { original, described, rotateSecret } = await rotationSetting();
    const call = rotateSecret({ RotateImmediately: false, ClientRequestToken: original });
    expect(await refusal(call)).toMatchObject({ code: 'ResourceExistsException' });
    expect((await described()).RotationEnabled).toBeUndefined();
  });
});
