import { InvalidSchedule } from '../../shared/schedule/invalid-schedule.ts';
import { parseSchedule } from '../../shared/schedule/schedule.ts';

/** A rotation as the file describes it. */
export interface RotationText {
  readonly every?: string | undefined;
  readonly cron?: string | undefined;
  readonly window?: string | undefined;
}

/** The rules as CloudFormation takes them. */
export interface RotationRules {
  readonly scheduleExpression: string;
  readonly duration?: string;
}

const LEAST_HOURS = 4;
const hourMs = 3_600_000;

/** @throws InvalidSchedule as the service would refuse the rules, or if rotations would come too close to each other */
export function rotationRules({ every, cron, window }: RotationText): RotationRules {
  if (every !== undefined && cron !== undefined) {
    throw new InvalidSchedule('there are both "every" and "cron". Remove one of the two.');
  }
  const fields = cron && (/^\s*cron\((.*)\)\s*$/.exec(cron)?.[1] ?? cron);
  const scheduleExpression = fields === undefined ? rate(every ?? '30d') : `cron(${fields.trim()})`;
  const schedule = parseSchedule({ ScheduleExpression: scheduleExpression, Duration: window });
  if (cron !== undefined && schedule) requireDistance(schedule);
  return { scheduleExpression, ...(window !== undefined && { duration: window }) };
}

function rate(every: string): string {
  const [, number = '', unit] = /^(\d{1,4})([dh])$/.exec(every) ?? [];
  if (unit === undefined) {
    throw new InvalidSchedule('"every" must be days or hours, such as 30d or 12h, without rate( ) or cron( ).');
  }
  const name = unit === 'd' ? 'day' : 'hour';
  return `rate(${Number(number)} ${name}${Number(number) === 1 ? '' : 's'})`;
}

/** The hours are the same on every day that a cron names, so that two days after the first one show every distance. */
function requireDistance(schedule: NonNullable<ReturnType<typeof parseSchedule>>): void {
  let { opens } = schedule(new Date(0));
  const end = opens.getTime() + 49 * hourMs;
  for (let next = schedule(opens).opens; next.getTime() <= end; next = schedule(next).opens) {
    if (next.getTime() - opens.getTime() < LEAST_HOURS * hourMs) {
      throw new InvalidSchedule(`"cron" names hours less than ${LEAST_HOURS} apart. Name fewer hours.`);
    }
    opens = next;
  }
}
