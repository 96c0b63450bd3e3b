import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listening } from '../../../local/listening.ts';
import { post } from './service.ts';

const main = fileURLToPath(new URL('../../../local/secrets-manager/main.ts', import.meta.url));

function run(...flags: string[]) {
  const child = spawn(process.execPath, [main, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ code, ...output }));
  const ready = async () => {
    while (!output.stdout.includes('\n')) await once(child.stdout, 'data');
    return /http:\S+/.exec(output.stdout)?.[0] ?? '';
  };
  return { child, ended, ready };
}

describe('npm run secrets-manager', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('says in one line where it is, serves, and ends on %s', async (signal) => {
    const { child, ended, ready } = run('--port', '0', '--region', 'eu-central-1');
    const endpoint = await ready();
    const ClientRequestToken = 'x'.repeat(32);
    const { body } = await post(endpoint, 'CreateSecret', { Name: 's', ClientRequestToken });
    expect(body).toMatchObject({ ARN: expect.stringContaining(':eu-central-1:') });
    child.kill(signal);
    expect(await ended).toEqual({
      code: 0,
      stdout: `Secrets Manager is ready at ${endpoint} (region eu-central-1)\n`,
      stderr: '',
    });
    expect(endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it.each([
    ['an unknown flag', ['--prot', '1'], '--prot'],
    ['a port that is no number', ['--port', 'http'], '--port'],
    ['a port that is none', ['--port', '65536'], '--port'],
    ['a flag without its value', ['--port'], '--port'],
    ['a region that is none', ['--region', 'Mars'], '--region'],
    ['a day of no length', ['--ms-per-day', '0'], '--ms-per-day'],
    ['a word', ['4566'], '4566'],
  ])('refuses %s in one line, with code 2', async (_, flags, named) => {
    const { code, stdout, stderr } = await run(...flags).ended;
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toContain(named);
    expect(stderr).toContain('Usage: npm run secrets-manager');
  });

  it('says in one line that a port is taken', async () => {
    const { port, close } = await listening(createServer());
    onTestFinished(close);
    const { code, stderr } = await run('--port', `${port}`).ended;
    expect([code, stderr]).toEqual([
      1,
      `Port ${port} is taken. Choose another one with --port, or 0 for any free one.\n`,
    ]);
  });
});
