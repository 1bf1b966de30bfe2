/** A machine without time service: the clock of our processes is behind that of Temporal. */
import { ownProgram } from './support/ownProgram';
import { startTestService, type TestService } from './support/testService';

const BEHIND = 'data:text/javascript,const%20now=Date.now;Date.now=()=>now()-4000';

let t: TestService;
beforeAll(async () => {
  t = await startTestService({ environment: { NODE_OPTIONS: `--import=${BEHIND}` } });
});
afterAll(() => t?.stop());

test('When the clock of the worker is behind, then the calculation begins once and not over and over', async () => {
  const program = await ownProgram(t);
  const brand = await program.enrollComplete();
  await program.advanceTo('2023-12-03T04:59:58Z');
  await program.runAt(1);
  await brand.untilStatus('scheduled');
  expect((await brand.happened()).slice(4)).toEqual(['calculation_begun', 'credit_calculated']);
});
