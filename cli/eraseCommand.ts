/** `pps erase`: the personal data of one enrollment, or of all of a contact. */
import type { Command } from 'commander';
import { describeContactErasure, type ContactErasure } from './description/erasure';
import { describeEnrollment, type Enrollment } from './description/enrollment';
import { enrollmentPath } from './enrollmentPath';
import { wrongUsage } from './failure';
import { remote } from './remoteCommand';
import type { Service } from './service';

interface EraseOptions {
  contact?: string;
  note: string;
}

export function addErase(pps: Command): void {
  const command = pps
    .command('erase')
    .description(
      'Erases the personal data of an ended enrollment, or of all ended ones of a contact, for good; facts and money stay.',
    )
    .argument('[enrollment]', "its id, or its brand's domain")
    .option('--contact <e-mail>', 'of every enrollment of this contact instead')
    .requiredOption('--note <text>', 'why, in words; stays out of Temporal (needed)');
  remote<Enrollment | ContactErasure, EraseOptions>(command, {
    example:
      "erase enr_8d53a5e2f3d84a6a9a5c --note 'Asked for by the contact.'\n" +
      "         pps erase --contact sol@southwind.example --note 'Asked for by the contact.'",
    optionOf: { '/contactEmail': '--contact' },
    ask: (service, [enrollment], options) => askFor(service, enrollment, options),
    describe: (answer) => ('items' in answer ? describeContactErasure(answer) : describeEnrollment(answer)),
  });
}

async function askFor(
  service: Service,
  enrollment: string | undefined,
  { contact, note }: EraseOptions,
): Promise<Enrollment | ContactErasure> {
  if (enrollment !== undefined && contact !== undefined)
    throw wrongUsage('Name an enrollment, or a contact with --contact, not both.');
  if (enrollment === undefined && contact === undefined)
    throw wrongUsage('Name an enrollment, or a contact with --contact.');
  return contact === undefined
    ? service.post<Enrollment>(`${await enrollmentPath(service, enrollment)}/erasure`, { note })
    : service.post<ContactErasure>('/v1/erasures', { contactEmail: contact, note });
}
