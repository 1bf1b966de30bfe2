/** The enrollment form against its program: what the program accepts of it. Needs the public suffixes, as brandKey.ts does. */
import { brandKey } from './brandKey';
import type { ProgramDefinition } from './definition';

/** What of a form a program has a say in. */
export interface Form {
  storeUrl: string;
  storePlatform: string;
  /** Of the text by which data sharing is authorized. */
  dataSharingTextVersion: string;
  surveyPartner: string;
  /** The survey partner's. */
  partnerApiKey?: string | undefined;
}

export interface FormFinding {
  field: keyof Form;
  /** What follows the name of the field: "must be one of ...". */
  message: string;
}

export type JudgedForm =
  | { ok: true; brandKey: string }
  | {
      ok: false;
      /** Null for what is merely to be mended. */
      reasonCode: 'PARTNER_NOT_APPROVED' | null;
      /** Everything that is not accepted, at once. */
      findings: FormFinding[];
    };

export function judgeForm(definition: ProgramDefinition, form: Form): JudgedForm {
  const { storePlatforms, dataSharing, partners, sharedStoreHosts } = definition;
  const findings: FormFinding[] = [];
  const find = (field: keyof Form, message: string) => void findings.push({ field, message });
  const brand = brandKey(form.storeUrl, sharedStoreHosts);
  if (!brand.ok) find('storeUrl', brand.message);
  if (!storePlatforms.includes(form.storePlatform))
    find('storePlatform', `must be one of ${storePlatforms.join(', ')}`);
  if (form.dataSharingTextVersion !== dataSharing.textVersion)
    find('dataSharingTextVersion', `must be the current text version, ${dataSharing.textVersion}`);
  const partner = partners.find(({ id }) => id === form.surveyPartner);
  if (!partner) find('surveyPartner', `must be one of ${partners.map(({ id }) => id).join(', ')}`);
  // Kno and Okendo customers give their key to the partner, Fairing's to us (program page, 3).
  else if (partner.verification === 'attested' && form.partnerApiKey !== undefined)
    find('partnerApiKey', `must be left out: ${partner.name} confirms by itself that it gave its API key`);
  if (brand.ok && findings.length === 0) return { ok: true, brandKey: brand.key };
  const isPartnerAlone = !partner && findings.length === 1;
  return { ok: false, reasonCode: isPartnerAlone ? 'PARTNER_NOT_APPROVED' : null, findings };
}
