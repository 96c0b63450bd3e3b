/** A mend undone: in `file`, the text `from`, which stands there exactly once, is replaced by `to`. */
export interface Mutation {
  /** The promise that the mend keeps, as its paragraph in the issue has it. */
  readonly undoes: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Where it shows; all kinds unless given. */
  readonly targets?: readonly string[];
}

const CANDIDATE = 'shared/rotation/candidate.ts';
const ROTATION = 'shared/rotation/rotation.ts';
const SUPERUSER = 'shared/strategies/superuser.ts';
const ALTERNATING = ['alternating users', 'alternating users beside an unrelated clone'];
const SINGLE = 'shared/strategies/single-user.ts';

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are texts of source files
export const MUTATIONS: readonly Mutation[] = [
  {
    undoes: '1: what was current before, and holds AWSPREVIOUS, is no candidate',
    file: CANDIDATE,
    from: "return stages.includes(AWSPREVIOUS) ? 'it was current before: it also holds AWSPREVIOUS' : undefined;",
    to: 'return stages.length > 9 ? AWSPREVIOUS : undefined;',
  },
  {
    undoes: '1: a candidate that is older than AWSCURRENT is given up',
    file: CANDIDATE,
    from: 'current.createdAt !== undefined && current.createdAt > createdAt',
    to: 'current.createdAt !== undefined && current.createdAt > createdAt && false',
  },
  {
    undoes: '1: a version that was current, and holds no label between, is no candidate',
    file: CANDIDATE,
    from: 'return lastRotatedAt !== undefined && lastRotatedAt > createdAt',
    to: 'return lastRotatedAt !== undefined && lastRotatedAt > createdAt && false',
  },
  {
    undoes: '1 and 2: a candidate that is not what create makes of AWSCURRENT is given up',
    file: CANDIDATE,
    from: 'if (!sameValue(await strategy.recreate(current, candidate, context), version.value)) {',
    to: 'if (!sameValue(await strategy.recreate(current, candidate, context), version.value) && false) {',
  },
  {
    undoes: '2: an adopted candidate is held to the password policy',
    file: CANDIDATE,
    from: 'if (!adopted || !strategy.couldDraw ||',
    to: 'if (true || !adopted || !strategy.couldDraw ||',
  },
  {
    undoes: '1: the target is brought back before AWSPENDING is released',
    file: CANDIDATE,
    from: 'await strategy.restore?.(candidate.reader.versions, context);',
    to: 'await undefined;',
  },
  {
    undoes: '1: AWSPENDING of a candidate that is given up is released',
    file: CANDIDATE,
    from: 'const released = await releasePending(of);',
    to: 'const released = Boolean(releasePending);',
  },
  {
    undoes: '1: setSecret lets no outdated candidate through',
    file: ROTATION,
    from: 'const current = await requireSuccessor(run, candidate);',
    to: 'const current = (await candidate.reader.current()).id;',
  },
  {
    undoes: '1: createSecret adopts no outdated candidate',
    file: ROTATION,
    from: '  await requireSuccessor(run, candidate, true);\n',
    to: '',
  },
  {
    undoes: '1: finishSecret promotes no outdated candidate',
    file: ROTATION,
    from: 'await moveCurrent(run, await requireSuccessor(run, candidate))',
    to: 'await moveCurrent(run, (await candidate.reader.current()).id)',
  },
  {
    undoes: '1: the move of AWSCURRENT is a compare-and-swap from what was checked',
    file: ROTATION,
    from: 'if (isAsKnown && (await moveCurrent(run, known)))',
    to: "if ((isAsKnown || true) && (await moveCurrent(run, holderOf(stages, AWSCURRENT) ?? '')))",
  },
  {
    undoes: '1: what was known of a candidate is forgotten once it is promoted',
    file: ROTATION,
    from: '  origins.forget(event.token);\n',
    to: '',
    targets: ['single user', 'random value'],
  },
  {
    undoes: '1: AWSPREVIOUS is one password more to try, never a reason to fail',
    file: SINGLE,
    from: 'context.warn(`${AWSPREVIOUS} is of no help: ${error.message}`);\n      return undefined;',
    to: 'throw error;',
    targets: ['single user'],
  },
  {
    undoes: '9: a run that was held up looks again before it changes the target',
    file: 'shared/rotation/standing.ts',
    from: 'const FRESH_MS = 2_000;',
    to: 'const FRESH_MS = 2_000_000;',
    targets: ['single user'],
  },
  {
    undoes: '1: a run that was held up while its candidate was promoted and rolled back applies it no more',
    file: 'shared/rotation/standing.ts',
    from: '&& !wasCurrent &&',
    to: '&& wasCurrent !== null &&',
    targets: ['single user', 'two passwords, by the user itself'],
  },
  {
    undoes: '1: a run that was held up while AWSCURRENT was edited ends no key of it',
    file: 'shared/rotation/standing.ts',
    from: 'holderOf(stages, AWSCURRENT) === current) return;',
    to: 'holderOf(stages, AWSCURRENT) !== null) return;',
    targets: ['issuer of dedicated keys', 'issuer of chosen keys'],
  },
  {
    undoes: '9: finishSecret moves AWSCURRENT onto no empty version',
    file: ROTATION,
    from: "    const candidate = await requireCandidate(run);\n    if (candidate.version.stages.includes(AWSCURRENT)) return 'already current';\n    if (await moveCurrent(run, await requireSuccessor(run, candidate)))",
    to: '    if (await moveCurrent(run, (await versionReader({ ...run, ...event }).current()).id))',
  },
  {
    undoes: '1 and 9: a version that is current and empty is NoCurrentValue',
    file: CANDIDATE,
    from: "throw refusedWith(error, 'ResourceNotFoundException') ? await noCurrentValue(secretId, context, error) : error;",
    to: 'throw noCurrentValue.length > 9 ? error : error;',
  },
  {
    undoes: '3: a superuser acts only for the account that AWSCURRENT has logged in as',
    file: SUPERUSER,
    from: 'if (await mayRecover(RECOVERY, context)) {',
    to: 'if ((await mayRecover(RECOVERY, context)) || true) {',
    targets: ALTERNATING,
  },
  {
    undoes: '3: a login for which no password was asked proves nothing',
    file: 'shared/strategies/logged-in.ts',
    from: 'if (!session.passwordNotAsked) return session;',
    to: 'if (session.passwordNotAsked !== null) return session;',
    targets: ALTERNATING,
  },
  {
    undoes: '3: another user is adopted only if the deployer says so',
    file: 'shared/strategies/pair-claim.ts',
    from: 'const adopted = listed(context.environment[ADOPTION]).includes(arn);',
    to: 'const adopted = listed(context.environment[ADOPTION]).length >= 0;',
    targets: ALTERNATING,
  },
  {
    undoes: '3: what a run that was held up would let in is looked at again',
    file: 'shared/strategies/alternating-users.ts',
    from: '        await versions.requireStillPending();\n        await session.letIn',
    to: '        await session.letIn',
    targets: ['alternating users'],
  },
  {
    undoes: '4: a plain rotation ends the password that was kept while the tag was there',
    file: 'shared/strategies/overlapping-user.ts',
    from: 'if (byItself) await session.endKept();',
    to: 'if (byItself) await undefined;',
    targets: ['two passwords, not wanted any more'],
  },
  {
    undoes: '4: a run that was cut off before the old password ended is made up for',
    file: 'shared/strategies/overlapping-user.ts',
    from: "if ((await session.overlapBy()).by === 'itself') await session.endKept();",
    to: "if ((await session.overlapBy()).by === 'itself') await undefined;",
    targets: ['two passwords, by the user itself', 'two passwords, not wanted any more'],
  },
  {
    undoes: '4: what a lost answer has kept from being done is done',
    file: SINGLE,
    from: 'if (!change || asCurrent) await asCandidate.close();',
    to: 'if (!change || asCurrent !== null) await asCandidate.close();',
    targets: ['two passwords, not wanted any more'],
  },
  {
    undoes: '4: the old password is kept where the tag asks for it',
    file: 'shared/strategies/overlapping-user.ts',
    from: 'await session.changeKeepingOwn(password);',
    to: 'await session.changeOwnPassword(password);',
    targets: ['two passwords, by the user itself'],
  },
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
