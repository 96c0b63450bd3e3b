import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { refusedWith, type SecretStore, secretStore } from '../../../shared/secrets/secret-store.ts';
import { binaryValue, sameValue, stringValue } from '../../../shared/secrets/secret-value.ts';
import { secretsManagerClient } from '../../../shared/secrets/secrets-manager-client.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { type Fate, type FaultyService, startFaultyService } from '../../support/faulty-service.ts';
import { type Protocol, startProtocol } from '../../support/protocol.ts';

const ARN = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-a1B2c3';
const ATTEMPTS = 5; // secrets-manager-client.ts, without AWS_MAX_ATTEMPTS

const clientOf = (endpoint: string) =>
  secretsManagerClient({
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIDLOCAL',
    AWS_SECRET_ACCESS_KEY: 'local',
  });

let protocol: Protocol;
let service: FaultyService | undefined;
let fate: (operation: string, attempt: number) => Fate;

/** The real client, before a service that fails as `fate` says. */
async function storeBefore(next: typeof fate, signal = new AbortController().signal): Promise<SecretStore> {
  fate = next;
  service = await startFaultyService((operation, attempt) => fate(operation, attempt), protocol.service.endpoint);
  return secretStore(clientOf(service.endpoint), signal);
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: unknown) => error,
  );

beforeEach(async () => {
  protocol = await startProtocol();
  // The SDK's pauses between retries are random shares of up to 20 s: here they are none.
  vi.spyOn(Math, 'random').mockReturnValue(0);
});

afterEach(async () => {
  vi.restoreAllMocks();
  await service?.close();
  service = undefined;
  await protocol.close();
});

describe('the secret store', () => {
  it('describes what a rotation needs to know', async () => {
    const arn = protocol.createSecret('first', [{ Key: 'rotation:length', Value: '40' }]);
    const token = protocol.beginRotation(arn);
    const store = await storeBefore(() => 'answered');
    const current = protocol.stages(arn)['AWSCURRENT'];
    expect(await store.describe(arn)).toEqual({
      arn,
      rotationEnabled: true,
      tags: new Map([['rotation:length', '40']]),
      stages: new Map([
        [current, ['AWSCURRENT']],
        [token, ['AWSPENDING']],
      ]),
    });
  });

  it('tells when a secret was last rotated, where it was', async () => {
    const arn = protocol.createSecret('first');
    const lastRotated = new Date('2026-09-01T12:34:56.789Z');
    const functionArn = 'arn:aws:lambda:us-east-1:123456789012:function:api-key';
    const unscheduled = { rules: {}, schedule: undefined, latest: undefined, due: undefined };
    protocol.service.store.find(arn).rotation = { functionArn, enabled: true, lastRotated, ...unscheduled };
    const store = await storeBefore(() => 'answered');
    expect((await store.describe(arn)).lastRotatedAt).toEqual(lastRotated);
  });

  it.each([
    ['text', stringValue('pässword\u0000"')],
    ['bytes', binaryValue(Uint8Array.of(0, 255, 128, 10))],
  ])('stores and reads %s unchanged', async (_, value) => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    const store = await storeBefore(() => 'answered');
    await store.putPending(arn, token, value, new Sensitive(randomUUID()));
    const read = await store.read(arn, { stage: 'AWSPENDING', id: token });
    expect(sameValue(read.value, value)).toBe(true);
    expect(read).toMatchObject({ id: token, stages: ['AWSPENDING'] });
  });

  it('moves a staging label, or takes it off', async () => {
    const arn = protocol.createSecret('first');
    const first = protocol.stages(arn)['AWSCURRENT'] ?? '';
    const token = protocol.beginRotation(arn);
    const store = await storeBefore(() => 'answered');
    await store.putPending(arn, token, stringValue('second'), undefined);
    await store.moveStage(arn, { stage: 'AWSCURRENT', from: first, to: token });
    await store.moveStage(arn, { stage: 'AWSPENDING', from: token });
    expect(protocol.stages(arn)).toEqual({ AWSCURRENT: token, AWSPREVIOUS: first });
  });

  it('refuses another value for a version that has one, and takes the same one again', async () => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    const store = await storeBefore(() => 'answered');
    await store.putPending(arn, token, stringValue('second'), undefined);
    await store.putPending(arn, token, stringValue('second'), undefined);
    const failure = await failureOf(store.putPending(arn, token, stringValue('third'), undefined));
    expect(refusedWith(failure, 'ResourceExistsException')).toBe(true);
    expect(refusedWith(failure, 'ResourceNotFoundException')).toBe(false);
    expect(protocol.valueOf(arn, token)).toBe('second');
  });
});

