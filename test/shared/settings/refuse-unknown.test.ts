import { describe, expect, it } from 'vitest';
import { OVERLAPPING_USER_SETTINGS, SINGLE_USER_SETTINGS } from '../../../shared/settings/known-settings.ts';
import { refuseUnknownSettings } from '../../../shared/settings/refuse-unknown.ts';

const refuse = (tags: Record<string, string>, environment: Record<string, string> = {}, known = SINGLE_USER_SETTINGS) =>
  refuseUnknownSettings(new Map(Object.entries(tags)), environment, known);

describe('a setting', () => {
  it.each<[string, Record<string, string>, Record<string, string>, string]>([
    ['a misspelt tag', { 'rotation:lenght': '40' }, {}, 'did you mean "rotation:length"?'],
    ['a tag in capitals', { 'Rotation:Length': '40' }, {}, 'did you mean "rotation:length"?'],
    ['a tag of another kind', { 'rotation:overlap': 'true' }, {}, 'accepted: rotation:length, rotation:charset'],
    ['a misspelt variable', {}, { PASSWORD_LENGHT: '40' }, 'did you mean "PASSWORD_LENGTH"?'],
    ['a variable without its end', {}, { EXCLUDE_NUMBER: 'true' }, 'did you mean "EXCLUDE_NUMBERS"?'],
  ])('is refused as %s', (_, tags, environment, says) => {
    expect(() => refuse(tags, environment)).toThrow(expect.objectContaining({ name: 'InvalidSetting' }));
    expect(() => refuse(tags, environment)).toThrow(says);
  });

  it('passes that is known, that is no setting of ours, or that other functions of the same deployment read', () => {
    refuse({ 'rotation:overlap': 'true', team: 'shop', rotation: 'monthly' }, {}, OVERLAPPING_USER_SETTINGS);
    refuse({}, { PASSWORD_LENGTH: '40', PATH: '/bin', AWS_REGION: 'eu-west-1', DEDICATED_USERS: 'x' });
  });
});
