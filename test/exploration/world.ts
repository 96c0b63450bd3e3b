import { RotationError, SecretsManagerRefused } from '../../shared/errors.ts';
import { STEPS, type Step } from '../../shared/rotation/event.ts';
import type { Context } from '../../shared/rotation/strategy.ts';
import { stringValue } from '../../shared/secrets/secret-value.ts';
import { type Effects, StepRun } from './effects.ts';
import { Ledger } from './ledger.ts';
import type { Move, OperatorMove } from './moves.ts';
import { correct } from './remedies.ts';
import { ARN, Service, type Variants } from './service.ts';
import { type Container, type Target, withFields } from './targets/target.ts';

/** What of the machinery around the function varies besides the service. */
export interface Setting {
  readonly variants: Variants;
  readonly containers: 'warm' | 'fresh';
}

interface Process {
  readonly container: Container;
  run: StepRun;
  history: string;
}

interface LateRun {
  readonly process: Process;
  readonly token: string;
  readonly step: Step;
  waited: boolean;
  readonly since: string;
  /** Who held the staging labels then. */
  readonly labels: string;
}

/** How often the service tries a rotation again. */
const RETRIES = 2;

/** A secret, its service, its target and the runs of its function; all that happens is one move after the other. */
export class World {
  readonly service: Service;
  readonly target: Target;
  readonly ledger: Ledger;
  readonly late: LateRun[] = [];
  /** The rotation that the service drives. */
  driven:
    | { readonly token: string; step: number; attempt: number; readonly currentAtStart: string | undefined }
    | undefined;
  lastError: unknown;
  /** Whether the last run had the effect that something was to happen at. */
  reached = true;
  milliseconds = 0;
  environment: Readonly<Record<string, string>> = {};
  readonly #setting: Setting;
  #process: Process | undefined;
  #edits = 0;
  #ids = 0;

  constructor(target: Target, setting: Setting) {
    this.target = target;
    this.#setting = setting;
    this.service = new Service(setting.variants, target.initial, new Map(Object.entries(target.tags ?? {})));
    this.ledger = new Ledger(this.service, target);
  }

