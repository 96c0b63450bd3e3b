import { describe, expect, it } from 'vitest';
import { pendingWatch } from '../../../shared/rotation/standing.ts';
import { failureOf } from '../../support/failure.ts';

const TOKEN = 'f4e0a4f2-3c1f-4b57-9a8e-1f2d3c4b5a69';
const event = { step: 'setSecret', secretId: 'app', token: TOKEN, rotationToken: undefined } as const;

function watch(label: string | undefined) {
  let time = 0;
  let looks = 0;
  const describeSecret = async () => {
    looks += 1;
    const stages = new Map(label === undefined ? [] : [[TOKEN, [label]]]);
    return { arn: 'app', rotationEnabled: true, tags: new Map(), stages };
  };
  const watching = pendingWatch(event, { describe: describeSecret }, () => time);
  const pass = (milliseconds: number) => {
    time += milliseconds;
  };
  return { watching, pass, looks: () => looks };
}

describe('a step that was held up', () => {
  it('for less than two seconds asks nothing', async () => {
    const { watching, pass, looks } = watch(undefined);
    pass(1_999);
    await watching.requireStillPending();
    await watching.requirePendingAfterwards();
    expect(looks()).toBe(0);
  });

  it.each(['AWSPENDING', 'AWSCURRENT'])('for longer goes on if its version holds %s, and asks once', async (label) => {
    const { watching, pass, looks } = watch(label);
    pass(2_000);
    await watching.requireStillPending();
    pass(1_000);
    await watching.requirePendingAfterwards();
    expect(looks()).toBe(1);
  });

  it('does nothing if its version was released before', async () => {
    const { watching, pass } = watch(undefined);
    pass(2_000);
    const error = await failureOf(watching.requireStillPending());
    expect(error).toMatchObject({ name: 'VersionNotStaged', message: expect.stringContaining('Nothing was changed') });
  });

  it('names the version that the target may accept if it was released meanwhile', async () => {
    const { watching, pass } = watch(undefined);
    await watching.requireStillPending();
    pass(2_000);
    const error = await failureOf(watching.requirePendingAfterwards());
    expect(error).toMatchObject({
      name: 'VersionNotStaged',
      message: expect.stringContaining(`--version-stage AWSCURRENT --move-to-version-id ${TOKEN}`),
    });
  });
});
