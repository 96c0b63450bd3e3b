import { DescribeSecretCommand, RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { runCommand, startCommand } from '../support/command.ts';
import { clientFor } from '../support/protocol.ts';
import { describeWithMariadb } from '../support/with-mariadb.ts';

describeWithMariadb('npm start, where a MariaDB server is there,', () => {
  it('shows the password of one of its users, too', async () => {
    const { transcript } = await runCommand('local/start.ts', '--once');
    expect(transcript).toContain(`demo/mariadb-app: the password of MariaDB user demo_app
  before   ● version 9  AWSCURRENT
  ✓ createSecret … ms  candidate stored
  ✓ setSecret … ms  target accepts candidate
  ✓ testSecret … ms  candidate tested
  ✓ finishSecret … ms  promoted
  after    ● version 10  AWSCURRENT
           ○ version 9  AWSPREVIOUS
  ✓ the new password logs in to 127.0.0.1:PORT
  ✓ the old one is refused
`);
    expect(transcript).toContain(`  ✓ demo_pair_clone logs in with AWSCURRENT and reads what demo_pair may
  ✓ demo_pair still does with AWSPREVIOUS
`);
  });
});

describe('npm start', () => {
  it('rotates each demonstration secret once, proves it, and exits with 0', async () => {
    const { exitCode, transcript } = await runCommand('local/start.ts', '--once');
    expect(
      transcript,
    ).toContain(`demo/postgres-app: the password of PostgreSQL role demo_app, and the DATABASE_URL beside it
  before   ● version 7  AWSCURRENT
  ✓ createSecret … ms  candidate stored
  ✓ setSecret … ms  target accepts candidate
  ✓ testSecret … ms  candidate tested
  ✓ finishSecret … ms  promoted
  after    ● version 8  AWSCURRENT
           ○ version 7  AWSPREVIOUS
  ✓ the new password logs in to 127.0.0.1:PORT
  ✓ the old one is refused
  ✓ DATABASE_URL has the new one
`);
    expect(
      transcript.replace(/version \d+/g, 'version'),
    ).toContain(`demo/postgres-pair: PostgreSQL roles demo_pair and demo_pair_clone, which take turns
  before   ● version  AWSCURRENT
  ✓ createSecret … ms  candidate stored
  ✓ setSecret … ms  target accepts candidate
  ✓ testSecret … ms  candidate tested
  ✓ finishSecret … ms  promoted
  after    ● version  AWSCURRENT
           ○ version  AWSPREVIOUS
  ✓ demo_pair_clone logs in with AWSCURRENT to 127.0.0.1:PORT
  ✓ demo_pair still logs in with AWSPREVIOUS
  ✓ what either of them creates belongs to demo_pair
`);
    expect(
      transcript,
    ).toContain(`demo/webhook-token: a token that its signers and verifiers share, and the one before it
  before   ● version 5  AWSCURRENT
  ✓ createSecret … ms  candidate stored
  ✓ setSecret … ms  target accepts candidate
  ✓ testSecret … ms  candidate tested
  ✓ finishSecret … ms  promoted
  after    ● version 6  AWSCURRENT
           ○ version 5  AWSPREVIOUS
  ✓ signers get a new token
  ✓ verifiers also accept the one before
`);
    expect(transcript).toContain(`  ✓ datadog accepts the new key
  ✓ the old one lives until the next rotation
`);
    expect(transcript).toContain("  ✓ the user's two keys are those of AWSCURRENT and AWSPREVIOUS\n");
    expect(transcript).toContain('Every rotation succeeded.');
    expect(transcript).not.toContain('✗');
    expect(exitCode).toBe(0);
  });

  it('stays up, serves who follows the lines that it prints, rotates on schedule, and ends with Ctrl-C', async () => {
    const command = startCommand('local/start.ts', '--port', '0', '--ms-per-day', '100');
    onTestFinished(() => void command.process.kill('SIGKILL'));
    const [, endpoint = ''] = await command.says(/export AWS_ENDPOINT_URL=(\S+)/);
    const client = clientFor(endpoint);
    // Refused while the schedule has the secret rotating.
    const rotate = () => client.send(new RotateSecretCommand({ SecretId: 'demo/postgres-app' }));
    const { VersionId } = await vi.waitFor(rotate, { timeout: 20_000 });
    await command.says(/demo\/postgres-app {2}rotation succeeded/);
    await vi.waitFor(async () => {
      const { VersionIdsToStages = {} } = await client.send(
        new DescribeSecretCommand({ SecretId: 'demo/postgres-app' }),
      );
      expect(VersionIdsToStages[VersionId ?? '']).toEqual([expect.stringMatching(/^AWS(CURRENT|PREVIOUS)$/)]);
    });
    client.destroy();
    await command.says(/demo\/random-password {2}rotation succeeded/);
    command.process.kill('SIGINT');
    expect((await command.ended).exitCode).toBe(0);
  });

  it.each([['--port', '99999'], ['--nonsense']])('refuses %s with one clear line', async (...args) => {
    const { exitCode, output } = await runCommand('local/start.ts', ...args);
    expect(output).toContain('Usage: npm start');
    expect(exitCode).toBe(2);
  });
});