  /** @returns whether anything could happen; what went wrong is in the ledger */
  async make(move: Move): Promise<boolean> {
    if (move.by === 'operator') return this.ledger.person(() => this.operator(move.does));
    if (move.by === 'writer') return this.ledger.writer(() => this.#plant(move.does, move.which));
    if (move.by === 'time') return this.#pass();
    if (move.by === 'late run') return await this.#goOn(move.does === 'one effect');
    if (move.by === 'function') return await this.#step(new StepRun({ kind: move.fate, at: move.at }), move.at);
    switch (move.does) {
      case 'rotate':
        return this.rotate();
      case 'give up':
        return this.#giveUp();
      case 'step':
        return await this.#step(new StepRun());
      case 'twice':
        return await this.#twice();
      case 'whole':
        return await this.whole();
    }
  }

  /** RotateSecret. @returns whether the service begins or takes up a rotation */
  rotate(): boolean {
    if (this.driven !== undefined) return false;
    const { service } = this;
    const pending = service.holder('AWSPENDING');
    const waits = pending !== undefined && pending !== service.holder('AWSCURRENT');
    const takesUp = waits && service.rotationEnabled;
    if (waits && !takesUp && this.#setting.variants.rotateWhileOff === 'refused') return false;
    service.rotationEnabled = true;
    const token = takesUp ? pending : this.newId();
    if (!takesUp) service.versions.stagePending(token, undefined, service.now());
    this.driven = { token, step: 0, attempt: 0, currentAtStart: service.holder('AWSCURRENT') };
    return true;
  }

  async whole(): Promise<boolean> {
    if (this.driven === undefined) return false;
    while (this.driven !== undefined) await this.#step(new StepRun());
    return true;
  }

  operator(does: OperatorMove): boolean {
    const { service, target } = this;
    const [current, pending, previous] = ['AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS'].map((label) =>
      service.holder(label),
    );
    const text = service.text(current);
    if (current === undefined) return false;
    switch (does) {
      case 'edit the secret':
        if (text === undefined || !text.startsWith('{')) return false;
        this.#edits += 1;
        service.put(this.newId(), withFields(text, { note: `edit ${this.#edits}` }), undefined);
        return true;
      case 'change the target':
      case 'change both': {
        if (text === undefined || !target.works(text)) return false;
        this.#edits += 1;
        const changed = target.change(text, this.#edits);
        if (does === 'change both') service.put(this.newId(), changed, undefined);
        return true;
      }
      case 'clear AWSPENDING':
        if (pending === undefined) return false;
        service.move('AWSPENDING', undefined, pending);
        return true;
      case 'roll back the label':
      case 'roll back both':
        return this.#rollBack(current, previous, does === 'roll back both');
      case 'promote AWSPENDING':
        if (pending === undefined || pending === current) return false;
        if (service.text(pending) === undefined && this.#setting.variants.emptyPromotion === 'refused') return false;
        service.move('AWSCURRENT', pending, current);
        return true;
      case 'correct the secret':
        if (text !== undefined && target.works(text)) return false;
        correct(this);
        return true;
      case 'cancel rotation':
        if (!service.rotationEnabled) return false;
        service.rotationEnabled = false;
        this.driven = undefined;
        return true;
    }
  }

  newId(): string {
    this.#ids += 1;
    return `version-${this.#ids}`.padEnd(32, '-');
  }

  /** The same for two worlds from which the same can follow. */
  state(): string {
    const { service, target } = this;
    const versions = service.all().map(({ id }) => [service.text(id), service.versions.stagesOf(id)]);
    const number = (id: string | undefined) => service.all().findIndex((version) => version.id === id);
    const text = JSON.stringify([
      versions,
      service.rotationEnabled,
      service.all().filter(({ created }) => service.lastRotated !== undefined && created < service.lastRotated).length,
      target.dump(),
      this.driven && [
        number(this.driven.token),
        this.driven.step,
        this.driven.attempt,
        number(this.driven.currentAtStart),
      ],
      this.#setting.containers === 'warm' && this.#process?.history,
      this.late.map((run) => [run.step, number(run.token), run.process.run.done.length, run.waited, run.since]),
      this.ledger.state(),
    ]);
    return anonymous(text);
  }

  #labels(): string {
    return ['AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS'].map((label) => this.service.holder(label)).join(' ');
  }

  #rollBack(current: string, previous: string | undefined, both: boolean): boolean {
    const text = this.service.text(previous);
    if (previous === undefined || text === undefined) return false;
    this.service.move('AWSCURRENT', previous, current);
    if (both) this.target.accept(text);
    return true;
  }

  #plant(does: 'plant candidate' | 'plant current', which: number): boolean {
    const { service, target } = this;
    const text = service.text(service.holder('AWSCURRENT'));
    const planted = text?.startsWith('{"') ? target.planted(text)[which] : undefined;
    if (planted === undefined || planted === text) return false;
    const pending = service.holder('AWSPENDING');
    if (does === 'plant candidate') {
      if (pending === undefined || service.versions.get(pending)?.value !== undefined) return false;
      service.put(pending, planted, ['AWSPENDING']);
    } else service.put(this.newId(), planted, undefined);
    this.ledger.planted.add(planted);
    return true;
  }

  #pass(): boolean {
    this.milliseconds += 60_000;
    this.service.pass(60_000);
    const changed = this.late.some(({ waited }) => !waited);
    for (const run of this.late) run.waited = true;
    return changed;
  }