describe('a call that fails for a while', () => {
  const passing: ReadonlyArray<[string, Fate]> = [
    ['throttling', { status: 400, type: 'ThrottlingException', message: 'Rate exceeded' }],
    ['429', { status: 429, type: 'PleaseSlowDown', message: 'Slow down' }],
    ['an internal error', { status: 500, type: 'InternalServiceError', message: 'An error occurred' }],
    ['503', { status: 503, type: 'ServiceUnavailable', message: 'Try again' }],
    ['a dropped connection', 'dropped'],
    ['a lost answer', 'lost'],
  ];

  it.each(passing)('with %s succeeds within its attempts', async (_, failure) => {
    const arn = protocol.createSecret('first');
    const store = await storeBefore((_operation, attempt) => (attempt < ATTEMPTS ? failure : 'answered'));
    expect(await store.read(arn, { stage: 'AWSCURRENT' })).toMatchObject({ stages: ['AWSCURRENT'] });
    expect(service?.requests).toEqual(Array(ATTEMPTS).fill('GetSecretValue'));
  });

  it.each(passing)('with %s for longer ends with a clear error', async (_, failure) => {
    const arn = protocol.createSecret('first');
    const store = await storeBefore(() => failure);
    expect(await failureOf(store.read(arn, { stage: 'AWSCURRENT' }))).toMatchObject({
      name: 'SecretsManagerUnavailable',
      message: expect.stringMatching(/^GetSecretValue for .*the rotation can be repeated/is),
      cause: expect.any(Error),
    });
    expect(service?.requests).toHaveLength(ATTEMPTS);
  });

  it('because nobody listens ends with a clear error', async () => {
    await storeBefore(() => 'answered');
    const endpoint = service?.endpoint ?? '';
    await service?.close();
    service = undefined;
    const store = secretStore(clientOf(endpoint), new AbortController().signal);
    expect(await failureOf(store.describe(ARN))).toMatchObject({
      name: 'SecretsManagerUnavailable',
      message: expect.stringMatching(/DescribeSecret for .*ECONNREFUSED.*region, endpoint and network/s),
    });
  });

  it.each(['<html>canary</html>', '{"SecretString":canary}'])(
    'because %s is the answer quotes none of it',
    async (garbled) => {
      const store = await storeBefore(() => ({ garbled }));
      const failure = await failureOf(store.read(ARN, { stage: 'AWSCURRENT' }));
      expect(failure).toMatchObject({
        name: 'SecretsManagerUnavailable',
        message: expect.stringContaining('not JSON'),
      });
      expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain('canary');
    },
  );
});

describe('a call that is refused', () => {
  const refusals: ReadonlyArray<[string, string, RegExp]> = [
    ['AccessDeniedException', 'User is not authorized to perform', /role secretsmanager:GetSecretValue on this secret/],
    ['AccessDeniedException', 'Access to KMS is not allowed', /kms:Decrypt and kms:GenerateDataKey/],
    ['DecryptionFailure', "Secrets Manager can't decrypt the protected secret text", /KMS key is enabled.*kms:Decrypt/],
    ['EncryptionFailure', "Secrets Manager can't encrypt the protected secret text", /KMS key is enabled.*policy/],
    ['ResourceNotFoundException', "Secrets Manager can't find the specified secret.", /name, region and account/],
    ['InvalidRequestException', 'because it was marked for deletion.', /restore-secret --secret-id arn:aws/],
    ['LimitExceededException', 'You exceeded the maximum number of staging labels', /staging labels.*update-secret/],
    ['UnrecognizedClientException', 'The security token included in the request is invalid.', /credentials and region/],
    ['ExpiredTokenException', 'The security token included in the request is expired', /credentials and region/],
    ['InvalidSignatureException', 'The request signature does not match', /credentials and region/],
  ];

  it.each(refusals)('with %s (%s) says what to do', async (type, message, remedy) => {
    const store = await storeBefore(() => ({ status: 400, type, message }));
    const failure = await failureOf(store.read(ARN, { stage: 'AWSCURRENT' }));
    expect(failure).toMatchObject({
      name: 'SecretsManagerRefused',
      reason: type,
      message: expect.stringMatching(remedy),
    });
    for (const told of ['GetSecretValue', ARN, type, message]) expect(String(failure)).toContain(told);
  });

  it.each(refusals.filter(([type]) => !/Limit|Expired|Signature/.test(type)))(
    'with %s (%s) is not asked again',
    async (type, message) => {
      const store = await storeBefore(() => ({ status: 400, type, message }));
      await failureOf(store.read(ARN, { stage: 'AWSCURRENT' }));
      expect(service?.requests).toHaveLength(1);
    },
  );

  it('without a message does not make one up', async () => {
    const store = await storeBefore(() => ({ status: 400, type: 'UnknownOperationException' }));
    expect(String(await failureOf(store.describe(ARN)))).not.toContain('undefined');
  });
});

describe('a call without settings', () => {
  it('names the variable, and is not blamed on the service', async () => {
    const client = secretsManagerClient({ AWS_REGION: 'us-east-1' });
    const store = secretStore(client, new AbortController().signal);
    expect(await failureOf(store.describe(ARN))).toMatchObject({
      name: 'InvalidSetting',
      message: expect.stringContaining('AWS_ACCESS_KEY_ID'),
    });
  });
});

describe('a call whose time is up', () => {
  it('is aborted in flight', async () => {
    const time = new AbortController();
    const store = await storeBefore(() => 'never answered', time.signal);
    const failure = failureOf(store.read(ARN, { stage: 'AWSCURRENT' }));
    await service?.nextRequest();
    const hungUp = service?.nextHangUp();
    time.abort();
    expect(await failure).toMatchObject({
      name: 'OutOfTime',
      message: expect.stringMatching(/GetSecretValue for .*reaches Secrets Manager/s),
    });
    await hungUp;
    expect(service?.requests).toHaveLength(1);
  });
});
