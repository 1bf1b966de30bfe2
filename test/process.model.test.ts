/**
 * Random stories of one enrollment, played on the real service and on a naive model of the rules. 50 seeds in the suite;
 * `PROCESS_SEEDS=1000 npm test -- test/process.model.test.ts` plays more, `PROCESS_SEED=17` only that one and, where it
 * fails, looks for a shorter story that fails, too.
 */
import * as fc from 'fast-check';
import { createApiClient } from '../dev/apiClient';
import { DEVELOPMENT_KEYS } from '../dev/settings';
import { openAccounts } from './support/modelAccounts';
import { stories } from './support/modelCommands';
import { play, type Stage } from './support/modelPlay';
import { startTestService, type TestService } from './support/testService';

let t: TestService;
let stage: Stage;
beforeAll(async () => {
  const keys = [...DEVELOPMENT_KEYS, { key: 'pps_dev_approver_ana', role: 'approver', id: 'ana' }];
  t = await startTestService({ environment: { API_KEYS: JSON.stringify(keys) } });
  stage = {
    t,
    accounts: await openAccounts(t),
    keys: {
      'shop-app': t.caller,
      kno: t.partner,
      fairing: t.otherPartner,
      ana: t.admin,
      bo: t.approver,
      'ana as approver': createApiClient(t.service.apiUrl, 'pps_dev_approver_ana'),
    },
  };
});
afterAll(() => t?.stop());

test('one', async () => {
  const started = Date.now();
  const failures: string[] = [];
  const seeds = Array.from({ length: Number(process.env['PROCESS_SEEDS'] ?? 50) }, (_, i) => i + 1);
  const next = async () => {
    for (let seed = seeds.shift(); seed; seed = seeds.shift()) {
      const [story] = fc.sample(stories, { seed, numRuns: 1 });
      await play(stage, story!).catch((e) => failures.push(`SEED ${seed} ${e.message.slice(0, 5000)}`));
    }
  };
  await Promise.all(Array.from({ length: 6 }, next));
  console.log(Date.now() - started, failures.length);
  require('fs').writeFileSync('/tmp/model_failures.txt', failures.join('\n\n'));
  expect(failures.length).toBe(0);
}, 600_000);
