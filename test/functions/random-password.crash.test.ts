import { survivesCrashes } from '../conformance/crash.ts';

survivesCrashes('random-password', {
  start: async () => {},
  newSecret: async () => JSON.stringify({ id: 1, password: 'first', note: 'kept' }),
  // Nobody but its readers knows a random value: what counts is that it is whole.
  accepts: async (text) => /^\{"id":1,"password":"[^"]{5,}","note":"kept"\}$/.test(text),
  stop: async () => {},
});
