import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { unlessAborted, withDeadline } from '../../../shared/rotation/deadline.ts';
import { STEPS } from '../../../shared/rotation/event.ts';
import { rotationHandler } from '../../../shared/rotation/handler.ts';
import { outputOfEachTest } from '../../support/captured-output.ts';
import { startFaultyService } from '../../support/faulty-service.ts';
import { clientFor, invokeStep, type Protocol, startProtocol } from '../../support/protocol.ts';
import { type Target, targetStrategy } from '../../support/target.ts';

const never = () => new Promise<never>(() => {});

describe('work under a deadline', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const timeLeft = (milliseconds: number) => {
    const ends = performance.now() + milliseconds;
    return () => ends - performance.now();
  };

  it.each([
    ['2.5 s before the function is killed', 30_000, 27_500],
    ['half-way, if there is little time', 3_000, 1_500],
    ['at once, if there is none', 0, 0],
  ])('ends %s', async (_, total, ends) => {
    let signal: AbortSignal | undefined;
    const outcome = vi.fn();
    withDeadline(timeLeft(total), (deadline) => {
      signal = deadline.signal;
      return never();
    }).catch(outcome);
    await vi.advanceTimersByTimeAsync(Math.max(0, ends - 1));
    if (ends > 0) expect(outcome).not.toHaveBeenCalled();
    if (ends > 0) expect(signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await vi.runAllTimersAsync();
    expect(outcome).toHaveBeenCalledWith(expect.objectContaining({ name: 'OutOfTime' }));
    expect(signal?.reason).toMatchObject({ name: 'OutOfTime' });
  });

  it('knows how long any run of the function can last, also when little is left', async () => {
    const work = withDeadline(timeLeft(30_000), async (deadline) => {
      await vi.advanceTimersByTimeAsync(20_000);
      return deadline.longest;
    });
    expect(await work).toBe(30_000);
  });

  it('knows how much time it has, never less than none', async () => {
    const seen: number[] = [];
    const work = withDeadline(timeLeft(30_000), async (deadline) => {
      seen.push(deadline.remaining());
      await vi.advanceTimersByTimeAsync(20_000);
      seen.push(deadline.remaining());
      await vi.advanceTimersByTimeAsync(20_000);
      seen.push(deadline.remaining());
    });
    await expect(work).rejects.toMatchObject({ name: 'OutOfTime' });
    await vi.waitFor(() => expect(seen).toEqual([27_500, 7_500, 0]));
  });

  it('that ends in time keeps its result or its error, and leaves no timer behind', async () => {
    await expect(withDeadline(timeLeft(30_000), async () => 'done')).resolves.toBe('done');
    await expect(withDeadline(timeLeft(30_000), () => Promise.reject(new TypeError('x')))).rejects.toThrow(TypeError);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('may still answer when the signal ends it, with what it waited for', async () => {
    const work = withDeadline(timeLeft(30_000), ({ signal }) =>
      unlessAborted(never(), signal).catch(() => Promise.reject(new Error('It waited for the database.'))),
    );
    const outcome = expect(work).rejects.toThrow('It waited for the database.');
    await vi.advanceTimersByTimeAsync(27_500);
    await outcome;
  });
});

describe('a step', () => {
  let protocol: Protocol;
  const output = outputOfEachTest();
  let target: Target;
  beforeEach(async () => {
    protocol = await startProtocol();
    target = { accepts: 'first', did: [] };
  });
  afterEach(async () => {
    await protocol.close();
  });

  it('whose target hangs ends with OutOfTime before the function does', async () => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    const ended = vi.fn();
    const hanging = rotationHandler({ ...targetStrategy(target), set: never }, protocol.client, ended);
    await invokeStep(hanging, 'createSecret', arn, token);
    const began = performance.now();
    await expect(invokeStep(hanging, 'setSecret', arn, token, 600)).rejects.toMatchObject({ name: 'OutOfTime' });
    // What still runs would run beside the next step.
    expect(ended).toHaveBeenCalledOnce();
    expect(performance.now() - began).toBeLessThan(600);
    expect(output.logs().at(-1)).toMatchObject({ step: 'setSecret', errorCode: 'OutOfTime' });
  });

  it('hangs up on a Secrets Manager that never answers, and says which call it was', async () => {
    const service = await startFaultyService(() => 'never answered');
    const client = clientFor(service.endpoint);
    const handler = rotationHandler(targetStrategy(target), client);
    try {
      const arn = protocol.createSecret('first');
      const hungUp = service.nextHangUp();
      await expect(invokeStep(handler, 'createSecret', arn, protocol.beginRotation(arn), 600)).rejects.toMatchObject({
        name: 'OutOfTime',
        message: expect.stringContaining(`DescribeSecret for ${arn}`),
      });
      await hungUp;
      expect(service.requests).toEqual(['DescribeSecret']);
    } finally {
      client.destroy();
      await service.close();
    }
  });

  it('that ran out of time does nothing any more, even if its target answers late', async () => {
    const service = await startFaultyService(() => 'answered', protocol.service.endpoint);
    const client = clientFor(service.endpoint);
    const late = Promise.withResolvers<void>();
    const afterwards = Promise.withResolvers<unknown>();
    const handler = rotationHandler(
      {
        ...targetStrategy(target),
        async set(_versions, context) {
          await late.promise;
          afterwards.resolve(await context.readOtherSecret(context.secretId).catch((error: unknown) => error));
        },
      },
      client,
      () => {},
    );
    try {
      const arn = protocol.createSecret('first');
      const token = protocol.beginRotation(arn);
      await invokeStep(handler, 'createSecret', arn, token);
      await expect(invokeStep(handler, 'setSecret', arn, token, 300)).rejects.toMatchObject({ name: 'OutOfTime' });
      const asked = service.requests.length;
      late.resolve();
      expect(await afterwards.promise).toMatchObject({ name: 'OutOfTime' });
      expect(service.requests).toHaveLength(asked);
    } finally {
      client.destroy();
      await service.close();
    }
  });

  it('that has promoted succeeds although retiring takes too long, which is counted', async () => {
    const arn = protocol.createSecret('first');
    const token = protocol.beginRotation(arn);
    const handler = rotationHandler({ ...targetStrategy(target), finish: never }, protocol.client);
    for (const step of STEPS) await invokeStep(handler, step, arn, token, step === 'finishSecret' ? 600 : 30_000);
    expect(protocol.stages(arn)['AWSCURRENT']).toBe(token);
    expect(output.logs().at(-1)).toMatchObject({ outcome: 'succeeded', result: 'promoted' });
    expect(output.metrics().filter(({ name }) => name === 'RetirementFailed')).toContainEqual(
      expect.objectContaining({ dimensions: expect.objectContaining({ errorCode: 'OutOfTime' }) }),
    );
  });
});
