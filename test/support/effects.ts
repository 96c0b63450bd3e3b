/** A moment at which to kill: just before an effect reaches its server, or once its answer is there and not delivered. */
export interface CrashPoint {
  readonly effect: number;
  readonly when: 'before' | 'after';
}

/** The points at which a function was killed. */
export interface CrashPointCounts {
  readonly all: number;
  survived: number;
}

/** Thrown to whoever carried the effect: the process that wanted it is dead. */
export class Killed extends Error {}

/**
 * Every outbound effect of a function passes here, counted from 0, so that a test can find all of them by a clean run
 * and then kill the function at each.
 */
export class Effects {
  readonly #kill: (effect: string) => Promise<void>;
  #names: string[] = [];
  #armed: CrashPoint | undefined;

  /** @param kill ends the function's process; may look at the world at that moment */
  constructor(kill: (effect: string) => Promise<void>) {
    this.#kill = kill;
  }

  /** What has passed since the last `arm`. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** Counts from 0 again; kills once, at the given point if there is one. */
  arm(point?: CrashPoint): void {
    this.#names = [];
    this.#armed = point;
  }

  /** Whether the point that was armed has been reached. */
  get killed(): boolean {
    return this.#armed === undefined;
  }

  /** @throws Killed */
  async pass<T>(name: string, carry: () => Promise<T>): Promise<T> {
    const effect = this.#names.push(name) - 1;
    await this.#killAt(effect, 'before');
    const answer = await carry();
    await this.#killAt(effect, 'after');
    return answer;
  }

  async #killAt(effect: number, when: CrashPoint['when']): Promise<void> {
    if (this.#armed?.effect !== effect || this.#armed.when !== when) return;
    this.#armed = undefined;
    await this.#kill(`${when} ${this.#names[effect]}`);
    throw new Killed();
  }
}
