import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { listening } from '../../../local/listening.ts';
import { secretsManagerClient } from '../../../shared/secrets/secrets-manager-client.ts';

const CREDENTIALS = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'AKIDONE', AWS_SECRET_ACCESS_KEY: 'secret-one' };

/** A server on this machine; returns its address and the headers of the requests that came. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const requests: IncomingMessage['headers'][] = [];
  const server = createServer((request, response) => {
    requests.push(request.headers);
    request.resume().on('end', () => answer(request, response));
  });
  const { endpoint, close } = await listening(server);
  onTestFinished(close);
  return { endpoint, requests };
}

const found = () => serve((_request, response) => response.end('{"Name":"it"}'));

function describeSecret(environment: Record<string, string | undefined>) {
  const client = secretsManagerClient(environment);
  onTestFinished(() => client.destroy());
  return client.send(new DescribeSecretCommand({ SecretId: 'it' }));
}

describe('where requests go', () => {
  it.each([
    [{ AWS_ENDPOINT_URL_SECRETS_MANAGER: 'here' }],
    [{ AWS_ENDPOINT_URL: 'here' }],
    [{ AWS_ENDPOINT_URL_SECRETS_MANAGER: 'here', AWS_ENDPOINT_URL: 'http://127.0.0.1:9' }],
  ])('%o', async (variables) => {
    const { endpoint } = await found();
    const entries = Object.entries(variables).map(([name, value]) => [name, value === 'here' ? endpoint : value]);
    expect(await describeSecret({ ...CREDENTIALS, ...Object.fromEntries(entries) })).toMatchObject({ Name: 'it' });
  });

  it.each([
    [{}, 'secretsmanager.eu-west-1.amazonaws.com'],
    [{ AWS_REGION: 'cn-north-1' }, 'secretsmanager.cn-north-1.amazonaws.com.cn'],
    [{ AWS_REGION: '', AWS_DEFAULT_REGION: 'us-west-2' }, 'secretsmanager.us-west-2.amazonaws.com'],
    [{ AWS_USE_FIPS_ENDPOINT: 'true' }, 'secretsmanager-fips.eu-west-1.amazonaws.com'],
    // Where the plain endpoint is not dual-stack already.
    [
      { AWS_REGION: 'eusc-de-east-1', AWS_USE_DUALSTACK_ENDPOINT: 'true' },
      'secretsmanager.eusc-de-east-1.api.amazonwebservices.eu',
    ],
    [
      { AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
      'secretsmanager.eu-west-1.amazonaws.com',
    ],
  ])('%o means %s', async (variables, hostname) => {
    const client = secretsManagerClient({ ...CREDENTIALS, ...variables });
    let asked: unknown;
    // Ends each request before it leaves this machine.
    client.middlewareStack.add(
      () => async (input) => {
        asked = input.request;
        throw new Error('far enough');
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    await expect(client.send(new DescribeSecretCommand({ SecretId: 'it' }))).rejects.toThrow('far enough');
    expect(asked).toMatchObject({ hostname, protocol: 'https:' });
  });

  it('takes nothing from ~/.aws', async () => {
    const { endpoint, requests } = await found();
    const folder = await mkdtemp(join(tmpdir(), 'aws-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'config');
    await writeFile(
      file,
      '[default]\nregion = ap-south-1\nmax_attempts = none\nendpoint_url = http://127.0.0.1:9\nuse_fips_endpoint = 3\naws_access_key_id = AKIDFILE\naws_secret_access_key = x\n',
    );
    vi.stubEnv('AWS_CONFIG_FILE', file);
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', file);
    onTestFinished(() => void vi.unstubAllEnvs());
    await describeSecret({ ...CREDENTIALS, AWS_ENDPOINT_URL: endpoint });
    expect(requests[0]?.authorization).toContain('Credential=AKIDONE/');
    expect(requests[0]?.authorization).toContain('/eu-west-1/secretsmanager/aws4_request');
  });
});

describe('credentials', () => {
  it('are read again for each request', async () => {
    const { endpoint, requests } = await found();
    const environment: Record<string, string> = {
      ...CREDENTIALS,
      AWS_ENDPOINT_URL: endpoint,
      AWS_SESSION_TOKEN: 'one',
    };
    const client = secretsManagerClient(environment);
    onTestFinished(() => client.destroy());
    await client.send(new DescribeSecretCommand({ SecretId: 'it' }));
    Object.assign(environment, { AWS_ACCESS_KEY_ID: 'AKIDTWO', AWS_SESSION_TOKEN: 'two' });
    await client.send(new DescribeSecretCommand({ SecretId: 'it' }));
    expect(requests.map((headers) => headers['x-amz-security-token'])).toEqual(['one', 'two']);
    expect(requests[0]?.authorization).toContain('AKIDONE');
    expect(requests[1]?.authorization).toContain('AKIDTWO');
  });

  it.each(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION'])(
    'without %s are a clear error',
    async (name) => {
      const { endpoint } = await found();
      await expect(
        describeSecret({ ...CREDENTIALS, AWS_ENDPOINT_URL: endpoint, [name]: undefined }),
      ).rejects.toMatchObject({
        name: 'InvalidSetting',
        message: expect.stringContaining(`environment variable ${name} is missing`),
      });
    },
  );
});

describe('retries', () => {
  const failing = () =>
    serve((_request, response) => response.writeHead(500).end('{"__type":"InternalServiceError","message":"no"}'));

  it.each([
    [{}, 5],
    [{ AWS_MAX_ATTEMPTS: '2' }, 2],
    [{ AWS_MAX_ATTEMPTS: '1', AWS_RETRY_MODE: 'adaptive' }, 1],
  ])('%o makes %i attempts', async (variables, attempts) => {
    const { endpoint, requests } = await failing();
    await expect(describeSecret({ ...CREDENTIALS, AWS_ENDPOINT_URL: endpoint, ...variables })).rejects.toMatchObject({
      name: 'InternalServiceError',
      $metadata: { attempts },
    });
    expect(requests).toHaveLength(attempts);
  });

  it.each([
    ['AWS_MAX_ATTEMPTS', 'many'],
    ['AWS_MAX_ATTEMPTS', '0'],
    ['AWS_RETRY_MODE', 'forever'],
    ['AWS_USE_FIPS_ENDPOINT', 'perhaps'],
    ['AWS_USE_DUALSTACK_ENDPOINT', '1'],
  ])('%s=%s is a clear error', async (name, value) => {
    const { endpoint } = name.endsWith('_ENDPOINT') ? { endpoint: undefined } : await found();
    await expect(describeSecret({ ...CREDENTIALS, AWS_ENDPOINT_URL: endpoint, [name]: value })).rejects.toMatchObject({
      name: 'InvalidSetting',
      message: expect.stringContaining(name),
    });
  });
});

describe('an answer that stops', () => {
  it.each([
    ['before it began', () => {}],
    ['half way', (_request: IncomingMessage, response: ServerResponse) => void response.write('{"Name":')],
  ])('%s is an error after 5 seconds', async (_when, answer) => {
    const { endpoint } = await serve(answer);
    const began = performance.now();
    await expect(
      describeSecret({ ...CREDENTIALS, AWS_ENDPOINT_URL: endpoint, AWS_MAX_ATTEMPTS: '1' }),
    ).rejects.toMatchObject({ name: 'TimeoutError' });
    const seconds = (performance.now() - began) / 1000;
    expect(seconds).toBeGreaterThan(4.5);
    expect(seconds).toBeLessThan(8);
  });
});