  #giveUp(): boolean {
    const was = this.driven;
    this.driven = undefined;
    return was !== undefined;
  }

  async #step(run: StepRun, reach = 0): Promise<boolean> {
    const { driven } = this;
    if (driven === undefined) return false;
    if (this.#isAbandoned(driven)) {
      this.driven = undefined;
      return true;
    }
    const step = STEPS[driven.step] ?? 'finishSecret';
    const since = this.state();
    const process = this.#freeProcess();
    await this.ledger.function(undefined, () => this.#invoke(process, run, driven.token, step));
    if (run.state === 'ended' && run.error === undefined) this.#nextStep(driven);
    else this.#failedStep(driven);
    if (run.state === 'held')
      this.late.push({ process, token: driven.token, step, waited: false, since, labels: this.#labels() });
    if (run.state === 'held' || run.state === 'dead') this.#process = undefined;
    this.reached = run.done.length >= reach || run.state === 'held';
    return true;
  }

  async #twice(): Promise<boolean> {
    const { driven } = this;
    if (driven === undefined || this.#isAbandoned(driven)) return false;
    const step = STEPS[driven.step] ?? 'finishSecret';
    const runs = [0, 1].map(() => new StepRun({ kind: 'held before', at: 1 }));
    const processes = runs.map(() => this.#newProcess());
    await this.ledger.function(undefined, async () => {
      for (const [at, run] of runs.entries()) {
        const process = processes[at];
        if (process) await this.#invoke(process, run, driven.token, step);
      }
      while (runs.some(({ state }) => state === 'held')) {
        for (const run of runs) if (run.state === 'held') await run.resume(true);
      }
    });
    if (runs.some(({ error }) => error === undefined)) this.#nextStep(driven);
    else this.#failedStep(driven);
    return true;
  }

  async #goOn(onlyOneEffect: boolean): Promise<boolean> {
    const late = this.late[0];
    if (late === undefined) return false;
    const { run } = late.process;
    const isOutdated = late.labels !== this.#labels();
    await this.ledger.function({ waited: late.waited, hasLooked: hasLooked(run), isOutdated, step: late.step }, () =>
      run.resume(onlyOneEffect),
    );
    this.#note(late.process, late.token, late.step);
    if (run.state !== 'held') this.late.shift();
    return true;
  }

  async #invoke(process: Process, run: StepRun, token: string, step: Step): Promise<void> {
    process.run = run;
    const event = { step, secretId: ARN, token, rotationToken: undefined };
    const context = this.#context(token, run);
    const retirementFailed = () => undefined;
    const invocation = { event, store: this.service.store(run), context, retirementFailed };
    await run.begin(process.container(invocation));
    this.#note(process, token, step);
  }

  #note(process: Process, token: string, step: Step): void {
    const { run } = process;
    process.history += `${step} ${token} ${run.outcome ?? (run.error instanceof RotationError ? run.error.name : run.state)};`;
    if (run.state === 'ended' && run.error !== undefined) this.lastError = run.error;
    if (run.error !== undefined && !(run.error instanceof RotationError)) this.ledger.unnamed(run.error);
  }

  #nextStep(driven: NonNullable<World['driven']>): void {
    driven.step += 1;
    if (driven.step < STEPS.length) return;
    const { service } = this;
    if (service.holder('AWSCURRENT') !== driven.token) {
      this.#failedStep(driven);
      return;
    }
    this.driven = undefined;
    this.lastError = undefined;
    service.lastRotated = service.now();
    if (this.#setting.variants.pendingAfterSuccess === 'taken off')
      service.versions.clearPending(driven.token, service.now());
  }

  #failedStep(driven: NonNullable<World['driven']>): void {
    driven.step = 0;
    driven.attempt += 1;
    if (driven.attempt > RETRIES) this.driven = undefined;
  }

  #isAbandoned({ currentAtStart, token }: NonNullable<World['driven']>): boolean {
    const current = this.service.holder('AWSCURRENT');
    if (current === currentAtStart || current === token) return false;
    return this.#setting.variants.handEdit === 'abandons the rotation';
  }

  #freeProcess(): Process {
    if (this.#setting.containers === 'fresh' || this.#process === undefined) this.#process = this.#newProcess();
    return this.#process;
  }

  #newProcess(): Process {
    const effects: Effects = { perform: (side, name, act) => process.run.perform(side, name, act) };
    const container = this.target.container(effects, () => this.service.now().getTime());
    const process: Process = { container, run: new StepRun(), history: '' };
    return process;
  }

  #context(token: string, run: StepRun): Context {
    const store = this.service.store(run);
    const { signal } = new AbortController();
    const others = this.target.otherSecrets ?? {};
    let described: ReturnType<Context['describe']> | undefined;
    return {
      secretId: ARN,
      token,
      environment: this.environment,
      deadline: { longest: 30_000, remaining: () => 25_000, signal },
      describe: () => {
        described ??= store.describe(ARN);
        return described;
      },
      readOtherSecret: (id) =>
        run.perform('service', `read ${id}`, () => {
          const text = others[id];
          if (text === undefined) throw new SecretsManagerRefused(`There is no ${id}.`, 'ResourceNotFoundException');
          return { arn: id, value: stringValue(text) };
        }),
      conceal: () => undefined,
      identify: (text) => text,
      warn: () => undefined,
    };
  }
}

/** A strategy looks after its first login, or before it asks an issuer for its keys, and not again. */
function hasLooked({ next, done }: StepRun): boolean {
  return (
    /^(change|let in|give|end|make|move|list|ask)/.test(next) || done.some((effect) => effect.startsWith('log in'))
  );
}

/** Passwords are drawn anew in each story: only which of them are the same counts. */
function anonymous(text: string): string {
  const known = new Map<string, string>();
  return text.replace(/[A-Za-z0-9_~!@#$%^&*()+=[\]{}|;:,.<>?/-]{32,}/g, (drawn) => {
    const name = known.get(drawn) ?? `#${known.size}`;
    known.set(drawn, name);
    return name;
  });
}
