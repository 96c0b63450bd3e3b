/** More rotations at a time than one container serves. */
const MOST = 100;

/**
 * Of which AWSCURRENT each candidate is known to be the successor: it was made of that version, or was checked against it. A version never
 * changes, so what was known once stays true; it is lost with the process, and then looked up again.
 */
export class Origins {
  readonly #currents = new Map<string, string>();

  note(candidate: string, current: string): void {
    this.#currents.delete(candidate);
    this.#currents.set(candidate, current);
    const [oldest] = this.#currents.keys();
    if (this.#currents.size > MOST && oldest !== undefined) this.#currents.delete(oldest);
  }

  /** Once it was promoted or given up, nothing that is known of it makes it a candidate again. */
  forget(candidate: string): void {
    this.#currents.delete(candidate);
  }

  /** The id of the version that was AWSCURRENT then. */
  of(candidate: string): string | undefined {
    return this.#currents.get(candidate);
  }
}
