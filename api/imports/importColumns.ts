/** The columns of a CSV import: the fields of `POST /v1/enrollments` but the program, nested ones with dots. */

export const IMPORT_COLUMNS: Readonly<Record<string, 'required' | 'optional'>> = {
  'brand.name': 'required',
  'brand.storeUrl': 'required',
  'contact.name': 'required',
  'contact.email': 'required',
  surveyPartner: 'required',
  storePlatform: 'required',
  advertiserId: 'required',
  'dataSharing.authorized': 'required',
  'dataSharing.textVersion': 'required',
  externalId: 'optional',
  partnerApiKey: 'optional',
};

/** The body that the cells are; `columns` are names of the table above. */
export function formOfCells(columns: readonly string[], cells: readonly string[]): Record<string, unknown> {
  const form: Record<string, unknown> = {};
  for (const [index, column] of columns.entries()) {
    const cell = cells[index]!;
    if (cell === '') continue;
    const [field = '', member] = column.split('.');
    const value = column === 'dataSharing.authorized' ? yesOrNo(cell) : cell;
    if (member === undefined) form[field] = value;
    else form[field] = { ...(form[field] as object | undefined), [member]: value };
  }
  return form;
}

/** Spreadsheets write TRUE and FALSE. What is neither stays as it is, for the schema to refuse. */
function yesOrNo(cell: string): string | boolean {
  switch (cell.toLowerCase()) {
    case 'true':
      return true;
    case 'false':
      return false;
    default:
      return cell;
  }
}
