/** The commands of the model as requests to the API, and its answers as those of the model. */
import type { ApiAnswer, ApiClient, Enrollment } from '../../dev/apiClient';
import type { AccountName } from './modelProgram';
import type { Enrolled } from './ownProgram';
import type { Answer } from './processModel';
import type { Command, ModelForm, Person } from './stories';
import type { Form, TestService } from './testService';

/** What all stories are played on. */
export interface Stage {
  t: TestService;
  /** Advertiser ids. */
  accounts: Record<AccountName, string>;
  keys: Record<Person, ApiClient>;
}

export interface Request {
  by: ApiClient;
  route: string;
  body: unknown;
}

/** Of a command to the enrollment that has this form now. */
export async function requestOf(
  stage: Stage,
  brand: Enrolled,
  form: ModelForm,
  command: Command,
): Promise<Request> {
  const asked = (route: string, body: unknown) => ({ by: stage.keys[command.by], route, body });
  switch (command.do) {
    case 'confirm':
      return asked('partner-confirmation', wordOf(stage, form, command));
    case 'reject':
      return asked('partner-rejection', {
        ...wordOf(stage, form, command),
        reasonCode: command.reasonCode,
      });
    case 'complete':
      return asked('questionnaire', { answers: stage.t.answers });
    case 'reopen':
      return asked('questionnaire/reopening', {});
    case 'resubmit':
      return asked('resubmission', {
        brand: brand.form.brand,
        ...formOf(stage, { ...form, ...command.change }),
      });
    case 'defer':
      return asked('deferral', { month: command.month });
    case 'hold':
      return asked('hold', { reasonCode: command.reasonCode, note: 'Two shops.' });
    case 'release':
      return asked('release', { note: 'Looked at; nothing is wrong.' });
    case 'waive':
      return asked('waiver', {
        criterion: command.criterion,
        reasonCode: 'SUBSCRIPTION_NOT_CONFIRMED',
        note: 'The survey partner said so on the telephone.',
      });
    case 'withdraw':
      return asked('withdrawal', {});
    case 'decide': {
      const { approval } = await brand.now();
      const statementId = command.statement === 'present' ? approval?.statementId : undefined;
      const { outcome } = command;
      const note = 'Looked at.';
      return asked('approval', { outcome, statementId: statementId ?? 'st_of_another', note });
    }
  }
}

export function formOf({ t, accounts }: Stage, form: ModelForm): Omit<Form, 'brand'> {
  return {
    contact: { name: 'Nora Wind', email: form.contact },
    surveyPartner: form.partner,
    storePlatform: form.platform,
    advertiserId: accounts[form.account],
    dataSharing: { authorized: form.authorized, textVersion: t.definition.dataSharing.textVersion },
  };
}

/** The answer as the model gives it. */
export function inShort({ status, body }: ApiAnswer<Enrollment>): Answer {
  return status === 200 ? { status } : { status, code: body.code ?? '' };
}

function wordOf(
  { accounts }: Stage,
  form: ModelForm,
  { account, criteria }: Extract<Command, { do: 'confirm' | 'reject' }>,
) {
  return { advertiserId: account === 'present' ? accounts[form.account] : '7000000000000000000', criteria };
}
