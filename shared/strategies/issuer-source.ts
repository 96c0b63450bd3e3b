import type { Issuer } from '../providers/provider.ts';
import type { Context } from '../rotation/strategy.ts';
import type { KnownSettings } from '../settings/known-settings.ts';
import type { KeyFields, KeySecret } from './key-secret.ts';

/** Who lets a secret have keys made, and by whom. What the secret says about that is only a choice among what is allowed. */
export interface IssuerSource {
  /** For people who read logs. */
  readonly name: string;
  readonly settings: KnownSettings;
  /** Where the key stands in a secret, unless the secret says otherwise. */
  readonly fields: KeyFields;

  /**
   * Opens the account in which keys are made and ended. Asked at most once a step, and never in `testSecret`.
   *
   * @param current AWSCURRENT, which may have to prove that the account's keys are its own
   * @throws AdministratorRefused, or another named error, if this secret may not have keys made there
   */
  open(current: KeySecret, context: Context): Promise<Account>;

  /** Opens what it takes to try the candidate; uses no credential but the candidate's own key. */
  openToTest(candidate: KeySecret, context: Context): Promise<Pick<Issuer, 'facts' | 'accepts'>>;

  /** What makes two keys each other's successor, such as account and target, in words for an error. */
  placeOf(secret: KeySecret): string;
}

export interface Account {
  readonly issuer: Issuer;
  /** Whether the deployer declared that all keys of the target are this secret's, for issuers whose keys have no names. */
  readonly dedicated: boolean;
  /** Where they did not: how they can, as a sentence for an error. */
  readonly toDedicate?: string;
}
