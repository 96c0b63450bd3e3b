import { RotationError } from '../../shared/errors.ts';
import { ARN } from './service.ts';
import type { World } from './world.ts';

/** What an operator does who reads the error: exactly the steps of its text. Afterwards the secret is rotated again. */
type Remedy = (world: World, message: string) => void;

const REMEDIES: Readonly<Record<string, Remedy>> = {
  CandidateGivenUp: () => undefined,
  CandidateRefused: () => undefined,
  PromotionConflict: () => undefined,
  VersionNotStaged: (world, message) => {
    if (!message.includes('the target was changed') || currentWorks(world)) return;
    label(world, /version (\S+), which holds no label/.exec(message)?.[1]);
  },
  RotationDisabled: switchOn,
  NoCandidate: (world) => void world.operator('clear AWSPENDING'),
  NoCurrentValue: (world, message) => {
    const back = /--move-to-version-id (\S+) /.exec(message)?.[1];
    if (world.service.text(back) !== undefined) label(world, back);
    else correct(world);
  },
  NoWorkingPassword: (world) => {
    const { service, target } = world;
    const working = service.all().find(({ id }) => target.works(service.text(id) ?? ''));
    if (working) label(world, working.id);
    else acceptCurrent(world);
  },
  CurrentLoginRefused: acceptCurrent,
  InvalidSecret: correct,
  PasswordNotAsked: correct,
  InvalidSetting: (world) => {
    world.service.tags = new Map(Object.entries(world.target.tags ?? {}));
  },
  KeyRefused: (world, message) => {
    if (message.includes('of AWSCURRENT')) acceptCurrent(world);
    else world.operator('clear AWSPENDING');
  },
  KeyLimitReached: (world, message) => {
    const current = world.service.text(world.service.holder('AWSCURRENT'));
    if (message.includes('a version that cannot be read') && current !== undefined) {
      world.service.put(world.newId(), current, undefined);
      return;
    }
    world.service.pass(3_600_000);
    const { service, target } = world;
    const staged = service.all().filter(({ id }) => service.versions.stagesOf(id).length > 0);
    target.tidy?.(staged.map(({ id }) => service.text(id) ?? ''));
  },
  AlternateRefused: (world) => {
    world.environment = { ...world.environment, ADOPT_ALTERNATE_USERS: ARN };
    world.target.adopt?.();
  },
};

/** @returns whether the error's text leads anywhere; without an error the service refuses to rotate */
export function remedy(world: World, error: unknown): boolean {
  if (error === undefined) {
    switchOn(world);
    return true;
  }
  // What is wrong with AWSPREVIOUS is no reason to fail.
  if (error instanceof RotationError && /^AWSPREVIOUS\b/.test(error.message)) return false;
  const follow = error instanceof RotationError ? REMEDIES[error.name] : undefined;
  if (!(error instanceof RotationError) || follow === undefined) return false;
  world.ledger.person(() => {
    follow(world, error.message);
    return true;
  });
  return true;
}

/** 1. promote AWSPENDING if it alone works; 2. take it off; 3. switch rotation on, which rotates. */
function switchOn(world: World): void {
  world.ledger.person(() => {
    const { service, target } = world;
    const pending = service.text(service.holder('AWSPENDING'));
    if (!currentWorks(world) && pending !== undefined && target.works(pending))
      label(world, service.holder('AWSPENDING'));
    return world.operator('clear AWSPENDING');
  });
  world.service.rotationEnabled = true;
}

function currentWorks({ service, target }: World): boolean {
  const text = service.text(service.holder('AWSCURRENT'));
  return text !== undefined && target.works(text);
}

function label({ service }: World, id: string | undefined): void {
  const current = service.holder('AWSCURRENT');
  if (id !== undefined && current !== undefined && id !== current) service.move('AWSCURRENT', id, current);
}

function acceptCurrent(world: World): void {
  const { service, target } = world;
  target.accept(service.text(service.holder('AWSCURRENT')) ?? '');
  if (!currentWorks(world)) correct(world);
}

/** Stores the newest value that is let in, or the first one of all, which the target is made to accept. */
export function correct(world: World): void {
  const { service, target } = world;
  if (service.holder('AWSPENDING') !== service.holder('AWSCURRENT')) world.operator('clear AWSPENDING');
  const working = service.all().findLast(({ id }) => target.works(service.text(id) ?? ''));
  const text = service.text(working?.id) ?? target.initial;
  target.accept(text);
  service.put(world.newId(), text, undefined);
}
