import { join } from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { RotationMonitoring, type RotationMonitoringProps } from '../../../infra/rotation-monitoring.ts';
import { temporaryFolder, writeBundle } from '../stand-in-stack.ts';

/** The monitoring of two functions in a stack of its own; not to be called inside a test. */
export function monitoringStack(props: Partial<RotationMonitoringProps> = {}, folder = temporaryFolder()): Stack {
  const stack = new Stack(new App({ outdir: join(folder, 'cdk.out') }), 'Monitoring');
  new RotationMonitoring(stack, 'Watch', {
    functions: {
      'random-password': {
        name: 'rotate-random',
        timeout: Duration.seconds(30),
        logGroupName: '/aws/lambda/rotate-random',
      },
      'mysql-single-user': { name: 'rotate-mysql', timeout: Duration.seconds(60) },
    },
    trail: 'existing',
    overdueCheckBundle: writeBundle(join(folder, 'overdue')),
    ...props,
  });
  return stack;
}

export function monitoringTemplate(props: Partial<RotationMonitoringProps> = {}): Template {
  return Template.fromStack(monitoringStack(props));
}
