import { describe, expect, it } from 'vitest';
import { operations } from '../../../local/secrets-manager/operations/index.ts';
import { post, startService, stoppedClock, token } from './service.ts';

const onAwsOnly = [
  'BatchGetSecretValue',
  'DeleteResourcePolicy',
  'GetResourcePolicy',
  'PutResourcePolicy',
  'RemoveRegionsFromReplication',
  'ReplicateSecretToRegions',
  'RestoreSecret',
  'StopReplicationToReplica',
  'ValidateResourcePolicy',
];

describe('On the wire', () => {
  it('an answer is AWS JSON 1.1 with a request id', async () => {
    const { service } = await startService();
    const { status, headers } = await post(service.endpoint, 'ListSecrets', {});
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/x-amz-json-1.1');
    expect(headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('an error is 400 with __type and a Message with a capital M', async () => {
    const { service } = await startService();
    const { status, headers, body } = await post(service.endpoint, 'DescribeSecret', { SecretId: 'unknown' });
    expect(status).toBe(400);
    expect(headers.get('content-type')).toBe('application/x-amz-json-1.1');
    expect(body).toEqual({
      __type: 'ResourceNotFoundException',
      Message: "Secrets Manager can't find the specified secret.",
    });
  });

  it('times are seconds with a millisecond fraction, bytes are base64, and null is absent', async () => {
    const { clock } = stoppedClock('2026-03-10T12:34:56.789Z');
    const { service } = await startService({ clock });
    const SecretBinary = Buffer.from([0, 255]).toString('base64');
    const ClientRequestToken = token();
    await post(service.endpoint, 'CreateSecret', { Name: 's', SecretBinary, ClientRequestToken, SecretString: null });
    const { body } = await post(service.endpoint, 'GetSecretValue', { SecretId: 's', Unknown: 'ignored' });
    expect(body).toMatchObject({ SecretBinary, CreatedDate: Date.parse('2026-03-10T12:34:56.789Z') / 1000 });
    expect(body).not.toHaveProperty('SecretString');
  });

  it('knows the 23 operations of the service', () => {
    expect(operations.size).toBe(23);
    expect([...operations].filter(([, run]) => run === null).map(([name]) => name)).toEqual(onAwsOnly);
  });

  it.each(onAwsOnly)('%s says that it is not implemented here', async (operation) => {
    const { service } = await startService();
    expect(await post(service.endpoint, operation, {})).toMatchObject({
      status: 400,
      body: {
        __type: 'UnknownOperationException',
        Message: `${operation} is not implemented by the local Secrets Manager. Use a real account for it.`,
      },
    });
  });

  it.each([
    ['an unknown operation', { method: 'POST', headers: { 'x-amz-target': 'secretsmanager.MakeCoffee' } }],
    ['another service', { method: 'POST', headers: { 'x-amz-target': 'DynamoDB_20120810.ListSecrets' } }],
    ['no target', { method: 'POST' }],
    ['another method', { method: 'GET', headers: { 'x-amz-target': 'secretsmanager.ListSecrets' } }],
    ['a preflight request of a browser', { method: 'OPTIONS', headers: { origin: 'https://example.com' } }],
  ])('%s is unknown, without a word more', async (_, request) => {
    const { service } = await startService();
    const response = await fetch(service.endpoint, request);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ __type: 'UnknownOperationException' });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  it.each([
    ['no JSON', '{"SecretId": "hunter2'],
    ['no object', '["hunter2"]'],
    ['a number for a text', '{"SecretId": 5}'],
    ['bytes that are not base64', '{"SecretId": "s", "SecretBinary": "hunter2!"}'],
  ])('%s does not deserialize, and the answer does not quote it', async (_, text) => {
    const { service } = await startService();
    const { status, body } = await post(service.endpoint, 'PutSecretValue', text);
    expect([status, body]).toMatchObject([400, { __type: 'SerializationException' }]);
    expect(JSON.stringify(body)).not.toContain('hunter2');
  });

  it('names every member that is wrong, as the service does, and no value', async () => {
    const { service } = await startService();
    const { body } = await post(service.endpoint, 'GetSecretValue', { VersionId: 'short' });
    expect(body).toEqual({
      __type: 'ValidationException',
      Message:
        "2 validation errors detected: Value null at 'secretId' failed to satisfy constraint: Member must not be null; Value at 'versionId' failed to satisfy constraint: Member must have length greater than or equal to 32",
    });
  });

  it('refuses a body of more than a mebibyte', async () => {
    const { service } = await startService();
    const { status, body } = await post(service.endpoint, 'ListSecrets', ' '.repeat(1_048_577));
    expect([status, body]).toMatchObject([413, { __type: 'RequestEntityTooLargeException' }]);
  });

  it('listens on the loopback address only, and no longer once closed', async () => {
    const { service } = await startService();
    expect(service.endpoint).toBe(`http://127.0.0.1:${service.port}`);
    // A server on all addresses would answer here too.
    await expect(fetch(`http://127.0.0.2:${service.port}`)).rejects.toThrow();
    await service.close();
    await expect(fetch(service.endpoint)).rejects.toThrow();
  });
});
