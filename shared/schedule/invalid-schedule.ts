/** Rotation rules that Secrets Manager would refuse. The message ends in what is accepted; its wording is ours. */
export class InvalidSchedule extends Error {
  override readonly name = 'InvalidSchedule';
}
