/** `pps enroll`, `confirm`, `defer`, `hold` ...: what is done to one enrollment. */
import type { Command } from 'commander';
import { PARTNER_CRITERIA } from '../program/criteria';
import { REASONS_FOR, WAIVABLE } from '../program/decision';
import { describeEnrollment, type Enrollment } from './description/enrollment';
import { enrollmentPath } from './enrollmentPath';
import { addErase } from './eraseCommand';
import { readJsonFile } from './files';
import { remote } from './remoteCommand';

/** One write to an enrollment: its route, and the body that its arguments and options make. */
interface Act {
  name: string;
  description: string;
  /** Of the route, after /v1/enrollments/{id}/. */
  action: string;
  /** Besides the id. */
  argument?: [name: string, description: string];
  options: readonly (keyof typeof OPTIONS)[];
  required?: readonly (keyof typeof OPTIONS)[];
  /** Whose reason codes `--reason` takes. */
  reasons?: keyof typeof REASONS_FOR;
  /** After the id. */
  example: string;
  body?: (argument: string, options: Options) => object | Promise<object>;
}

type Options = Partial<Record<keyof typeof OPTIONS, string | string[]>>;

const OPTIONS = {
  advertiserId: ['--advertiser-id <id>', 'the ad account that is spoken of'],
  criteria: ['--criteria <list>', `some of ${PARTNER_CRITERIA.join()} (default: all)`],
  criterion: ['--criterion <criterion>', `one of ${WAIVABLE.join(', ')}`],
  reasonCode: ['--reason <code>', 'reason code'],
  note: ['--note <text>', 'why, in words; stays out of Temporal'],
  statementId: ['--statement <id>', 'of the credit, as `pps status` shows it'],
} satisfies Record<string, [flags: string, description: string]>;

const ACTS: readonly Act[] = [
  {
    name: 'confirm',
    description: "Confirms the survey partner's criteria for the ad account that is named.",
    action: 'partner-confirmation',
    options: ['criteria'],
    required: ['advertiserId'],
    example: '--advertiser-id 7012345678901234567',
  },
  {
    name: 'reject',
    description: "Rejects the survey partner's criteria; they may be confirmed after all.",
    action: 'partner-rejection',
    options: ['criteria', 'reasonCode'],
    required: ['advertiserId'],
    reasons: 'partner_rejection',
    example: '--advertiser-id 7012345678901234567 --criteria survey_template --reason TEMPLATE_NOT_FOUND',
  },
  {
    name: 'questionnaire',
    description: 'Sends the answers to the questionnaire.',
    action: 'questionnaire',
    argument: ['answers', 'file of a JSON object, answers by question id; "-" for standard input'],
    options: [],
    example: 'answers.json',
    body: async (file) => ({ answers: (await readJsonFile(file)).value }),
  },
  {
    name: 'reopen',
    description: 'Has the questionnaire answered again.',
    action: 'questionnaire/reopening',
    options: ['note'],
    example: "--note 'The number of orders cannot be right.'",
  },
  {
    name: 'defer',
    description: 'Defers to a later calculation month; an admin may go back.',
    action: 'deferral',
    argument: ['month', 'calculation month, such as 2023-12'],
    options: [],
    example: '2023-12',
    body: (month) => ({ month }),
  },
  {
    name: 'waive',
    description: 'Waives a criterion.',
    action: 'waiver',
    options: [],
    required: ['criterion', 'reasonCode', 'note'],
    reasons: 'waiver',
    example: "--criterion survey_template --reason TEMPLATE_NOT_FOUND --note 'Seen by us.'",
  },
  {
    name: 'hold',
    description: 'Holds: facts are taken, no step is.',
    action: 'hold',
    options: [],
    required: ['reasonCode', 'note'],
    reasons: 'hold',
    example: "--reason FRAUD_REVIEW --note 'Two shops, one ad account.'",
  },
  {
    name: 'release',
    description: 'Releases a hold.',
    action: 'release',
    options: [],
    required: ['note'],
    example: "--note 'The shops belong together.'",
  },
  ...(['approve', 'reject', 'send_back'] as const).map((outcome): Act => {
    const name = { approve: 'approve', reject: 'reject-credit', send_back: 'send-back' }[outcome];
    return {
      name,
      description: {
        approve: 'Approves the credit.',
        reject: 'Rejects the credit; the enrollment ends.',
        send_back: 'Sends the credit back: the enrollment is held, and needs a reason code or a note.',
      }[outcome],
      action: 'approval',
      options: ['reasonCode', 'note'],
      required: ['statementId'],
      reasons: 'approval',
      example: `--statement st_0b7ce0a9${outcome === 'send_back' ? " --note 'Which shop?'" : ''}`,
      body: (_argument, options) => ({ outcome, ...options }),
    };
  }),
  {
    name: 'withdraw',
    description: 'Withdraws: the enrollment ends, and nothing is paid.',
    action: 'withdrawal',
    options: ['note'],
    example: "--note 'The brand is being sold.'",
  },
  {
    name: 'permit',
    description: 'Permits the brand of an ended enrollment to enroll once more.',
    action: 'new-enrollment-permission',
    options: [],
    required: ['note'],
    example: "--note 'The sale did not happen.'",
  },
  {
    name: 'restart',
    description: 'Restarts an open enrollment whose workflow was stopped, from its recorded facts.',
    action: 'restart',
    options: [],
    required: ['note'],
    example: "--note 'Terminated by mistake.'",
  },
];

