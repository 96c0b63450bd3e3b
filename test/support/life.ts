import type { Around, Call } from './intercepted-calls.ts';

/** Dies before or after one effect; from then on nothing that it asks for happens. */
export class Life {
  readonly effects: string[] = [];
  readonly #death: { readonly effect: number; readonly when: 'before' | 'after' } | undefined;
  over = false;

  constructor(death?: { effect: number; when: 'before' | 'after' }) {
    this.#death = death;
  }

  async effect<T>(name: string, perform: () => Promise<T>): Promise<T> {
    const number = this.effects.push(name) - 1;
    this.#dieAt(number, 'before');
    try {
      return await perform();
    } finally {
      this.#dieAt(number, 'after');
    }
  }

  #dieAt(effect: number, when: 'before' | 'after'): void {
    this.over ||= effect === this.#death?.effect && when === this.#death.when;
    if (this.over) throw new Error('killed');
  }

  around: Around = ({ operation }: Call, perform) => this.effect(operation, perform);
}
