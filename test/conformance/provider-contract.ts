import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../local/issuers/fake-issuer.ts';
import { RotationError } from '../../shared/errors.ts';
import type { Issuer, Key, KeyRequest } from '../../shared/providers/provider.ts';
import { Sensitive } from '../../shared/secrets/sensitive.ts';
import { failureOf } from '../support/failure.ts';
import { formsOf } from '../support/forms.ts';
import { timeLimit } from '../support/time-limit.ts';
import { type ProviderSubject, type ProviderWorld, startWorld } from './provider-world.ts';

/** The contract of an issuer, over the wire. */
export function keepsTheIssuersContract(subject: ProviderSubject): void {
  const { facts, list, retire } = subject.declaration;
  const chosen = facts.value === 'chosen';
  let world: ProviderWorld;
  let issuer: Issuer;
  let made = 0;

  beforeEach(async () => {
    world = await startWorld(subject);
    issuer = world.open(timeLimit());
  });

  afterEach(() => world.close());

  const newRequest = (): KeyRequest => {
    made += 1;
    const value = chosen && { value: new Sensitive(`chosen-value-of-test-${made}-${'x'.repeat(20)}`) };
    return { name: `rotation/test/${made}`, idempotencyKey: `token-${made}`, ...value };
  };
  const alive = () => world.keys.living(world.account);
  const idOf = (key: Key) => alive().find(({ value }) => value === key.value.reveal())?.id ?? '';
  /** Requests that a mint sends, and no other operation. */
  const [mintLine = ''] = subject.declaration.mint.request.split('?');
  const [method = '', path = ''] = mintLine.split(' ');
  const minting = new RegExp(`^${method} ${path.replaceAll(/[.$()]/g, '\\$&').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`);

  describe('an open account', () => {
    it('makes a key that works, once it is known everywhere', async () => {
      world.keys.propagation = 2;
      const key = await issuer.mint(newRequest());
      const answers = [await issuer.accepts(key), await issuer.accepts(key), await issuer.accepts(key)];
      expect(answers).toEqual([false, false, true]);
    });

    it('refuses a key that never was', async () => {
      const key = await issuer.mint(newRequest());
      expect(await issuer.accepts({ id: key.id, value: new Sensitive('no-such-key-at-the-issuer-0000') })).toBe(false);
    });

    if (list !== undefined)
      it('lists the keys of its target, by id and name, and by no other value', async () => {
        const request = newRequest();
        const key = await issuer.mint(request);
        const listed = (await issuer.list?.()) ?? [];
        expect(listed.map(({ id }) => id)).toEqual(alive().map(({ id }) => id));
        const found = listed.find(({ id }) => id === idOf(key));
        expect(found).toBeDefined();
        if (facts.longestName !== undefined) expect(found?.name).toBe(request.name);
        if (found?.value) expect(found.value.equals(key.value)).toBe(true);
      });

    if (facts.longestName !== undefined)
      it('takes the longest name that it says it takes', async () => {
        const name = 'n'.repeat(facts.longestName ?? 0);
        await issuer.mint({ ...newRequest(), name });
        expect((await issuer.list?.())?.map((key) => key.name) ?? [name]).toContain(name);
      });

    if (retire !== undefined)
      it('ends a key, and one that is gone already', async () => {
        const [key, other] = [await issuer.mint(newRequest()), await issuer.mint(newRequest())];
        const id = idOf(key);
        await issuer.retire?.(id);
        await issuer.retire?.(id);
        expect(await issuer.accepts(key)).toBe(false);
        expect(await issuer.accepts(other)).toBe(true);
      });

    it('gives a key with strange characters as it is', async () => {
      const strange = `"quoted" \\ 'key' {name} \u2028 é 🔑 \n</script>`;
      if (!chosen) world.keys.nextValue = () => strange;
      const key = await issuer.mint(
        chosen ? { ...newRequest(), value: new Sensitive(`a"b\\c'{id}<&%= ;`) } : newRequest(),
      );
      expect(alive().map(({ value }) => value)).toContain(key.value.reveal());
    });
  });

  describe('an issuer that has trouble', () => {
    const passing: readonly (readonly [string, Fault])[] = [
      ['is throttled', { kind: 'answers', status: 429 }],
      ['fails for a moment', { kind: 'answers', status: 503 }],
      ['loses the connection', { kind: 'connection is lost' }],
      ['loses the answer', { kind: 'answer is lost' }],
      ['sends half an answer', { kind: 'answer is truncated' }],
      ['fails after it was done', { kind: 'fails afterwards', status: 500 }],
    ];
    if (list !== undefined)
      it.each(passing)('is asked again for its list when it %s', async (_, fault) => {
        await issuer.mint(newRequest());
        world.server.faults.push({ on: /./, fault });
        expect(await issuer.list?.()).toHaveLength(1);
      });

    if (retire !== undefined)
      it.each(passing)('is asked again to end a key when it %s', async (_, fault) => {
        const [key] = [await issuer.mint(newRequest())];
        await issuer.mint(newRequest());
        const before = world.server.requests.length;
        world.server.faults.push({ on: /./, fault });
        await issuer.retire?.(idOf(key));
        expect(await issuer.accepts(key)).toBe(false);
        expect(world.server.requests.length).toBeGreaterThan(before + 1);
      });

    it.each(passing)('is asked again whether a key works when it %s', async (_, fault) => {
      const key = await issuer.mint(newRequest());
      world.server.faults.push({ on: /./, fault });
      expect(await issuer.accepts(key)).toBe(true);
    });

    it('is asked again for a key when it was too busy, after the time that it asks for', async () => {
      await issuer.accepts({ id: '', value: new Sensitive('opens-what-has-to-be-opened-first') });
      world.server.faults.push({ on: minting, fault: { kind: 'answers', status: 429, retryAfter: '3' } });
      await issuer.mint(newRequest());
      expect(alive()).toHaveLength(1);
      expect(world.clock.waits).toContain(3000);
    });

    const doubtful = passing.filter(([, { kind }]) => kind !== 'answers' && kind !== 'connection is lost');
    const mayRepeat = /^(PUT|PATCH) /.test(subject.declaration.mint.request) || facts.idempotent;
    if (!mayRepeat)
      it.each(doubtful)('is not asked again for a key when it %s, since it may have made one', async (_, fault) => {
        world.server.faults.push({ on: minting, fault });
        const before = world.server.requests.filter((line) => minting.test(line)).length;
        await expect(issuer.mint(newRequest())).rejects.toMatchObject({ name: 'Unreachable' });
        expect(world.server.requests.filter((line) => minting.test(line))).toHaveLength(before + 1);
        expect(alive()).toHaveLength(1);
      });

    const useless: readonly (readonly [Fault, string])[] = [
      [{ kind: 'answers HTML' }, 'Unreachable'],
      [{ kind: 'answers 10 MB' }, 'Unreachable'],
      [{ kind: 'redirects', to: 'https://127.0.0.1:1/elsewhere' }, 'IssuerRefused'],
      [{ kind: 'switches protocols' }, 'IssuerRefused'],
      [{ kind: 'answers', status: 200, body: { success: false, errors: [{ message: 'inside' }] } }, ''],
      [{ kind: 'answers', status: 200, body: null }, ''],
      [{ kind: 'answers', status: 200, body: [] }, ''],
      [{ kind: 'echoes', status: 400 }, 'IssuerRefused'],
      [{ kind: 'echoes', status: 403 }, 'IssuerRefused'],
    ];
    it.each(useless)('and answers a mint with %j gives a named error that quotes nothing', async (fault, name) => {
      world.server.faults.push({ on: minting, fault });
      const request = newRequest();
      // Where the caller chooses and the issuer has nothing to tell, any success will do.
      const outcome = await issuer.mint(request).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (chosen && outcome === undefined && name === '') return;
      expectQuiet(outcome, request);
      if (name !== '') expect(outcome).toMatchObject({ name });
    });

    if (list !== undefined)
      it.each(useless)('and answers a list with %j gives a named error, never a part of it', async (fault, name) => {
        await issuer.mint(newRequest());
        for (let time = 0; time < 9; time += 1) world.server.faults.push({ on: /./, fault });
        // An issuer whose list is the whole answer may say with [] that there is none.
        const outcome = await Promise.resolve(issuer.list?.()).then(
          (keys) => keys,
          (error: unknown) => error,
        );
        if (Array.isArray(outcome))
          return expect([fault, outcome]).toEqual([{ kind: 'answers', status: 200, body: [] }, []]);
        expectQuiet(outcome);
        if (name !== '') expect(outcome).toMatchObject({ name });
      });

    it('that never answers ends with the limit', async () => {
      const cut = new AbortController();
      const cutShort = world.open(timeLimit(20_000, cut.signal));
      world.server.faults.push({ on: /./, fault: { kind: 'never answers' } });
      const failure = failureOf(cutShort.accepts({ id: 'id', value: new Sensitive('some-key-that-is-long-enough') }));
      while (world.server.requests.length === 0) await new Promise(setImmediate);
      cut.abort();
      expect(await failure).toMatchObject({ name: 'OutOfTime' });
    });
  });

  /** A named error, with nothing of what was sent, and nothing of what the issuer made. */
  function expectQuiet(error: unknown, request?: KeyRequest): void {
    expect(error).toBeInstanceOf(RotationError);
    const seen = inspect(error, { depth: 9, showHidden: true });
    const { baseUrl: _, ...credentials } = world.administrator;
    const secrets = [
      ...Object.values(credentials).filter((value) => typeof value === 'string'),
      request?.value?.reveal() ?? '',
    ];
    const told = [...secrets, ...alive().map(({ value }) => value)].filter(
      (text) => text !== '' && !text.startsWith('https://'),
    );
    expect(told.flatMap(formsOf).filter((form) => seen.includes(form))).toEqual([]);
  }
}