const ID = 'enr_8d53a5e2f3d84a6a9a5c';

export function addEnrollmentCommands(pps: Command): void {
  pps.commandsGroup('Do something to an enrollment:');
  remote(
    pps
      .command('enroll')
      .description('Enrolls a brand, or sends the form of an enrolled one again.')
      .argument('<form>', 'file of the form as JSON (docs/api.md); "-" for standard input'),
    {
      example: 'enroll form.json',
      ask: async (service, [file]) =>
        service.post<Enrollment>('/v1/enrollments', (await readJsonFile(file!)).value),
      describe: describeEnrollment,
    },
  );
  for (const act of ACTS) addAct(pps, act);
  addErase(pps);
}

function addAct(pps: Command, act: Act): void {
  const { name, description, action, argument, options, required = [], example } = act;
  const command = pps
    .command(name)
    .description(description)
    .argument('<enrollment>', "its id, or its brand's domain");
  if (argument) command.argument(`<${argument[0]}>`, argument[1]);
  for (const option of required) {
    command.requiredOption(OPTIONS[option][0], `${meaningOf(option, act)} (needed)`);
  }
  for (const option of options) command.option(OPTIONS[option][0], meaningOf(option, act));
  remote<Enrollment, Record<string, string>>(command, {
    example: `${name} ${ID} ${example}`,
    optionOf: { '/reasonCode': '--reason', '/statementId': '--statement' },
    ask: async (service, [id, value], given) => {
      const named = contentOf(given);
      const body = act.body ? await act.body(value ?? '', named) : named;
      return service.post(`${await enrollmentPath(service, id)}/${action}`, body);
    },
    describe: describeEnrollment,
  });
}

/** For the help: with the values that are taken, where it is one list for the act. */
function meaningOf(option: keyof typeof OPTIONS, { reasons }: Act): string {
  const [, meaning] = OPTIONS[option];
  return option === 'reasonCode' && reasons ? `one of ${REASONS_FOR[reasons].join(', ')}` : meaning;
}

/** The options as the fields of a body; commander names them by their flags. */
function contentOf({ reason, statement, criteria, ...others }: Record<string, string>): Options {
  return {
    ...others,
    ...(reason !== undefined && { reasonCode: reason }),
    ...(statement !== undefined && { statementId: statement }),
    ...(criteria !== undefined && { criteria: criteria.split(',') }),
  };
}
