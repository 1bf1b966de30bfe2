/** `pps` at the running service of a test file, with the keys of development. */
import type { Enrollment } from '../../dev/apiClient';
import { openCommandLine, type CommandLine, type Ended } from './commandLine';
import type { Form, TestService } from './testService';

const KEYS = {
  caller: 'pps_dev_caller_shop-app',
  partner: 'pps_dev_partner_kno',
  admin: 'pps_dev_admin_ana',
  approver: 'pps_dev_approver_bo',
};

type Who = keyof typeof KEYS;

export interface ServiceCommandLine extends CommandLine {
  pps: (who: Who, args: string, url?: string) => Promise<Ended>;
  /** What a shell needs before `pps` to ask the service. */
  environment: (who: Who, url?: string) => string;
  /** The answer of a command that must succeed. */
  asJson: <T = Enrollment>(who: Who, args: string) => Promise<T>;
  /** Enrolls a brand, and waits until its ad account is known. */
  enroll: (changes?: Partial<Form & { programId: string }>) => Promise<string>;
}

/** To be closed after the tests. `answers.json` is in its folder. */
export function openServiceCommandLine(t: TestService): ServiceCommandLine {
  const cli = openCommandLine();
  cli.write('answers.json', JSON.stringify(t.answers));
  const environment = (who: Who, url = t.service.apiUrl) => `PPS_URL='${url}' PPS_API_KEY='${KEYS[who]}'`;
  const pps = (who: Who, args: string, url?: string) => cli.shell(`${environment(who, url)} pps ${args}`);
  async function asJson<T>(who: Who, args: string): Promise<T> {
    const { code, stdout, stderr } = await pps(who, `${args} --json`);
    expect([args, code, stderr]).toEqual([args, 0, '']);
    return JSON.parse(stdout) as T;
  }
  return {
    ...cli,
    environment,
    pps,
    asJson,
    async enroll(changes) {
      cli.write('form.json', JSON.stringify({ ...t.form(), ...changes }));
      const { id } = await asJson<Enrollment>('caller', 'enroll form.json');
      await t.untilEvent(id, 'advertiser_located');
      return id;
    },
  };
}
