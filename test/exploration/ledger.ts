import type { Step } from '../../shared/rotation/event.ts';
import type { Service } from './service.ts';
import type { Target } from './targets/target.ts';

/** A run that goes on after it was held up. */
interface Late {
  /** Long enough for the function to look again. */
  readonly waited: boolean;
  /** Whether it has looked at the labels for the last time: only then does it do what comes next. */
  readonly hasLooked: boolean;
  /** A staging label has moved since. */
  readonly isOutdated: boolean;
  readonly step: Step;
}

/** What can be seen before and after the function runs. */
interface Look {
  readonly current: string | undefined;
  readonly previous: string | undefined;
  readonly pending: string | undefined;
  readonly text: string | undefined;
  readonly works: boolean;
  readonly currentWorks: boolean;
  readonly accepted: readonly string[];
}

/**
 * What has to be true after each move, told from what people and functions have done so far. Each breach is a sentence;
 * the first one ends the story.
 */
export class Ledger {
  /** Values that were put by somebody without the right to choose them. */
  readonly planted = new Set<string>();
  breach: string | undefined;
  /** Credentials of versions that were current and were replaced; one that a person brings back is none any more. */
  readonly #replaced = new Set<string>();
  readonly #service: Service;
  readonly #target: Target;
  readonly #foreign: string;

  constructor(service: Service, target: Target) {
    this.#service = service;
    this.#target = target;
    this.#foreign = target.foreign();
  }

  person(act: () => boolean): boolean {
    const before = this.#current();
    const done = act();
    if (!done) return false;
    this.#replace(before);
    const now = this.#credential(this.#current());
    if (now !== undefined) this.#replaced.delete(now);
    const text = this.#service.text(this.#current());
    if (text !== undefined) this.planted.delete(text);
    this.#checkForeign('a person');
    return true;
  }

  writer(act: () => boolean): boolean {
    const before = this.#current();
    const done = act();
    if (done) this.#replace(before);
    return done;
  }

  async function(late: Late | undefined, act: () => Promise<void>): Promise<void> {
    const before = this.#look();
    await act();
    const after = this.#look();
    this.#replace(before.current);
    this.#checkForeign('the function');
    const excused = late?.isOutdated === true && (!late.waited || late.hasLooked || late.step !== 'setSecret');
    this.#checkPromotion(before, after, excused);
    if (!excused) this.#checkTarget(before, after);
    const worked = this.#target.endsPrevious ? before.currentWorks : before.works;
    if (worked && !after.works && !(excused && this.#anyWorks())) {
      this.#say('no staged version is let in any more, and one was before the function ran');
    }
    if (after.text !== undefined && !excused) {
      const broken = this.#target.always?.(after.text, before.currentWorks && before.current === after.current);
      if (broken !== undefined) this.#say(broken);
    }
  }

  unnamed(error: unknown): void {
    this.#say(`the function failed with an error that has no name: ${String(error)}`);
  }

  settled(): void {
    const { text, currentWorks } = this.#look();
    if (text === undefined || !currentWorks) this.#say('a rotation has succeeded, and AWSCURRENT is not let in');
    if (!this.#target.accepted().every((one) => this.#isStaged(one))) {
      this.#say('a credential that no staged version holds is still let in after two rotations');
    }
    const broken = this.#target.settled?.(this.#stagedTexts());
    if (broken !== undefined) this.#say(broken);
  }

  state(): unknown {
    return [[...this.#replaced], [...this.planted]];
  }

  #look(): Look {
    const service = this.#service;
    const target = this.#target;
    const current = this.#current();
    const text = service.text(current);
    const texts = this.#stagedTexts();
    return {
      current,
      previous: service.holder('AWSPREVIOUS'),
      pending: service.holder('AWSPENDING'),
      text,
      works: texts.some((one) => target.works(one)),
      currentWorks: text !== undefined && target.works(text),
      accepted: target.accepted(),
    };
  }

  #checkPromotion(before: Look, after: Look, excused: boolean): void {
    if (before.current === after.current) return;
    if (after.text === undefined) {
      this.#say('AWSCURRENT was moved onto a version without a value');
      return;
    }
    if (this.planted.has(after.text)) this.#say('a value that somebody planted was promoted');
    const credential = this.#credential(after.current);
    const left = this.#target.promoted?.(this.#stagedTexts());
    if (left !== undefined && !excused) this.#say(left);
    const isBack = credential !== undefined && this.#replaced.has(credential);
    if (isBack && !excused && this.#isTraced(before, after.current)) {
      this.#say('a value that was replaced is current again');
    }
    if (this.#service.writtenAt(before.current) > this.#service.writtenAt(after.current)) {
      this.#say('AWSCURRENT was replaced by a candidate that is older');
    }
    if (before.text !== undefined && this.#target.rest(before.text) !== this.#target.rest(after.text)) {
      this.#say('an edit by hand is lost: other fields of AWSCURRENT have changed');
    }
  }

  /**
   * Whether the service shows at all that the version was current before. It does not if a person promoted and replaced it, or if the
   * rotation was given up after the promotion, and the label AWSPREVIOUS has moved on: then a function cannot know.
   */
  #isTraced(before: Look, id: string | undefined): boolean {
    const { lastRotated } = this.#service;
    const created = id === undefined ? undefined : this.#service.createdAt(id);
    return before.previous === id || (lastRotated !== undefined && created !== undefined && lastRotated > created);
  }

  #isTracedCredential(before: Look, credential: string): boolean {
    const owners = this.#service.all().filter(({ id }) => this.#credential(id) === credential);
    return owners.some(({ id }) => before.pending !== id || this.#isTraced(before, id));
  }

  #checkTarget(before: Look, after: Look): void {
    const now = this.#credential(after.current);
    for (const credential of after.accepted) {
      if (before.accepted.includes(credential) || credential === now) continue;
      if (this.#replaced.has(credential) && this.#isTracedCredential(before, credential))
        this.#say('the target accepts a credential again that was replaced');
      if ([...this.planted].some((value) => this.#target.credential(value) === credential)) {
        this.#say('the target accepts a credential that somebody planted');
      }
    }
  }

  #checkForeign(who: string): void {
    if (this.#target.foreign() !== this.#foreign) this.#say(`${who} changed an account that is not the secret's`);
  }

  #replace(former: string | undefined): void {
    if (former === this.#current()) return;
    const credential = this.#credential(former);
    if (credential !== undefined && credential !== this.#credential(this.#current())) this.#replaced.add(credential);
  }

  #isStaged(credential: string): boolean {
    return this.#stagedTexts().some((text) => this.#target.credential(text) === credential);
  }

  #stagedTexts(): readonly string[] {
    const { versions } = this.#service;
    return this.#texts(this.#service.all().flatMap(({ id }) => (versions.stagesOf(id).length > 0 ? [id] : [])));
  }

  #anyWorks(): boolean {
    return this.#texts(this.#service.all().map(({ id }) => id)).some((text) => this.#target.works(text));
  }

  #texts(ids: readonly string[]): readonly string[] {
    return ids.map((id) => this.#service.text(id)).filter((text) => text !== undefined);
  }

  #current(): string | undefined {
    return this.#service.holder('AWSCURRENT');
  }

  #credential(id: string | undefined): string | undefined {
    const text = this.#service.text(id);
    return text === undefined ? undefined : this.#target.credential(text);
  }

  #say(breach: string): void {
    this.breach ??= breach;
  }
}
